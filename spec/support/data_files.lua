--- Data files for specs of the parts that read them.
local assert = require("luassert")
local NULL = require("spec.support.null")
local psd1 = require("idle.engine.psd1")

local data_files = {}

--- Reads a file; null stays in it.
---@param text string
---@return table root
function data_files.parse(text)
  return psd1.parse(text, { null = NULL })
end

--- The value that stands for `v` in a file of its own.
---@param inside string
---@return any
function data_files.read(inside)
  return data_files.parse("@{\n v = " .. inside .. "\n}").v
end

--- What is said of a file that is none.
---@param text string
---@return string message
function data_files.refusal(text)
  local ok, err = pcall(psd1.parse, text, { source = "joiner.psd1" })
  assert.is_false(ok)
  assert.equal("input.workflow", err.kind)
  return err.message
end

--- What is said of a value that is none, in the first line of a file.
---@param inside string
---@return string message
function data_files.refused(inside)
  return data_files.refusal("@{ v = " .. inside .. " }")
end

return data_files
