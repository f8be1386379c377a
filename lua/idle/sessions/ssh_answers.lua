--- What `ssh -G` answers. It is asked once for each host, or once for all of them where the configuration names none:
--- starting ssh takes longer than the login.
local errors = require("idle.engine.errors")
local file = require("idle.file")
local lock = require("idle.sessions.lock")
local openssh = require("idle.sessions.openssh")

local ssh_answers = {}

---@alias idle.SshWords table<string, string[]>  values by word, in lower case; empty: ssh does not serve this user

---@class idle.SshAnswer
---@field queue  idle.Lock
---@field words? idle.SshWords  nil: it was not asked yet

-- Per process: a configuration that changes meanwhile must not make two of one host.
---@type table<string, idle.SshAnswer>
local answers = {}

-- By arguments alone: one with words counts for all hosts, one without for none.
---@type table<string, { queue: idle.Lock, is_known: boolean, words?: idle.SshWords }>
local commons = {}

-- Without what `-v` adds.
local function complaints(stderr)
  local lines = {}
  for line in stderr:gmatch("[^\r\n]+") do
    if not line:find("^debug%d: ") and not line:find("^OpenSSH_") then lines[#lines + 1] = line end
  end
  return lines
end

-- `path: line 3: Bad configuration option: foo`, and a last line that only counts them.
local function raise_refusal(host, lines)
  if lines[#lines] and lines[#lines]:find("terminating, %d+ bad configuration option") then lines[#lines] = nil end
  errors.raise("input.session", ("the SSH configuration for '%s' can't be used: %s"):format(
    errors.escape(host), errors.escape(table.concat(lines, "; "))))
end

local function parse(output)
  local words = {}
  for word, v in output:gmatch("(%S+) ([^\n]*)\n") do
    words[word] = words[word] or {}
    table.insert(words[word], v)
  end
  return words
end

-- In a container, say: ssh wants to know where the user is at home, and does not work without.
local function is_nobody(lines) return lines[1] ~= nil and lines[1]:find("^No user exists for uid %d+") ~= nil end

local function run(arguments, host)
  local command = table.move(arguments, 1, #arguments, 1, {})
  command[#command + 1], command[#command + 2] = "--", host
  local output, stderr = openssh.ask(command)
  local lines = complaints(stderr)
  if not output and not is_nobody(lines) then raise_refusal(host, lines) end
  return output and parse(output) or {}, stderr
end

local function answer_of(arguments, host)
  local key = table.concat(arguments, "\0") .. "\0" .. host
  answers[key] = answers[key] or { queue = lock.new() }
  return answers[key]
end

--- Asks about one host; who comes meanwhile waits for the answer. Waits.
---@param arguments string[]  the host not among them
---@param host      string
---@return idle.SshWords
function ssh_answers.ask(arguments, host)
  local answer = answer_of(arguments, host)
  local place <close> = answer.queue:enter()
  place:wait()
  answer.words = answer.words or run(arguments, host)
  return answer.words
end

-- Whether a line may count for some hosts only. A name is written as a value, or a hash of it is, which does not show
-- it; what that often stands in, ControlPath, is of no matter to us. Words may stand in quotes, and files that are
-- included may be named by tokens: what is rare is not understood here, and so each host is asked about.
local function may_name_host(line)
  local word, rest = line:match("^%s*(%w+)[%s=]*(.-)%s*$")
  if not word then return not line:find("^%s*#") and not line:find("^%s*$") end
  word = word:lower()
  if word == "match" or word == "hostname" then return true end
  if word == "host" then return rest ~= "*" end
  if word == "include" then return rest:find("%", 1, true) ~= nil end
  return word ~= "controlpath" and rest:find("%C", 1, true) ~= nil
end

local function names_no_host(text)
  for line in text:gmatch("[^\n]+") do
    if may_name_host(line) then return false end
  end
  return true
end

-- By `-v`, ssh says which files it reads, the included ones as well.
local function is_read_alike(stderr)
  for path in stderr:gmatch("debug1: Reading configuration data ([^\r\n]+)") do
    local text = file.read(path)
    if not text or not names_no_host(text) then return false end
  end
  return true
end

-- Whether a value names the host, as by a token, or as the jump host, which ssh does not reach over itself.
local function is_mentioned(words, host)
  for word, list in pairs(words) do
    local is_own = word == "hostname" or word == "host"
    if not is_own and table.concat(list, "\n"):lower():find(host:lower(), 1, true) then return true end
  end
  return false
end

local function keeps_name(words, host)
  local name, canonicalizes = words.hostname, words.canonicalizehostname
  return name ~= nil and name[1] == host:lower() and canonicalizes ~= nil and canonicalizes[1] == "false"
end

-- An empty answer is as good for all.
local function counts_for_all(words, stderr, host)
  if next(words) == nil then return true end
  return is_read_alike(stderr) and keeps_name(words, host) and not is_mentioned(words, host)
end

local function words_for(common, host)
  if next(common) == nil then return common end
  if is_mentioned(common, host) then return nil end
  local words = {}
  for word, list in pairs(common) do words[word] = list end
  words.hostname = { host:lower() }
  return words
end

local function first_of_all(common, arguments, host)
  local asked = table.move(arguments, 1, #arguments, 2, { "-v" })
  local words, stderr = run(asked, host)
  if counts_for_all(words, stderr, host) then common.words = words end
  common.is_known = true
  answer_of(arguments, host).words = words
  return words
end

local function find_common(common, arguments, host)
  local place <close> = common.queue:enter()
  place:wait()
  if not common.is_known then return first_of_all(common, arguments, host) end
  return common.words and words_for(common.words, host)
end

--- Asks about one host, unless what was said of another one counts for it, too. Waits.
---@param arguments string[]
---@param host      string
---@return idle.SshWords
function ssh_answers.ask_once(arguments, host)
  local key = table.concat(arguments, "\0")
  local common = commons[key] or { queue = lock.new(), is_known = false }
  commons[key] = common
  return find_common(common, arguments, host) or ssh_answers.ask(arguments, host)
end

return ssh_answers
