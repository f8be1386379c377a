---@meta idle.json

--- JSON to Lua values and back: integers are exact, keys are sorted, lists stay lists.
--- Numbers with a fraction or an exponent are floats; all others are 64-bit integers.
local json = {}

--- The null inside lists and maps; the same value as `cjson.null` and `idle.null`.
---@type lightuserdata
json.null = nil

--- Writes a value; `idle.bytes` as base64.
--- What must not be printed, such as marks that reorder text, is written as `\uNNNN`.
--- A table is a list if `idle.list` marked it, or if it has exactly the keys 1 to n.
---@param value    any
---@param options? { indent?: integer }  blanks a level, 0 to 8; default 0: one line without blanks
---@return string? text
---@return idle.Error? err  kind `input.parameter`: a function, a secret, a cycle, NaN, text that is not UTF-8,
---more than 100 levels; the message names the path
function json.encode(value, options) end

--- Reads a document. Lists come marked as by `idle.list`, null as `json.null`. A repeated key is refused.
---@param text    string
---@param source? string  name of the text in messages, such as its file; default "JSON"
---@return any value
---@return idle.Error? err  kind `input.json`: the message has source, line and column
function json.decode(text, source) end

return json
