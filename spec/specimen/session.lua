--- One session of a script, for many commands and for every value.
local busted = require("busted")
local json = require("idle.json")

local assert, it = require("luassert"), busted.it

local VALUES = [[
local json, value, values = require("idle.json"), require("idle.engine.value"), require("spec.support.values")
local function back(v) return (session:InvokeCommand("Write-Output", { InputObject = { v = v } })).v end
local function check(name, v)
  local difference = values.difference(v, back(v))
  print(name, difference or "identical")
end

check("all that is nasty", values.nasty)
for _, text in ipairs({ "'; exit #", "$(exit)", "`whoami`", "\"$env:TEMP\"", "a\nb\r\nc\n", "\0", "_x000A_", "-Force",
  "--%", "@{ a = 1 }", "%TEMP%", "<Objs>", "\u{FEFF}", "\u{202E}" }) do
  check(("%q"):format(text):gsub("\n", "n"), text)
end
for _, number in ipairs({ math.mininteger, math.maxinteger, -1, 0, 2147483647, 2147483648, -2147483649, 1e308 }) do
  check(number, number)
end
local list = value.list
check("nested", list({ list(), {}, list({ list(), list({ list() }) }), { a = {}, b = list({ {}, json.null }) } }))

-- Every code point but the surrogates, and the two that a real PowerShell can't put into XML.
local function is_sent(code)
  return not (code >= 0xD800 and code <= 0xDFFF) and code ~= 0xFFFE and code ~= 0xFFFF
end
for plane = 0, 16 do
  local characters = {}
  for code = plane << 16, plane << 16 | 0xFFFF do
    if is_sent(code) then characters[#characters + 1] = utf8.char(code) end
  end
  check("plane " .. plane, table.concat(characters))
end]]

-- Looks as the provider looks, with everything that a look asks for.
local POLLS = [[
local provider = providers.DirectorySync
local function resident_kib()
  collectgarbage()
  collectgarbage()
  for line in io.lines("/proc/self/status") do
    local kib = line:match("^VmRSS:%s*(%d+)")
    if kib then return tonumber(kib) end
  end
end
local function poll(times)
  for _ = 1, times do assert(provider:GetSyncCycleState(session).State == "Idle") end
  local resident = resident_kib()
  return { lua = collectgarbage("count"), resident = resident, pid = session:info().pid }
end
local before = poll(100)
local after = poll(400)
print(require("idle.json").encode({ before = before, after = after }))]]

local session = {
  title = "a session",
  cases = {
    values = { script = VALUES },
    -- A sanitizer would keep what was freed.
    polls = { script = POLLS, env = { ASAN_OPTIONS = "quarantine_size_mb=0" }, is_long = true },
  },
}

function session.specs(runs)
  it("brings every value back as it was", function()
    local outcome = runs.values:finish()
    assert.equal(0, outcome.exit_code, outcome.stderr)
    local count = 0
    for line in outcome.stdout:gmatch("[^\n]+") do
      assert.matches("\tidentical$", line)
      count = count + 1
    end
    assert.equal(1 + 14 + 8 + 1 + 17, count)
  end)

  it("looks 500 times over one connection, with one remote process and level memory", function()
    local outcome = runs.polls:finish()
    assert.equal(0, outcome.exit_code, outcome.stderr)
    local seen, far = json.decode(outcome.stdout), runs.polls.far
    assert.equal(seen.before.pid, seen.after.pid)
    assert.same({ 1, 1 }, { far:count_in_log("Accepted publickey"), far:count_in_log("Starting session") })
    assert.is_true(seen.after.lua - seen.before.lua < 64, outcome.stdout)
    assert.is_true(seen.after.resident - seen.before.resident < 1024, outcome.stdout)
  end)
end

return session
