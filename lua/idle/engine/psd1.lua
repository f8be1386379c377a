--- Reads PowerShell data files (`.psd1`) without running anything in them: maps,
--- lists, texts, numbers, $true, $false and $null (contracts §0.2).
local errors = require("idle.engine.errors")
local parser = require("idle.engine.psd1_parser")
local place = require("idle.engine.place")

local psd1 = {}

--- A file that is larger is no workflow.
psd1.MAX_BYTES = 64 * 1024 * 1024

---@class idle.Psd1Options
---@field source?     string   name of the file in messages; default "the data file"
---@field null?       any      stands for $null; nil = such entries are left out
---@field kind?       string   of the errors; default "input.workflow"
---@field places?     boolean  true = remember where everything stands

---@class idle.Psd1Places  where the entries of a file stand
---@field private text    string
---@field private lines?  idle.Lines
---@field private entries table<table, table<any, integer>>
local Places = {}
Places.__index = Places

--- Where an entry stands: a map's entry by its key as spelled, a list's by its index.
---@param container table
---@param key       any
---@return integer? line    nil = it is not of this file
---@return integer? column
function Places:of(container, key)
  local pos = self.entries[container] and self.entries[container][key]
  if not pos then return nil end
  self.lines = self.lines or place.lines(self.text)
  return self.lines:of(pos)
end

local function raiser(text, options)
  local source = options.source or "the data file"
  return function(pos, message)
    local line, column = place.of(text, pos)
    errors.raise(options.kind or "input.workflow", ("%s:%d:%d: %s"):format(source, line, column, message),
      { data = { Source = source, Line = line, Column = column } })
  end
end

local function check_encoding(text, report)
  if text:find("^\xFF\xFE") or text:find("^\xFE\xFF") then report(1, "the file is UTF-16; save it as UTF-8") end
  local _, bad = utf8.len(text)
  if bad then
    report(bad, ("the byte 0x%02X is not UTF-8; save the file as UTF-8"):format(text:byte(bad)))
  end
end

--- Reads a data file. Raises for anything that is not data, with line and column.
---@param text     string
---@param options? idle.Psd1Options
---@return table             root    maps by the original spelling of their keys; lists are marked
---@return idle.Psd1Places?  places  if they were asked for
function psd1.parse(text, options)
  options = options or {}
  local bom = text:match("^\xEF\xBB\xBF")
  if bom then text = text:sub(4) end
  local report = raiser(text, options)
  if #text > psd1.MAX_BYTES then
    report(1, ("the file has %d bytes; at most %d can be read"):format(#text, psd1.MAX_BYTES))
  end
  check_encoding(text, report)
  local entries = options.places and {} or nil
  local root = parser.parse({ text = text, null = options.null, report = report, places = entries })
  return root, entries and setmetatable({ text = text, entries = entries }, Places)
end

return psd1
