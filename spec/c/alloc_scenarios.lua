--- What alloc_test runs over and over: short, and without a require while it is armed.
local base64 = require("idle.base64")
local clixml = require("idle.clixml")
local file = require("idle.file")
local hash = require("idle.hash")
local json = require("idle.json")
local live = require("idle.live")
local loop = require("idle.loop")
local process = require("idle.process")
local secret = require("idle.secret")
local value = require("idle.engine.value")
local virtual_time = require("idle.test.virtual_time")

-- Errors are built by these, and must not be loaded while memory fails.
local errors = require("idle.engine.errors")
local process_session = require("idle.sessions.process")
local ssh_session = require("idle.sessions.ssh")
local sshd = require("idle.sim.sshd")
local ssh = require("idle.ssh")

-- Of the run before, where memory may have been too short to remove it.
local folder

--- Calls a scenario whose allocation `number` fails. The C side knows it by this name.
function _G.run_armed(scenario, number)
  if folder then file.remove_all(folder) end
  folder = nil
  _G.arm(number)
  scenario()
  _G.arm(0)
end

local sample = {
  list = { 1, 2.5, "text\n_x000A_", json.null, true }, empty = value.list(), map = { a = {}, b = { c = "d" } },
}

local answer = clixml.encode({
  output = { { Name = "x", Bytes = value.bytes("\1\2\3") }, "two", 3, 4.5 }, warnings = value.list(),
})

local types = '<Objs><Obj RefId="0"><TN RefId="0"><T>System.Enum</T></TN><ToString>A</ToString></Obj></Objs>'
local stderr = '#< CLIXML\n<Objs><S S="Error">boom_x000A_</S><S S="warning">careful</S></Objs>raw'

local scenarios = {}

function scenarios.clixml_encode()
  assert(clixml.encode(sample))
  clixml.encode({ a = { print } })
end

function scenarios.clixml_decode()
  assert(clixml.decode(answer))
  assert(clixml.decode(types))
  clixml.decode("<Objs><Foo/>")
end

function scenarios.clixml_stderr()
  clixml.stderr_text(stderr)
  clixml.stderr_text(stderr:sub(30))
end

function scenarios.json()
  local text = assert(json.encode(sample, { indent = 2 }))
  assert(json.decode(text))
  json.decode("[1,")
end

function scenarios.base64_and_secret()
  assert(base64.decode(base64.encode("text")))
  local password <close> = secret.new("geheim")
  assert(hash.tag(password))
  clixml.encode({ password }, { secrets = true })
end

function scenarios.file()
  local dir = file.temp_dir("idle-alloc-test-")
  if not dir then return end
  folder = dir
  local _ <close> = setmetatable({}, { __close = function() file.remove_all(dir) end })
  assert(file.write_private(dir .. "/f", "text"))
  assert(file.append_synced(dir .. "/f", "more"))
  assert(file.read(dir .. "/f"))
  local lock <close> = assert(file.lock(dir .. "/f"))
  assert(file.real_path(dir))
  return lock
end

function scenarios.loop()
  local task = loop.spawn(function(...)
    loop.sleep(0)
    return ...
  end, 1, 2)
  loop.sleep(0)
  task:join()
end

function scenarios.virtual_time()
  local ok, err = pcall(virtual_time, function()
    local tasks = {}
    for index = 1, 70 do tasks[index] = loop.spawn(loop.sleep, index) end
    for _, task in ipairs(tasks) do task:join() end
    local late = loop.spawn(loop.sleep, 50)
    if late:wait(20) then late:join() end
  end)
  assert(ok or loop.now_ms() > 1770000000000, "the machine's clock is not back")
  if not ok and not tostring(err):find("nobody joined", 1, true) then error(err, 0) end
end

-- As in the test harness, here and in all that follows.
live.keep_books()
live.watch_files()

function scenarios.books()
  live.keep_books() -- for the task that runs now
  local births = live.births()
  live.enter({}, function() return true end, "a thing")
  local opened <close> = assert(io.open("/dev/null"))
  loop.spawn(loop.sleep, 1)
  loop.sleep(0)
  assert(#live.opened(births) == 2)
  live.tasks(births)
  live.added(live.descriptors())
  live.forget(births)
  return opened
end

function scenarios.process()
  local p <close> = assert(process.spawn({ command = { "cat" }, env = { A = "1" }, cwd = "/" }))
  assert(p:write("line\nlast", 20000))
  p:finish()
  assert(p:read_line(20000))
  assert(p:read_all(20000))
  p:stderr()
  assert(p:wait_exit(20000))
end

-- A folder for the ledger of the far ends; gone with the Lua state.
local home = setmetatable({ dir = assert(file.temp_dir("idle-alloc-far-")) }, {
  __gc = function(home) file.remove_all(home.dir) end,
})
home.ledger = home.dir .. "/ledger"

-- A far end that answers everything with "yes". It is plain Lua, because it is started often.
local far_end = {
  "lua5.4", assert(file.real_path("spec/support/cut_powershell.lua")),
  base64.encode(clixml.encode({ version = "5.1" })),
  base64.encode(clixml.encode({ output = value.list({ "yes" }), warnings = value.list() })), "9999", home.ledger,
}

-- How often a command has come to it. Others may come late that were given up before.
local function count_in_ledger(id)
  local count = 0
  for line in (file.read(home.ledger) or ""):gmatch("[^\n]+") do
    if base64.decode(line):find(id, 1, true) then count = count + 1 end
  end
  return count
end

local last_id = 0

-- Gives a command: done is once, never sent is never, and nothing is twice.
local function invoke(session)
  last_id = last_id + 1
  os.remove(home.ledger)
  local id = ("[%d]"):format(last_id)
  local is_ok, result = pcall(session.InvokeCommand, session, "Start-Sync", { Id = id })
  local count = count_in_ledger(id)
  if not is_ok then
    local most = errors.is(result) and result.effect == "none" and 0 or 1
    assert(count <= most, "the error and the ledger contradict each other")
    error(result, 0)
  end
  assert(result == "yes" and count == 1, "the answer and the ledger contradict each other")
end

function scenarios.process_session()
  local session <close> = process_session({ command = far_end, start_timeout = 10, command_timeout = 10 })
  invoke(session)
end

-- A real sshd that runs it; gone with the Lua state.
local function start_server()
  local dir = assert(file.temp_dir("idle-alloc-sshd-"))
  local program = dir .. "/powershell.exe"
  assert(file.write_private(program, ("#!/bin/sh\nexec '%s'\n"):format(table.concat(far_end, "' '"))))
  assert(os.execute("chmod 700 " .. program))
  local server = sshd.start({ dir = dir, path = dir })
  return setmetatable({}, { __index = server, __gc = function()
    server:stop()
    file.remove_all(dir)
  end })
end

local server = start_server()

function scenarios.ssh_session()
  local session <close> = ssh_session({
    host = server.host, port = server.port, user = server.user, agent = false, ssh_config = false,
    identity_file = server.identity_file, known_hosts = server.known_hosts,
    connect_timeout = 10, start_timeout = 10, command_timeout = 10, reconnect_timeout = 0,
  })
  invoke(session)
  assert(session:run({ command = "echo x" }).stdout == "x\n")
end

local function connect(via)
  return errors.check(ssh.connect({
    host = server.host, port = server.port, user = server.user, agent = false, identity_file = server.identity_file,
    known_hosts = server.known_hosts, timeout_ms = 2000, via = via,
  }))
end

function scenarios.ssh_jump()
  local hop <close> = connect()
  local client <close> = connect(hop)
  local pipe <close> = errors.check(client:exec("cat", 2000))
  errors.check(pipe:write("text", 2000))
  pipe:finish()
  assert(errors.check(pipe:read_all(2000)) == "text")
end

--- Every how many allocations one fails; IDLE_ALLOC_STEP=1 fails each of them, which takes most of two minutes.
local step = math.tointeger(os.getenv("IDLE_ALLOC_STEP"))
local steps = { ssh_session = step or 7, ssh_jump = step or 23, virtual_time = step or 3 }

return scenarios, steps
