--- The way from the root of a value to the place under examination, kept while
--- a value is walked: it names places in messages and stops endless walks.
local data = require("idle.engine.data")
local errors = require("idle.engine.errors")

local trail = {}

local function key_text(key)
  if math.type(key) == "integer" then return ("[%d]"):format(key - 1) end
  return "." .. data.shown(tostring(key))
end

--- Names a place: `Workflow.Steps[0].With.Action`. Indexes count from 0, as the
--- users of IdLE do.
---@param root   string   empty: the first key begins the text
---@param keys   any[]    an integer is an index from 1
---@param depth? integer  number of keys; default: all
---@return string
function trail.text(root, keys, depth)
  local parts = {}
  for index = 1, depth or #keys do parts[index] = key_text(keys[index]) end
  local text = table.concat(parts)
  return root == "" and text:gsub("^%.", "") or root .. text
end

--- Raises an error about a place; its `data` has the place as Path and Keys.
---@param kind    string
---@param root    string
---@param keys    any[]
---@param depth   integer
---@param message string
function trail.raise(kind, root, keys, depth, message)
  local path = trail.text(root, keys, depth)
  errors.raise(kind, ("%s: %s"):format(path, message), {
    data = { Path = path, Keys = table.move(keys, 1, depth, 1, {}), Message = message },
  })
end

trail.CYCLE = "the value contains itself, so it has no end"
trail.TOO_DEEP = ("nested deeper than %d levels"):format(data.MAX_DEPTH)

---@class idle.Trail
---@field root  string
---@field kind  string   of the errors
---@field keys  any[]    from the root to here
---@field depth integer  number of keys
local Trail = {}
Trail.__index = Trail

--- Begins at the root of a value.
---@param root string  the word that stands for the whole value
---@param kind string  of the errors
---@return idle.Trail
function trail.new(root, kind)
  return setmetatable({ root = root, kind = kind, keys = {}, depth = 0 }, Trail)
end

--- The place under examination.
---@return string
function Trail:text()
  return trail.text(self.root, self.keys, self.depth)
end

--- Raises an error about the place.
---@param format string
function Trail:fail(format, ...)
  trail.raise(self.kind, self.root, self.keys, self.depth, format:format(...))
end

--- Goes one key further.
---@param key any
function Trail:push(key)
  if self.depth >= data.MAX_DEPTH then self:fail("%s", trail.TOO_DEEP) end
  self.depth = self.depth + 1
  self.keys[self.depth] = key
end

--- Goes back one key.
function Trail:pop()
  self.depth = self.depth - 1
end

return trail
