--- Makes idle.Errors of what ssh(1) complains of: all texts of OpenSSH (9.2) that we know, in one place.
local errors = require("idle.engine.errors")
local program_log = require("idle.sessions.ssh_program_log")

local ssh_program_errors = {}

-- The first row that fits any line decides, so what explains the most stands first.
-- `on_the_way`: only of an ssh that reaches a jump host, whose log we do not have.
---@type { [1]: string, kind: string, phase?: string, on_the_way?: boolean }[]
local TEXTS = {
  { "REVOKED HOST KEY DETECTED", kind = "ssh.hostkey_revoked", phase = "handshake" },
  { "^Host key .* revoked by file ", kind = "ssh.hostkey_revoked", phase = "handshake" },
  { "REMOTE HOST IDENTIFICATION HAS CHANGED", kind = "ssh.hostkey_changed", phase = "handshake" },
  { "host key is known for .* strict checking", kind = "ssh.hostkey_unknown", phase = "handshake" },
  { "^Host key verification failed", kind = "ssh.hostkey_unknown", phase = "handshake" },
  { "Permission denied %(", kind = "ssh.auth", phase = "auth" },
  { "Too many authentication failures", kind = "ssh.auth", phase = "auth" },
  { "Could not resolve hostname", kind = "ssh.resolve", phase = "resolve" },
  { "connect to host .* port %d+: .*timed out", kind = "ssh.timeout", phase = "dial" },
  { "Connection timed out during banner exchange", kind = "ssh.timeout", phase = "handshake" },
  { "connect to host .* port %d+: ", kind = "ssh.connect", phase = "dial" },
  { "Unable to negotiate with ", kind = "ssh.handshake", phase = "handshake" },
  { "Protocol major versions differ", kind = "ssh.handshake", phase = "handshake" },
  { "No SSH version received", kind = "ssh.handshake", phase = "handshake" },
  { "banner line contains invalid characters", kind = "ssh.handshake", phase = "handshake" },
  { "banner exchange: .*: invalid format", kind = "ssh.handshake", phase = "handshake" },
  { "Bad packet length ", kind = "ssh.handshake", phase = "handshake" },
  { "^kex_exchange_identification: .*Connection ", kind = "ssh.busy", phase = "handshake", on_the_way = true },
  { "^remote username contains invalid characters", kind = "input.session" },
  { "^hostname contains invalid characters", kind = "input.session" },
  { "^Invalid %-J argument", kind = "input.session" },
  { "Bad configuration option", kind = "input.session" },
  { "Bad owner or permissions on ", kind = "input.session" },
  { "^command%-line", kind = "input.session" },
  { "^exec request failed on channel", kind = "remote.setup" },
  { "^stdio forwarding failed", kind = "ssh.connect", phase = "dial", on_the_way = true },
  { "^channel %d+: open failed", kind = "ssh.busy" },
}

-- Lines that say what the kind says already, or give advice for people at a terminal.
local SILENT = {
  "^@", "^Host key verification failed", "^IT IS POSSIBLE", "^Someone could be", "^It is also possible",
  "^Please contact", "^  ", "^This could mean", "^impersonate this", "^Warning: Permanently added",
  "^debug%d: ", "^OpenSSH_",
}

-- A program on the way may say more than anybody reads; its last words tell the most.
local MAX_LINES, MAX_LINE_BYTES = 10, 400

local function find(lines, are_on_the_way)
  for _, row in ipairs(TEXTS) do
    for _, line in ipairs(lines) do
      if (are_on_the_way or not row.on_the_way) and line:find(row[1]) then return row end
    end
  end
end

local function words_of(lines)
  local kept = {}
  for _, line in ipairs(lines) do
    local is_silent = false
    for _, pattern in ipairs(SILENT) do is_silent = is_silent or line:find(pattern) ~= nil end
    if not is_silent then kept[#kept + 1] = line end
  end
  return errors.escape(table.concat(kept, "; "))
end

-- Of lines that people are to read, the last ones.
local function last_of(lines)
  local last = {}
  for index = math.max(1, #lines - MAX_LINES + 1), #lines do last[#last + 1] = lines[index]:sub(1, MAX_LINE_BYTES) end
  return last
end

local function lines_of(text)
  local lines = {}
  for line in text:gmatch("[^\r\n]+") do lines[#lines + 1] = line end
  return lines
end

-- An answer that ends before SSH began, as sshd's MaxStartups does it.
local function is_refusal(log)
  if log.has_banner or log.is_proxied or not log.is_connected then return false end
  return not log.greeting or log.greeting == "Exceeded MaxStartups" or log.greeting == "Not allowed at this time"
end

-- No text that we know: how far it came says what kind of end it is.
local function row_by_progress(log)
  if not log.is_connected then return { kind = "ssh.connect", phase = "dial" } end
  if is_refusal(log) then return { kind = "ssh.busy", phase = "handshake" } end
  if not log.has_banner then
    return { kind = log.is_proxied and "ssh.connect" or "ssh.handshake", phase = "handshake" }
  end
  return { kind = "ssh.lost", phase = log.is_key_accepted and "auth" or "handshake" }
end

local function key_text(log)
  return log.fingerprint and ("%s %s"):format(log.key_type, log.fingerprint) or "not shown"
end

local function tried_text(log)
  return log.tried[1] and table.concat(log.tried, ", ") or "nothing, because there is no credential for that"
end

-- How each kind begins; the words of ssh follow.
local BEGINNINGS = {
  ["ssh.hostkey_unknown"] = function(label, log, target)
    local file = target.known_hosts[1]
    local text = "the host key of '%s' is not known: it is %s; compare that with what the server's administrator says, "
      .. "then run%s: ssh-keyscan -p %d '%s' >>'%s'"
    return text:format(label, key_text(log), log.is_proxied and ", from where it is reached" or "", target.port,
      target.host, file)
  end,
  ["ssh.hostkey_changed"] = function(label, log)
    return ("the host key of '%s' has changed: it is %s; somebody may be listening in: ask the server's administrator")
      :format(label, key_text(log))
  end,
  ["ssh.hostkey_revoked"] = function(label, log)
    return ("the host key of '%s', %s, is revoked; the server needs a new one"):format(label, key_text(log))
  end,
  ["ssh.auth"] = function(label, log, target)
    return ("'%s' refused the login of '%s'; it offers %s; tried: %s; ssh asks nobody for a passphrase or password")
      :format(label, target.user, log.offered or "nothing", tried_text(log))
  end,
  ["ssh.busy"] = function(label, log)
    return ("'%s' closed the connection before SSH began%s: it has too many logins under way (MaxStartups), or blocks "
      .. "this address for a while; try again later"):format(
      label, log.greeting and (", saying '%s'"):format(log.greeting) or "")
  end,
  ["ssh.resolve"] = function(label) return ("cannot find an address of '%s'"):format(label) end,
  ["ssh.connect"] = function(label) return ("cannot reach '%s'"):format(label) end,
  ["ssh.timeout"] = function(label) return ("'%s' did not answer in time"):format(label) end,
  ["ssh.handshake"] = function(label) return ("no SSH connection to '%s'"):format(label) end,
  ["ssh.lost"] = function(label) return ("the connection to '%s' was lost"):format(label) end,
  ["input.session"] = function(label) return ("ssh can't be used for '%s'"):format(label) end,
  ["remote.setup"] = function(label) return ("'%s' lets this account run no commands"):format(label) end,
}

-- The same of a server on the way: which one, only the words of ssh say.
local ON_THE_WAY = {
  ["ssh.hostkey_unknown"] = "the host key of a server on the way to '%s' is not known",
  ["ssh.hostkey_changed"] = "the host key of a server on the way to '%s' has changed; somebody may be listening in: "
    .. "ask its administrator",
  ["ssh.hostkey_revoked"] = "the host key of a server on the way to '%s' is revoked",
  ["ssh.auth"] = "a server on the way to '%s' refused the login; ssh asks nobody for a passphrase or password",
  ["ssh.busy"] = "a server on the way to '%s' closed the connection before SSH began: it has too many logins under way "
    .. "(MaxStartups), or blocks this address for a while; try again later",
  ["ssh.timeout"] = "a server on the way to '%s' did not answer in time",
  ["ssh.handshake"] = "no SSH connection to a server on the way to '%s'",
}

local function beginning_of(kind, is_on_the_way, target, log)
  local label = errors.escape(target.label)
  if is_on_the_way and ON_THE_WAY[kind] then return ON_THE_WAY[kind]:format(label) end
  return BEGINNINGS[kind](label, log, target)
end

-- The server, or somebody on the way, sends what is of no use.
local function flood_text(target)
  return ("'%s' makes ssh log more than the %d MiB that it may"):format(errors.escape(target.label),
    program_log.MAX_BYTES // (1024 * 1024))
end

--- Why ssh ended before the command was sent. Nothing was changed.
---@param target idle.SshTarget
---@param log    idle.SshProgramLog
---@param stderr string  what did not go to the log: programs on the way, or a configuration that can't be read
---@return idle.Error  with the fields `phase` and `credential_sent`
function ssh_program_errors.of_start(target, log, stderr)
  if log.is_full then
    return errors.new("ssh.handshake", flood_text(target), {
      effect = "none", transient = true, phase = log.is_key_accepted and "auth" or "handshake",
      credential_sent = log.credential_sent,
    })
  end
  local others = log.is_authenticated and {} or lines_of(stderr)
  -- Of a jump host that fails, the log only says that the connection was closed.
  local on_the_way = find(others, true)
  local row = on_the_way or find(log.complaints) or row_by_progress(log)
  local all = last_of(others)
  local words = words_of(table.move(log.complaints, 1, #log.complaints, #all + 1, all))
  local message = beginning_of(row.kind, on_the_way ~= nil and log.is_proxied, target, log)
  if words ~= "" then message = ("%s: ssh says '%s'"):format(message, words) end
  local is_passing = row.kind == "ssh.timeout" or row.kind == "ssh.lost"
  return errors.new(row.kind, message, {
    effect = "none", transient = is_passing or errors.kinds[row.kind].transient,
    phase = row.phase, credential_sent = log.credential_sent,
  })
end

-- Of a connection that stood, ssh tells the end on stderr, behind what the remote command wrote there.
local LAST_WORDS = {
  "^Connection to .* closed by remote host", "^Timeout, server .* not responding", "^Read from remote host ",
  "^Write failed: ", "^Connection to .* closed%.$",
}

local function last_words(stderr)
  local lines = lines_of(stderr)
  for index = #lines, math.max(1, #lines - 3), -1 do
    for _, pattern in ipairs(LAST_WORDS) do
      if lines[index]:find(pattern) then return { lines[index] } end
    end
  end
  return {}
end

--- The end of a connection that stood, as the C module's pipes say it.
---@param target idle.SshTarget
---@param log    idle.SshProgramLog
---@param stderr string
---@return { kind: string, message: string }
function ssh_program_errors.lost(target, log, stderr)
  if log.is_full then return { kind = "ssh.lost", message = flood_text(target) } end
  local all = last_words(stderr)
  local words = words_of(table.move(log.complaints, 1, #log.complaints, #all + 1, all))
  return { kind = "ssh.lost", message = ("the connection to '%s' was lost: %s"):format(errors.escape(target.label),
    words == "" and "ssh ended and did not say why" or ("ssh says '%s'"):format(words)) }
end

return ssh_program_errors
