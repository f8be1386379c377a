--- Reads the files that a person hands in: workflows, requests, plans and the setup file.
local data = require("idle.engine.data")
local errors = require("idle.engine.errors")
local fields = require("idle.engine.fields")
local file = require("idle.file")
local json = require("idle.json")
local psd1 = require("idle.engine.psd1")
local suggest = require("idle.engine.suggest")

local workflow_files = {}

--- The setup file that is used if none is named.
workflow_files.DEFAULT_SETUP = "idle-setup.lua"

local SETUP_FIELDS = { "Providers", "EventSink", "ExecutionOptions" }

local function quoted(path) return ("'%s'"):format(errors.escape(path)) end

local function read_text(path, what, kind)
  local text, err = file.read(path)
  if text then return text end
  errors.raise(err.kind == "file.too_large" and kind or "input.file", ("cannot read %s %s: %s"):format(
    what, quoted(path), (err.message:gsub("^cannot open '.-': ", ""))))
end

-- The task that ends a program must end it also here.
local function run_chunk(path, what, kind)
  local chunk, problem = load(read_text(path, what, kind), "@" .. path, "t")
  if not chunk then errors.raise(kind, ("%s: %s"):format(what, errors.escape(problem))) end
  local ok, result = pcall(chunk)
  if ok then return result end
  errors.pass_interruption(result)
  errors.raise(kind, ("%s %s failed"):format(what, quoted(path)), { cause = result })
end

local function read_lua(path, what, kind)
  local result = run_chunk(path, what, kind)
  if type(result) == "table" then return result end
  errors.raise(kind, ("%s %s must return a table, it returned %s"):format(what, quoted(path), data.kind(result)))
end

local function read_psd1(path, what, kind)
  return psd1.parse(read_text(path, what, kind), { source = path, kind = kind, null = json.null, places = true })
end

local function read_json(path, what, kind)
  local document, err = json.decode(read_text(path, what, kind), path)
  if err then errors.raise(kind, err.message) end
  return document
end

local READERS = { psd1 = read_psd1, lua = read_lua, json = read_json }

local function read_by_extension(path, what, kind, allowed)
  local extension = (path:match("%.([^./]*)$") or ""):lower()
  for _, known in ipairs(allowed) do
    if known == extension then return READERS[extension](path, what, kind) end
  end
  errors.raise(kind, ("%s %s: its name must end in .%s%s"):format(what, quoted(path), table.concat(allowed, " or ."),
    suggest.hint(extension, allowed)))
end

---@class idle.WorkflowFile
---@field path    string
---@field root    any               as it was read
---@field places? idle.Psd1Places   where everything stands in a data file

--- Reads a workflow without checking it: .psd1, or .lua that returns a table.
---@param path string
---@return idle.WorkflowFile
function workflow_files.workflow(path)
  local root, places = read_by_extension(path, "workflow", "input.workflow", { "psd1", "lua" })
  return { path = path, root = root, places = places }
end

--- Reads a request without checking it: .json, .psd1, or .lua that returns a table.
---@param path string
---@return table
function workflow_files.request(path)
  return (read_by_extension(path, "request", "input.request", { "json", "psd1", "lua" }))
end

--- Whether a file is an exported plan rather than a workflow.
---@param path string
---@return boolean
function workflow_files.is_plan(path)
  return path:lower():find("%.json$") ~= nil
end

--- Reads an exported plan without checking it.
---@param path string
---@return any
function workflow_files.plan(path)
  return read_json(path, "plan", "input.plan")
end

---@class idle.Setup
---@field Providers?        table
---@field EventSink?        idle.Sink
---@field ExecutionOptions? table

--- Runs a setup file, a Lua file that returns a table.
---@param path? string  default: ./idle-setup.lua, if it is there
---@return idle.Setup
---@return string? path  of the file; nil = there is none
function workflow_files.setup(path)
  if not path then
    if not file.exists(workflow_files.DEFAULT_SETUP) then return {}, nil end
    path = workflow_files.DEFAULT_SETUP
  end
  local setup = read_lua(path, "setup", "input.setup")
  fields.check(setup, SETUP_FIELDS, "setup " .. quoted(path))
  if setup.Providers ~= nil and type(setup.Providers) ~= "table" then
    errors.raise("input.setup", ("setup %s: Providers must be a map by alias, got %s"):format(quoted(path),
      data.kind(setup.Providers)))
  end
  return setup, path
end

return workflow_files
