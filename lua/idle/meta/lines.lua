---@meta idle.lines

--- How often each line of a file ran, for coverage.
local lines = {}

--- Counts from now on: in all tasks, in the running coroutine, and in those that they make from now on. `debug.sethook`
--- ends it for the coroutine that calls it.
function lines.count() end

--- What was counted. A file that was loaded several times is there several times.
---@return { path: string, hits: table<integer, integer> }[]  path: as it was loaded; hits: by line, if there are any
function lines.hits() end

return lines
