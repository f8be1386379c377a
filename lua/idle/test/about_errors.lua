--- `assert.fails_with(f, "sync.access")`: that f raises an error, and which one.
local errors = require("idle.engine.errors")
local is_failure = require("idle.test.is_failure")
local kinds = require("idle.test.kinds")
local matching = require("idle.test.matching")
local place = require("idle.test.place")

local about_errors = {}

local function fields_of(expected)
  return type(expected) == "table" and expected or { kind = expected }
end

local function check_arguments(f, expected)
  if type(f) ~= "function" and not (getmetatable(f) or {}).__call then
    place.raise(("fails_with: the first argument must be a function, got %s"):format(matching.show(f)))
  elseif type(expected) ~= "string" and type(expected) ~= "table" then
    place.raise(("fails_with: the second argument must be a kind or a table of fields, got %s"):format(
      matching.show(expected)))
  end
  local kind = fields_of(expected).kind
  local nearest = type(kind) == "string" and kinds.nearest(kind)
  if nearest then
    place.raise(("fails_with: unknown error kind '%s'; did you mean '%s'?"):format(errors.escape(kind), nearest))
  end
end

local function show_expected(expected)
  return type(expected) == "string" and ("'%s'"):format(errors.escape(expected)) or matching.show(expected)
end

local function describe(err)
  return ("%s (%s, effect %s)"):format(errors.escape(tostring(err)), err.kind, tostring(err.effect))
end

--- Whether a function raises an error of a kind, or with some fields. An assertion that fails in it is none of those.
---@param f        fun()         may wait
---@param expected string|table  a kind, or the fields that count
---@return boolean holds
---@return string  if_not
---@return string  if_so
---@return table?  returned  by the assertion: the error
function about_errors.fails_with(f, expected)
  check_arguments(f, expected)
  local ok, raised = pcall(f)
  if errors.is_ctrl_c(raised) or is_failure(raised) then error(raised, 0) end
  if ok then return false, ("Expected the error %s, but none was raised."):format(show_expected(expected)), "", {} end
  local err = errors.from(raised)
  local found = matching.difference(fields_of(expected), err)
  if not found then return true, "", "Did not expect this error: " .. describe(err), { err } end
  local text = ("Expected the error %s, got another one:\n%s\n%s"):format(show_expected(expected), describe(err), found)
  return false, text, "", { err }
end

return about_errors
