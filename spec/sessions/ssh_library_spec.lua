--- Our own connection over jump hosts: real sshds, each with its own host key and its own account's key.
local configured = require("spec.support.ssh_configured")
local eventually = require("spec.support.eventually")
local far = require("spec.support.far")
local file = require("idle.file")
local ssh_far = require("spec.support.ssh_far")
local ssh_session = require("idle.sessions.ssh")

local REACHES = "HostName $host\nPort $port\nUser $user\nIdentityFile $key\nUserKnownHostsFile $known\n"

describe("idle.sessions.ssh_library", function()
  local bastion, world

  setup(function()
    bastion = ssh_far.server()
    world = configured.start()
  end)

  teardown(function()
    bastion:stop()
    getmetatable(world).__close(world)
  end)

  -- Names of the same bastion, as many as one likes.
  local function hops(more)
    local text = "\nHost hop*\nHostName %s\nPort %d\nUser %s\nIdentityFile %s\nUserKnownHostsFile %s\n"
      .. "Host *\nIdentityAgent none\n"
    return text:format(bastion.host, bastion.port, bastion.user, bastion.identity_file, more or bastion.known_hosts)
  end

  local function session(way, more)
    return world:session("Host aadc\nProxyJump " .. way .. "\n" .. REACHES .. hops(more))
  end

  local function count(text, pattern) return select(2, text:gsub(pattern, "")) end

  it("reaches a server over one host and over three", function()
    local one <close> = session("hop1")
    assert.matches("T", (one:InvokeCommand("Get-Date", {})))
    local before = count(bastion:log(), "Accepted publickey")
    local three <close> = session("hop1,hop2,hop3")
    assert.equal("x\n", three:run({ command = "echo x" }).stdout)
    assert.equal(before + 3, count(bastion:log(), "Accepted publickey"))
  end)

  it("uses one way for all commands, and ends all of it when it is closed", function()
    local one = session("hop1,hop2")
    local before = count(bastion:log(), "Accepted publickey")
    local text = ("0123456789abcdef"):rep(65536)
    assert.is_true(text == one:InvokeCommand("Write-Output", { InputObject = text }))
    for _ = 1, 3 do one:run({ command = "true" }) end
    assert.equal(before + 2, count(bastion:log(), "Accepted publickey"))
    one:close()
    eventually(function() return #bastion:sessions() == 0 end, "the connections of the hops are gone")
  end)

  it("goes by the fields alone as well", function()
    local facts = world.server.session_options
    local known = assert(file.read(bastion.known_hosts)) .. assert(file.read(facts.known_hosts))
    assert(file.append_synced(world.dir .. "/authorized_keys", assert(file.read(bastion.identity_file .. ".pub"))))
    local one <close> = ssh_session({
      host = facts.host, port = facts.port, user = facts.user, identity_file = bastion.identity_file, agent = false,
      known_hosts = world:write("all_known", known), ssh_config = false,
      proxy_jump = ("%s@%s:%d"):format(bastion.user, bastion.host, bastion.port),
    })
    assert.equal("x\n", one:run({ command = "echo x" }).stdout)
  end)

  it("checks the host key of each hop, and sends nothing to one that is not known", function()
    local none = world:write("none_known", "")
    local log, far_log = bastion:settled_log(), world:settled_log()
    local one <close> = session("hop1,hop2", none)
    local err = far.raised(one.run, one, { command = "true" })
    assert.same({ "ssh.hostkey_unknown", "none", false }, { err.kind, err.effect, err.transient })
    assert.matches("^jump host 'hop1': the host key of ", err.message)
    local seen = bastion:log():sub(#log + 1)
    assert.is_nil(seen:find("publickey", 1, true) or seen:find(bastion.user, 1, true))
    assert.equal(far_log, world:log())
  end)

  it("checks that of the far end behind them", function()
    local text = "Host aadc\nProxyJump hop1\n" .. REACHES:gsub("%$known", world:write("empty", "")) .. hops()
    local one <close> = world:session(text)
    local err = far.raised(one.run, one, { command = "true" })
    assert.equal("ssh.hostkey_unknown", err.kind)
    local hop = ("%s:%d"):format(bastion.host, bastion.port)
    assert.matches(("through 'ssh://%s'"):format(hop), err.message, 1, true)
    assert.matches(("ssh ssh://%s@%s ssh-keyscan "):format(bastion.user, hop), err.message, 1, true)
  end)

  it("names the hop that does not let it in, once", function()
    local strange = world.dir .. "/strange"
    ssh_far.new_key(strange)
    local text = "Host aadc\nProxyJump hop1,hop2\n" .. REACHES
      .. "\nHost hop2\nIdentityFile " .. strange .. "\nHost hop1\nIdentityFile " .. bastion.identity_file
      .. hops():gsub("IdentityFile %S+\n", "")
    local one <close> = world:session(text)
    local err = far.raised(one.run, one, { command = "true" })
    assert.same({ "ssh.auth", "none" }, { err.kind, err.effect })
    assert.matches("^jump host 'hop2': ", err.message)
    local log = bastion:settled_log()
    assert.matches("not tried again by this session", far.raised(one.run, one, { command = "true" }).message)
    assert.equal(log, bastion:log())
  end)

  it("finds its way again when a hop went away between two commands", function()
    local one <close> = session("hop1,hop2")
    local pid = one:info().pid
    bastion:signal_sessions("KILL")
    eventually(function() return not one.transport:is_open() end, "the loss is known")
    assert.not_equal(pid, one:info().pid)
  end)

  it("says in which part of the way nobody answers", function()
    local text = "Host aadc\nProxyJump hop1\n" .. REACHES:gsub("%$port", "1") .. hops()
    local one <close> = world:session(text)
    local err = far.raised(one.run, one, { command = "true" })
    assert.same({ "ssh.connect", "none", true }, { err.kind, err.effect, err.transient })
    local refused <close> = world:session("Host aadc\nProxyJump 127.0.0.1:1\n" .. REACHES)
    err = far.raised(refused.run, refused, { command = "true" })
    assert.equal("ssh.connect", err.kind)
    assert.matches("^jump host '127.0.0.1': cannot reach ", err.message)
  end)
end)
