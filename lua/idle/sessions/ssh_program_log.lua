--- What an ssh(1) that runs says about itself in its log, line by line: how far it came, and what it complains of.
--- Its debug lines are those of OpenSSH 9.2.
local trace = require("idle.sessions.trace")

local ssh_program_log = {}

--- Bytes that ssh may log, since the server can make it say much. Ordinary signs of life reach that in two weeks.
ssh_program_log.MAX_BYTES = 8 * 1024 * 1024

local MAX_COMPLAINTS = 20
local MAX_LINE_BYTES = 400

---@class idle.SshProgramLog
---@field is_connected     boolean  TCP stands, or a ProxyCommand does it
---@field is_proxied       boolean  a ProxyCommand or a jump host is on the way
---@field greeting?        string   first line that came before the banner
---@field has_banner       boolean
---@field key_type?        string   of the host key that was shown
---@field fingerprint?     string
---@field is_key_accepted  boolean  the host's
---@field offered?         string   methods of login
---@field tried            string[]
---@field credential_sent  boolean
---@field is_authenticated boolean
---@field command_sent     boolean
---@field exit_status?     integer  of the remote command, 32 bits
---@field is_signalled     boolean  a signal ended the remote command
---@field is_full          boolean  ssh was ended, because it had more to say than it may
---@field complaints       string[] the last lines that are not debug lines
---@field package file     file*    nil once closed
---@field package size     integer  bytes that were read
---@field package rest     string   a line that is not complete yet
local Log = {}
Log.__index = Log

-- What a debug line says, by its beginning.
local MARKS = {
  { "^Connection established", function(log) log.is_connected = true end },
  { "^Executing proxy command: ", function(log) log.is_connected, log.is_proxied = true, true end },
  { "^kex_exchange_identification: banner line %d+: (.*)", function(log, line)
    log.greeting = log.greeting or line
  end },
  { "^Remote protocol version ", function(log) log.has_banner = true end },
  { "^Server host key: (%S+) (%S+)", function(log, key_type, fingerprint)
    log.key_type, log.fingerprint = key_type, fingerprint
  end },
  { "^SSH2_MSG_NEWKEYS received", function(log) log.is_key_accepted = true end },
  { "^Authentications that can continue: (.*)", function(log, methods) log.offered = log.offered or methods end },
  { "^Offering public key: (.*)", function(log, key) table.insert(log.tried, (key:gsub(" .*", ""))) end },
  { "^Trying private key: (.*)", function(log, key) table.insert(log.tried, key) end },
  { "^Server accepts key: ", function(log) log.credential_sent = true end },
  { "^Next authentication method: (.*)", function(log, method)
    if method == "publickey" then return end
    log.credential_sent = true
    table.insert(log.tried, method)
  end },
  { "^Sending command: ", function(log) log.command_sent = true end },
  { "^client_input_channel_req: channel %d+ rtype exit%-signal", function(log) log.is_signalled = true end },
  { "^Exit status (%d+)", function(log, status) log.exit_status = math.tointeger(tonumber(status)) end },
}

-- Said at the level that shows the above, and no complaint.
local function is_report(line)
  return line == "" or line:find("^Transferred: sent ") or line:find("^Bytes per second: sent ")
    or line:find("^debug%d: ") or line:find("^OpenSSH_")
end

local function note_debug(log, text)
  for _, mark in ipairs(MARKS) do
    local first, second = text:match(mark[1])
    if first then return mark[2](log, first, second) end
  end
end

--- Reads a line, without its line feed.
---@param line string
function Log:note(line)
  line = line:gsub("\r$", "")
  trace.line("ssh: %s", line)
  local debug = line:match("^debug1: (.*)")
  if debug then
    note_debug(self, debug)
  elseif line:find("^Authenticated to ") then
    self.is_authenticated = true
  elseif not is_report(line) then
    table.insert(self.complaints, line:sub(1, MAX_LINE_BYTES))
    if #self.complaints > MAX_COMPLAINTS then table.remove(self.complaints, 1) end
  end
end

--- Reads what is new.
---@return boolean is_new
function Log:update()
  local new = self.file and self.file:read("a") or ""
  if new == "" then return false end
  self.size = self.size + #new
  self.is_full = self.size >= ssh_program_log.MAX_BYTES
  local text = self.rest .. new
  local last = 1
  for line, from in text:gmatch("([^\n]*)\n()") do
    self:note(line)
    last = from
  end
  self.rest = text:sub(last)
  return true
end

function Log:close()
  if self.file then self.file:close() end
  self.file = nil
end

--- Makes a log of a file that somebody else appends to.
---@param file? file*  nil: lines come by `note` alone
---@return idle.SshProgramLog
function ssh_program_log.new(file)
  return setmetatable({
    file = file, rest = "", tried = {}, complaints = {}, is_connected = false, is_proxied = false, has_banner = false,
    is_key_accepted = false, credential_sent = false, is_authenticated = false, command_sent = false,
    is_signalled = false, is_full = false, size = 0,
  }, Log)
end

return ssh_program_log
