---@meta idle.clixml

--- CLIXML, PowerShell's own serialisation of objects (MS-PSRP 2.2.5), to Lua values and back.
local clixml = {}

--- Reads the first object of a document.
---
--- | CLIXML | Lua |
--- |---|---|
--- | `S C DT G URI Version XD SBK U64 D` | string without the escapes `_xHHHH_`; half a pair in its three-byte form |
--- | `By SB I16 U16 I32 U32 I64` | integer |
--- | `Db Sg` | float, NaN and infinities included |
--- | `B` | boolean |
--- | `TS` | string `[-][d.]hh:mm:ss[.fffffff]` |
--- | `BA` | `idle.bytes` |
--- | `SS`, a SecureString | `[REDACTED]`: its content is dropped while it is read |
--- | `Nil`, `PR` (a progress record) | null in a list or map, else nil |
--- | `Obj`, the first of these that it has: | |
--- | … `System.Enum` among its types | string: its name |
--- | … a primitive value | that value; properties that were added to it are dropped |
--- | … `LST IE QUE STK` | list |
--- | … `DCT` | map; a key that is no string is written as one |
--- | … `Props`, `MS` | map of both; `MS` wins |
--- | … only `ToString` | string |
--- | `Ref` | the same value again; null if that would make a circle |
---
--- If a name occurs twice, the last one counts. A DOCTYPE, unknown elements and excessive sizes are refused.
---@param xml        string   UTF-8
---@param max_depth? integer  how deep objects may be nested, 1 to 300; default 100
---@return any value
---@return idle.Error? err  kind `remote.protocol`; the message names line, column and element
function clixml.decode(xml, max_depth) end

---@class idle.ClixmlOptions
---@field name?    string   begins the path in messages; default: none
---@field secrets? boolean  write secrets as clear text instead of refusing them; it then stays in Lua's memory until
---it is collected

--- Writes a document that PowerShell's Deserialize turns into a Hashtable, an ArrayList or a single value.
---
--- Strings are `S`, integers `I32` or `I64`, floats `Db`, `idle.bytes` are `BA`. Lists and maps are told apart as
--- everywhere: marked, or with exactly the keys 1 to n. The keys of maps are sorted.
---@param value    any
---@param options? idle.ClixmlOptions
---@return string? xml
---@return idle.Error? err  kind `input.parameter`: a function, a secret, a circle, text that is not UTF-8, a key that
---is no string, more than 100 levels; the message begins with the path, as `Members[2].Name: …`
function clixml.encode(value, options) end

--- Makes the stderr of a PowerShell readable: records of CLIXML as text, warnings and the like with their stream in
--- front, progress dropped; raw lines as they are. Colours are dropped, other control characters and what is no UTF-8
--- escaped. Never fails; a document that is cut at either end gives what is left of it. Of more than 1 MiB the end.
---@param bytes string
---@return string text  lines, without a line end behind the last
function clixml.stderr_text(bytes) end

return clixml
