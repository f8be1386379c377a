---@meta idle.lines

--- How often each line of a file ran, for coverage.
local lines = {}

--- Counts from now on: in all tasks, in the running coroutine, and in those that they make from now on. `debug.sethook`
--- ends it for the coroutine that calls it.
function lines.count() end

---@class idle.LineHits
---@field path  string                   as it was loaded
---@field hits  table<integer, integer>  by line, if there are any
---@field begun table<integer, integer>  of those, the hits of a function that begins on the line

--- What was counted. A file that was loaded several times is there several times.
---@return idle.LineHits[]
function lines.hits() end

return lines
