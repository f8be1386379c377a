--- Templates: `{{Request.Intent.Department}}` in the texts of a workflow, filled when
--- planning (contracts §4). A value that comes in is never read as a template (W-12).
local copy = require("idle.engine.copy")
local data = require("idle.engine.data")
local errors = require("idle.engine.errors")
local path = require("idle.engine.path")
local suggest = require("idle.engine.suggest")
local trail = require("idle.engine.trail")
local value = require("idle.engine.value")

local template = {}

--- What templates may read.
template.ROOTS = { "Request.Intent", "Request.Context", "Request.IdentityKeys", "Request.LifecycleEvent",
  "Request.CorrelationId", "Request.Actor" }

-- Whether more segments may follow a root, by the root in lower case.
local ALLOWED = {
  ["request.intent"] = true, ["request.context"] = true, ["request.identitykeys"] = true,
  ["request.lifecycleevent"] = false, ["request.correlationid"] = false, ["request.actor"] = false,
}

local RENAMED = {
  ["request.input"] = "; 'Request.Input' is called 'Request.Intent' since IdLE 0.9.6",
  ["request.desiredstate"] = "; 'Request.DesiredState' is called 'Request.Intent' since IdLE 0.9.6",
  ["request.identity"] = "; write 'Request.IdentityKeys', or 'Request.Context.Views.Identity'",
}

local PATH_OPTIONS = { index = true }

---@class idle.TemplateScope
---@field request table
---@field step    string  name of the step, for errors
---@field place   string  where the text stands, for errors
---@field text    string  the whole text

local function fail(scope, format, ...)
  errors.raise("input.workflow", ("step %s, %s: template %s: %s"):format(data.quote(scope.step), scope.place,
    data.quote(scope.text), format:format(...)))
end

local function is_path(text)
  return text:find("^%a[%w_]*%.?[%w_.]*$") ~= nil and path.split(text) ~= nil
end

local function root_of(text)
  return (text:match("^[^.]*%.?[^.]*"):lower())
end

-- A backslash before a complete placeholder is an ordinary character:
-- `DOMAIN\{{Request.IdentityKeys.sAMAccountName}}`.
local function begins_placeholder(text, pos)
  local inside = text:match("^{{([%w_.]+)}}", pos)
  if not inside or not is_path(inside) then return false end
  local takes_more = ALLOWED[root_of(inside)]
  return takes_more == true or (takes_more == false and inside:lower() == root_of(inside))
end

-- The text cut at every escaped `\{{`, which stands for `{{` itself.
local function cut_at_escapes(text)
  local pieces, from, pos = {}, 1, 1
  while true do
    local at = text:find("\\{{", pos, true)
    if not at then break end
    pos = at + 1
    if not begins_placeholder(text, pos) then
      pieces[#pieces + 1] = text:sub(from, at - 1)
      from = at + 3
      pos = from
    end
  end
  pieces[#pieces + 1] = text:sub(from)
  return pieces
end

-- Finds the next placeholder: its first and last position, and what is inside.
local function find_placeholder(piece, pos)
  while true do
    local opening = piece:find("{{", pos, true)
    local closing = opening and piece:find("}", opening + 2, true)
    if not closing then return nil end
    if closing > opening + 2 and piece:byte(closing + 1) == 0x7D then
      return opening, closing + 1, piece:sub(opening + 2, closing - 1)
    end
    pos = closing + 1
  end
end

local function count(piece, braces)
  local _, found = piece:gsub(braces, "")
  return found
end

local function count_placeholders(piece)
  local found, _, last = 0, find_placeholder(piece, 1)
  while last do
    found = found + 1
    _, last = find_placeholder(piece, last + 1)
  end
  return found
end

local function check_balance(pieces, scope)
  local opened, closed, complete = 0, 0, 0
  for _, piece in ipairs(pieces) do
    opened, closed = opened + count(piece, "{{"), closed + count(piece, "}}")
    complete = complete + count_placeholders(piece)
  end
  if opened == complete and closed == complete then return end
  fail(scope, "Unbalanced braces: %d '{{' and %d '}}', but %d complete '{{ … }}'; '\\{{' stands for '{{' itself",
    opened, closed, complete)
end

local function check_path(text, scope)
  if not is_path(text) then
    fail(scope, "Invalid path pattern %s; a path is names of letters, digits and '_' joined by dots", data.quote(text))
  end
  local root = root_of(text)
  if ALLOWED[root] ~= nil then return end
  fail(scope, "the path %s is not allowed; a template reads %s%s", data.quote(text), table.concat(template.ROOTS, ", "),
    RENAMED[root] or suggest.hint(text:match("^[^.]*%.?[^.]*"), template.ROOTS))
end

local function explain_missing(roots, segments)
  local text = path.explain(roots, segments, PATH_OPTIONS)
  return text == "" and "" or "; " .. text
end

local function refuse_secret(v, text, scope)
  if not (value.is_secret(v) or data.is_code(v)) then return end
  fail(scope, "security: the path %s leads to %s, which must not pass through a template; %s", data.quote(text),
    data.kind(v), value.is_secret(v) and "let the AuthSessionBroker supply credentials"
    or "ScriptBlocks are not allowed")
end

local function resolve(text, scope)
  text = data.trim(text)
  check_path(text, scope)
  local roots, segments = { Request = scope.request }, path.split(text)
  local resolved = path.resolve(roots, segments, PATH_OPTIONS)
  if resolved == nil then
    fail(scope, "the path %s resolved to null or does not exist%s", data.quote(text), explain_missing(roots, segments))
  end
  refuse_secret(resolved, text, scope)
  if type(resolved) == "table" then
    fail(scope, "the path %s leads to %s, a non-scalar value; a template takes one text, number or boolean%s",
      data.quote(text), data.kind(resolved), data.is_list(resolved) and "; a number picks an element: '.0'" or "")
  end
  return resolved
end

-- A placeholder alone keeps the kind of its value.
local function fill_pure(inside, scope)
  local resolved = resolve(inside, scope)
  if type(resolved) == "userdata" then
    fail(scope, "the path %s leads to an object, a non-scalar value", data.quote(inside))
  end
  return resolved
end

local function fill_piece(piece, scope, parts)
  local pos = 1
  while true do
    local first, last, inside = find_placeholder(piece, pos)
    if not first then break end
    parts[#parts + 1] = piece:sub(pos, first - 1)
    parts[#parts + 1] = data.text(resolve(inside, scope))
    pos = last + 1
  end
  parts[#parts + 1] = piece:sub(pos)
end

local function fill(text, scope)
  local pure = text:match("^%s*{{([^}]+)}}%s*$")
  if pure then return fill_pure(pure, scope) end
  local pieces, parts = cut_at_escapes(text), {}
  check_balance(pieces, scope)
  for index, piece in ipairs(pieces) do
    if index > 1 then parts[#parts + 1] = "{{" end
    fill_piece(piece, scope, parts)
  end
  return table.concat(parts)
end

local function has_braces(text)
  return text:find("{{", 1, true) or text:find("}}", 1, true)
end

---@class idle.TemplateWhere
---@field step  string   name of the step; a resolver's is `ContextResolvers[i]`
---@field root? string   where the value stands; default "With"

--- Copies a value with all templates in its texts filled; keys of maps stay as they are. A text that is one placeholder
--- alone becomes the value it stands for. Raises `input.workflow`, naming the step and the path.
---@param v       any
---@param request table
---@param where   idle.TemplateWhere
---@return any copy
function template.expand(v, request, where)
  local root = where.root or "With"
  local function map_text(text, keys, depth)
    if not has_braces(text) then return text end
    local scope = { request = request, step = where.step, place = trail.text(root, keys, depth), text = text }
    return fill(text, scope)
  end
  local ok, copied = pcall(copy.deep, v, root, { map_text = map_text })
  if ok then return copied end
  -- Of several mistakes the first one in order is raised, so that the same input gives the same error.
  return copy.deep(v, root, { map_text = map_text, in_order = true })
end

return template
