--- stderr as people see it: lines that stay, and on a terminal one live line below them.
local errors = require("idle.engine.errors")

local terminal = {}

---@class idle.HostOptions  what require("idle.host.options") gives: src/cli/main.c puts it there
---@field events?  string   file of --events
---@field trace    boolean  --trace
---@field json     boolean  --json
---@field timeout? number   seconds of --timeout
---@field progress boolean  stderr is a terminal, and nobody wants it for himself

---@class idle.Terminal
---@field package stream    file*
---@field package is_live   boolean  the live line may be redrawn
---@field package is_colour boolean
---@field package drawn?    string   the live line as it stands there now
local Terminal = {}
Terminal.__index = Terminal

local COLOURS = { red = "31", green = "32", yellow = "33", dim = "2" }
local CLEAR_LINE = "\r\27[K"

-- A live line must not wrap, or the next redraw would leave its first part behind.
local MAX_CELLS = 78

local function cut(text)
  if (utf8.len(text) or #text) <= MAX_CELLS then return text end
  local last = utf8.offset(text, MAX_CELLS) or MAX_CELLS
  return text:sub(1, last - 1) .. "…"
end

--- Colours a text, where colours are wanted.
---@param colour "red"|"green"|"yellow"|"dim"
---@param text   string
---@return string
function Terminal:paint(colour, text)
  if not self.is_colour then return text end
  return ("\27[%sm%s\27[0m"):format(COLOURS[colour], text)
end

--- Writes a line that stays. Its text is ours: escape what is not before.
---@param text string
function Terminal:say(text)
  local live = self.drawn
  self:clear()
  self.stream:write(text, "\n")
  if live then self:show(live) end
end

--- Shows a text below all lines, in place of the one shown before.
---@param text string  foreign text is escaped here
function Terminal:show(text)
  if not self.is_live then return end
  local line = cut(errors.escape(text))
  self.stream:write(CLEAR_LINE, self:paint("dim", line))
  self.stream:flush()
  self.drawn = line
end

--- Takes the live line away.
function Terminal:clear()
  if self.drawn then self.stream:write(CLEAR_LINE) end
  self.drawn = nil
end

--- Makes a terminal of a stream.
---@param options { stream: file*, is_live: boolean, is_colour: boolean }
---@return idle.Terminal
function terminal.new(options)
  return setmetatable({ stream = options.stream, is_live = options.is_live, is_colour = options.is_colour }, Terminal)
end

local shared

--- The terminal of this process: stderr.
---@return idle.Terminal
function terminal.stderr()
  if not shared then
    local options = require("idle.host.options") ---@type idle.HostOptions
    local is_live = options.progress == true
    local no_colour = os.getenv("NO_COLOR")
    local is_colour = is_live and (no_colour == nil or no_colour == "") and os.getenv("TERM") ~= "dumb"
    shared = terminal.new({ stream = io.stderr, is_live = is_live, is_colour = is_colour })
  end
  return shared
end

--- Warns people of something that does not stop the work.
---@param text string  foreign parts are escaped here
function terminal.warn(text)
  local stderr = terminal.stderr()
  stderr:say("idle-lua: " .. stderr:paint("yellow", "warning") .. ": " .. errors.escape(text))
end

--- Lets sessions log what they do, if `--trace` asks for it.
function terminal.trace_sessions()
  if not require("idle.host.options").trace then return end
  require("idle.sessions.trace").to(function(line) terminal.stderr():say("trace: " .. errors.escape(line)) end)
end

return terminal
