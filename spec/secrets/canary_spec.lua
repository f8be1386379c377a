--- Looks for secrets wherever they have no business: promise 3 of DESIGN §10.
local base64 = require("idle.base64")
local child = require("spec.support.child")
local eventually = require("spec.support.eventually")
local far = require("spec.support.ssh_far")
local file = require("idle.file")
local memory = require("spec.support.memory")
local process = require("idle.process")

local PASSPHRASE = "kanarienvogel im stollen"

-- The secret half of an ed25519 key: in OpenSSH's format it stands before the third copy of the public one.
local function seed_of(path)
  local text = assert(file.read(path)):gsub("%-%-%-%-%-[^\n]+\n", ""):gsub("%s", "")
  local bytes = assert(base64.decode(text))
  local public = bytes:match("ssh%-ed25519\0\0\0 (" .. ("."):rep(32) .. ")")
  local at = 1
  for _ = 1, 3 do at = assert(bytes:find(public, at, true)) + 1 end
  return bytes:sub(at - 33, at - 2)
end

-- Stops at each step until a line comes.
local SCRIPT = [[
local idle = require("idle")
local how, from, field, host, port, user, known_hosts, key = table.unpack(arg)
local function stop(word) print(word) io.stdout:flush() io.read("l") end
local secret = how ~= "" and idle.secret[how](from) or nil
stop("taken")
local client = assert(require("idle.ssh").connect({ host = host, port = tonumber(port), user = user, agent = false,
  known_hosts = known_hosts, identity_file = key ~= "" and key or nil, [field] = secret, timeout_ms = 20000 }))
stop("logged in")
print(idle.exec{ command = { "env" } }.stdout)
stop("asked a child")
client:close()
if secret then secret:close() end
stop("closed")
]]

describe("a secret", function()
  local server, files

  setup(function()
    server = far.server({
      config = { "PasswordAuthentication yes" },
      env = { LD_PRELOAD = far.STAND_IN },
    })
    files = child.folder({ password = far.PASSWORD .. "\n", passphrase = PASSPHRASE, script = SCRIPT })
    server:new_key("id_pass", { "-t", "ed25519", "-N", PASSPHRASE })
    server:new_key("id_pkcs8", { "-t", "ecdsa", "-m", "PKCS8", "-N", PASSPHRASE })
  end)

  teardown(function()
    server:stop()
    file.remove_all(files)
  end)

  local function is_nowhere_outside(pid, canary)
    for _, name in ipairs({ "cmdline", "environ" }) do
      assert.is_nil(file.read(("/proc/%d/%s"):format(pid, name)):find(canary, 1, true), name)
    end
    assert.same({}, memory.find(pid, canary, true))
  end

  -- Logs in, and looks at the process at each stop.
  local function leaves_no_trace(canary, arguments, env)
    local how, from, field, key = table.unpack(arguments)
    local program <close> = child.start({
      files .. "/script", how, from, field, server.host, tostring(server.port), server.user, server.known_hosts,
      key or "", env = env,
    })
    local pid = program.pipe:pid()
    program:read_up_to("taken")
    assert.equal(1, #memory.find(pid, canary)) -- it is seen where it must be
    is_nowhere_outside(pid, canary)
    program:write("\n")
    program:read_up_to("logged in")
    is_nowhere_outside(pid, canary)
    program:write("\n")
    program:read_up_to("asked a child")
    assert.is_nil(table.concat(program.seen):find(canary, 1, true))
    program:write("\n")
    program:read_up_to("closed")
    assert.same({}, memory.find(pid, canary))
  end

  it("from the environment, a password, is nowhere but in its own pages, and is gone when closed", function()
    leaves_no_trace(far.PASSWORD, { "from_env", "CANARY", "password" }, { CANARY = far.PASSWORD })
  end)

  it("from a file, a passphrase, is nowhere but in its own pages, and is gone when closed", function()
    for _, key in ipairs({ "id_pass", "id_pkcs8" }) do
      leaves_no_trace(PASSPHRASE, { "from_file", files .. "/passphrase", "passphrase", server.dir .. "/" .. key })
    end
  end)

  it("from a credential of systemd is nowhere but in its own pages, and is gone when closed", function()
    leaves_no_trace(far.PASSWORD, { "from_credential", "password", "password" }, { CREDENTIALS_DIRECTORY = files })
  end)

  it("as a private key is gone once it has served", function()
    local seed = seed_of(server.identity_file)
    local program <close> = child.start({
      files .. "/script", "", "", "", server.host, tostring(server.port), server.user, server.known_hosts,
      server.identity_file,
    })
    program:read_up_to("taken")
    program:write("\n")
    program:read_up_to("logged in")
    assert.same({}, memory.find(program.pipe:pid(), seed))
    local last_line = assert(file.read(server.identity_file)):match("\n([^\n]+)\n%-%-%-%-%-END")
    assert.same({}, memory.find(program.pipe:pid(), last_line))
  end)

  it("that is refused is in no message, no trace, no event and no result", function()
    local wrong = files .. "/wrong"
    assert(file.write_private(wrong, PASSPHRASE .. PASSPHRASE))
    for _, row in ipairs({
      { "--password-file", wrong, "tried: password (refused)" },
      { "--passphrase-file", wrong, "is wrong", "--identity", server.dir .. "/id_pass" },
    }) do
      local events = files .. "/events"
      local outcome = child.run({
        "sync", "--host", server.host, "--port", tostring(server.port), "--user", server.user, "--no-agent",
        "--known-hosts", server.known_hosts, "--trace", "--json", "--events", events, row[1], row[2], row[4], row[5],
      })
      local all = outcome.stdout .. outcome.stderr .. assert(file.read(events))
      assert.is_truthy(all:find(row[3], 1, true), all)
      assert.is_nil(all:find(PASSPHRASE, 1, true))
    end
  end)

  it("of an agent is not lent to the server", function()
    local path = files .. "/agent"
    local agent <close> = assert(process.spawn({ command = { "ssh-agent", "-D", "-a", path } }))
    eventually(function() return file.exists(path) end)
    far.run({ "ssh-add", "-q", server.identity_file }, { SSH_AUTH_SOCK = path })
    local script = ([[
      local client = assert(require("idle.ssh").connect({ host = %q, port = %d, user = %q, known_hosts = %q,
        timeout_ms = 20000 }))
      print(client:info().auth_method, client:exec('echo "[$SSH_AUTH_SOCK]"', 20000):read_all(20000))]]):format(
      server.host, server.port, server.user, server.known_hosts)
    assert.equal("agent\t[]\n", (child.run({ "-e", script, env = { SSH_AUTH_SOCK = path } }).stdout:gsub("\n\n", "\n")))
    assert.truthy(agent)
  end)

  it("is in no core file while the server ponders it", function()
    local mark = files .. "/ponders"
    local slow <close> = far.server({
      config = { "UsePAM yes", "PubkeyAuthentication no", "PasswordAuthentication yes" },
      env = { LD_PRELOAD = far.STAND_IN, IDLE_PASSWORD_HANGS = mark },
    })
    local program <close> = child.start({
      "sync", "--host", slow.host, "--port", tostring(slow.port), "--user", slow.user, "--no-agent",
      "--known-hosts", slow.known_hosts, "--password-env", "CANARY", "--check",
      env = { CANARY = far.PASSWORD },
    })
    eventually(function() return file.exists(mark) end)
    is_nowhere_outside(program.pipe:pid(), far.PASSWORD)
  end)
end)
