--- Assertions that fail where this program catches what a script raises: in a step, in a function of a fake, in a sink.
--- There they become an error of ours, or nobody's; to the spec they are failures all the same.
local errors = require("idle.engine.errors")
local place = require("idle.test.place")

local caught_assertions = {}

local PROTECTED = { [pcall] = true, [xpcall] = true }

-- Of the running spec.
local texts = {}

-- What the harness catches it judges itself.
local function is_ours(info) return info.source:find("^=idle%.") ~= nil and not info.source:find("^=idle%.test%.") end

-- Whether the innermost protected call is one of ours.
local function is_caught_here()
  local level, is_within = 3, false
  local info = debug.getinfo(level, "Sf")
  while info do
    if is_within and info.what ~= "C" then return is_ours(info) end
    is_within = is_within or PROTECTED[info.func] == true
    level = level + 1
    info = debug.getinfo(level, "Sf")
  end
  return false
end

local function note(message)
  if not is_caught_here() then return end
  local where = place.of_caller()
  texts[#texts + 1] = where and ("%s: %s"):format(where, tostring(message)) or tostring(message)
end

--- Notes from now on what the assertions of luassert raise; all of them share one function. A mere `assert(v)` is an
--- error like any other.
---@param core table  busted's
function caught_assertions.install(core)
  core.bindfenv(require("luassert").is_true, "error", function(message, level)
    note(message)
    return core.fail(message, level) -- a tail call: the levels stay the same
  end)
end

--- Begins a spec.
function caught_assertions.begin() texts = {} end

--- The assertion behind an error, as busted knows failures; any other error as it is.
---@param core   table
---@param raised any
---@return any
function caught_assertions.unwrap(core, raised)
  if not errors.is(raised) then return raised end
  local message = tostring(raised)
  for _, text in ipairs(texts) do
    if message:find(errors.escape(text), 1, true) then
      local _, failure = pcall(core.fail, text, 0)
      return failure
    end
  end
  return raised
end

--- What has failed in a spec that takes itself for a success.
---@return string? text
function caught_assertions.text()
  return texts[1] and texts[1] .. "\n(it was caught on its way to the spec, which went on)"
end

return caught_assertions
