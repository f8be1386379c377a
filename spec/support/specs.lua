--- Runs specs that a spec writes, with `idle-lua test` in a folder of its own.
local child = require("spec.support.child")
local file = require("idle.file")
local json = require("idle.json")

local specs = {}

---@class spec.SpecsRun
---@field outcome   spec.Outcome
---@field files     table<string, string>
---@field made      table<string, string>  files that the run has written, of those asked for
---@field document? table                  what busted said, if it was asked for JSON

--- Runs idle-lua in a folder.
---@param files     table<string, string>  names and contents
---@param arguments string[]               `{ "test", … }`; `made` = names of files to be read afterwards
---@param program?  string                 default: the program under test
---@return spec.SpecsRun
function specs.run(files, arguments, program)
  local folder = child.folder(files)
  local outcome = child.run({ program = program, cwd = folder, env = arguments.env, table.unpack(arguments) })
  local made = {}
  for _, name in ipairs(arguments.made or {}) do made[name] = file.read(folder .. "/" .. name) end
  made.folder = file.real_path(folder)
  file.remove_all(folder)
  return { outcome = outcome, files = files, made = made }
end

-- busted's own words, by the name of the spec or block.
local function by_name(lists)
  local messages = {}
  for _, list in ipairs(lists) do
    for _, entry in ipairs(list) do messages[entry.name] = entry.message or true end
  end
  return messages
end

--- Runs one file of specs, and gives the messages by the names of specs and blocks; true: it has passed.
---@param text string
---@param ...  string  more arguments
---@return table<string, string|true>
---@return spec.SpecsRun
function specs.messages(text, ...)
  local run = specs.run({ ["a_spec.lua"] = text }, { "test", "a_spec.lua", "--json", ... })
  local document, err = json.decode(run.outcome.stdout)
  if not document then error(err.message .. "\n" .. run.outcome.stdout .. run.outcome.stderr, 2) end
  run.document = document
  return by_name({ document.successes, document.failures, document.errors }), run
end

--- The place of a line that ends in `-- name`.
---@param text string
---@param name string
---@return string  "a_spec.lua:12"
function specs.place(text, name)
  local line = 0
  for content in text:gmatch("([^\n]*)\n") do
    line = line + 1
    if content:match("%-%- (%w+)$") == name then return "a_spec.lua:" .. line end
  end
  error("no line is called " .. name, 2)
end

return specs
