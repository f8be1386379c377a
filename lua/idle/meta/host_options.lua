---@meta idle.host.options

--- What the command line says, as far as idle's own modules want to know it. The program fills it in.
local options = {}

---@type string?  file for events (`--events`); "-" is stdout
options.events = nil

---@type boolean  `--trace`
options.trace = false

---@type boolean  `--json`
options.json = false

---@type boolean  stderr is a terminal: people watch
options.progress = false

---@type number?  seconds (`--timeout`)
options.timeout = nil

return options
