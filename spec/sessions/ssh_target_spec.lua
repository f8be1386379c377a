--- That what fields and configuration say arrives where it counts: at a real sshd, by either transport.
local configured = require("spec.support.ssh_configured")
local eventually = require("spec.support.eventually")
local far = require("spec.support.far")
local file = require("idle.file")
local idle = require("idle")
local process = require("idle.process")
local ssh_far = require("spec.support.ssh_far")
local ssh_target = require("idle.sessions.ssh_target")

local REACHES = "Host aadc\nHostName $host\nPort $port\nUser $user\n"
local KNOWN = "UserKnownHostsFile $known\n"

-- An agent of its own that holds the key of a far end.
local function agent_with(world, path)
  local agent = assert(process.spawn({ command = { "ssh-agent", "-D", "-a", path } }))
  eventually(function() return file.exists(path) end)
  ssh_far.run({ "ssh-add", "-q", world.server.session_options.identity_file }, { SSH_AUTH_SOCK = path })
  return agent
end

describe("idle.sessions.ssh_target", function()
  local world

  setup(function() world = configured.start() end)

  teardown(function() getmetatable(world).__close(world) end)

  local function by_both(f)
    idle.gather({ function() f("libssh2") end, function() f("ssh") end })
  end

  local function lets_in(text, more)
    local session <close> = world:session(text, more)
    return session:run({ command = "echo x" }).stdout == "x\n"
  end

  local function kind(text, more)
    local session <close> = world:session(text, more)
    return far.raised(session.run, session, { command = "true" }).kind
  end

  it("logs in by the agent that the configuration or a field names, or by none", function()
    local socket = world.dir .. "/agent"
    local agent <close> = agent_with(world, socket) -- luacheck: ignore agent
    local text = REACHES .. KNOWN .. "IdentityFile none\n"
    by_both(function(transport)
      assert.is_true(lets_in(text .. "IdentityAgent $dir/agent\n", { transport = transport }))
      assert.is_true(lets_in(text .. "IdentityAgent none\n", { transport = transport, agent_socket = socket }))
      assert.equal("ssh.auth", kind(text .. "IdentityAgent none\n", { transport = transport }))
      assert.equal("ssh.auth", kind(text .. "IdentityAgent $dir/agent\n", { transport = transport, agent = false }))
      -- Only a key that a file names.
      local only = text:gsub("IdentityFile none", "IdentityFile $dir/other") .. "IdentityAgent $dir/agent\n"
      assert.equal("ssh.auth", kind(only .. "IdentitiesOnly yes\n", { transport = transport }))
      assert.is_true(lets_in(only:gsub("%$dir/other", "$key.pub") .. "IdentitiesOnly yes\n", { transport = transport }))
    end)
  end)

  it("tries the keys of the configuration in turn, and passes over what is missing", function()
    by_both(function(transport)
      assert.is_true(lets_in(REACHES .. KNOWN .. "IdentityAgent none\nIdentityFile $dir/no-such-key\n"
        .. "IdentityFile $key\n", { transport = transport }))
    end)
  end)

  it("looks a server up by its alias", function()
    local known = assert(file.read(world.server.session_options.known_hosts)):gsub("%S+", "aad-prod", 1)
    local path = world:write("alias_known", known)
    local text = REACHES .. "IdentityFile $key\nIdentityAgent none\nUserKnownHostsFile " .. path .. "\n"
    by_both(function(transport)
      assert.equal("ssh.hostkey_unknown", kind(text, { transport = transport }))
      assert.is_true(lets_in(text .. "HostKeyAlias aad-prod\n", { transport = transport }))
      assert.is_true(lets_in(text, { transport = transport, host_key_alias = "aad-prod" }))
    end)
  end)

  it("takes a new host key where that is allowed, and writes it down", function()
    by_both(function(transport)
      local text = REACHES .. "IdentityFile $key\nIdentityAgent none\nUserKnownHostsFile " .. world.dir .. "/new_"
        .. transport .. "\n"
      assert.equal("ssh.hostkey_unknown", kind(text, { transport = transport }))
      assert.is_true(lets_in(text .. "StrictHostKeyChecking accept-new\n", { transport = transport }))
      assert.is_true(lets_in(text, { transport = transport }))
    end)
  end)

  it("keeps signs of life within what is possible", function()
    local function alive(text, more)
      local given = { host = "aadc", ssh_config = world:configure("Host aadc\n" .. text) }
      for name, v in pairs(more or {}) do given[name] = v end
      local options = ssh_target.connect_options(ssh_target.resolve(given))
      return { options.alive_interval_ms, options.alive_count_max }
    end
    assert.same({}, alive(""))
    assert.same({ 7000, 3 }, alive("ServerAliveInterval 7\n"))
    assert.same({ 2000, 100 }, alive("ServerAliveInterval 1\nServerAliveCountMax 1000\n"))
    assert.same({ 20000, 5 }, alive("ServerAliveInterval 7\n", { alive_interval = 20, alive_count_max = 5 }))
  end)

  it("waits as long as the configuration says, or a field", function()
    local function seconds(text, more)
      local given = { host = "aadc", ssh_config = world:configure("Host aadc\n" .. text) }
      for name, v in pairs(more or {}) do given[name] = v end
      return ssh_target.resolve(given).connect_timeout
    end
    assert.equal(15, seconds(""))
    assert.equal(90, seconds("ConnectTimeout 90\n"))
    assert.equal(2.5, seconds("ConnectTimeout 90\n", { connect_timeout = 2.5 }))
  end)
end)
