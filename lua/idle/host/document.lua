--- The one JSON document that a command prints on stdout for `--json`.
local errors = require("idle.engine.errors")
local json = require("idle.json")
local redact = require("idle.engine.redact")

local document = {}

local is_printed = false

--- Prints it, redacted.
---@param v any
function document.print(v)
  local text = errors.check(json.encode(redact.copy(v), { indent = 2 }))
  is_printed = true
  io.stdout:write(text, "\n")
end

--- Refuses options that would have two kinds of output on stdout.
---@param options table  of a command, by name
function document.check_stdout(options)
  if options.json and options.events == "-" then
    errors.raise("input.option", "--json and --events - both write to stdout; give the events a file")
  end
end

--- Whether it was printed: a second one would spoil it.
---@return boolean
function document.is_printed() return is_printed end

return document
