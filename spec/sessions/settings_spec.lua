local process_session = require("idle.sessions.process")
local ssh_session = require("idle.sessions.ssh")

local function refusal(make, options)
  local ok, err = pcall(make, options)
  assert.is_false(ok)
  assert.equal("input.session", err.kind)
  assert.equal("none", err.effect)
  return err.message
end

describe("idle.sessions.settings", function()
  it("names the nearest field for an unknown one", function()
    assert.equal("ssh_session: unknown field 'identityfile'; did you mean 'identity_file'?",
      refusal(ssh_session, { host = "aad01", identityfile = "x" }))
    assert.matches("did you mean 'command'", refusal(process_session, { comand = { "pwsh" } }))
  end)

  it("wants what can't be guessed", function()
    assert.matches("'host' is required", refusal(ssh_session, {}))
    assert.matches("'command' is required", refusal(process_session, {}))
    assert.matches("must be a table, got a string", refusal(ssh_session, "aad01"))
  end)

  it("refuses values of the wrong kind", function()
    local cases = {
      host = "aad\n01", port = 70000, user = "", identity_file = 5, passphrase = {}, password = 1, agent = "yes",
      known_hosts = false, host_key = "MD5:aa:bb", connect_timeout = 0, start_timeout = "90", command_timeout = -1,
      shell = "bash", depth = 0, max_output_bytes = 1.5, transport = "telnet", ssh_config = true, proxy_jump = "",
      agent_socket = 1, host_key_alias = "", strict_host_key = "no", alive_interval = 1, alive_count_max = 0,
      reconnect_timeout = -1,
    }
    for name, v in pairs(cases) do
      local options = { host = "aad01" }
      options[name] = v
      assert.matches(("^ssh_session: '%s' must be "):format(name), refusal(ssh_session, options))
    end
    for _, host in ipairs({
      "-oProxyCommand=x", "me@aad01", "ssh://aad01", "aad01;ls", "aad 01", "aad01:22", "[::1]:22",
    }) do
      assert.matches("^ssh_session: 'host' must be the name or address of a host",
        refusal(ssh_session, { host = host }))
    end
    assert.equal("ssh_session: 'host' must be the name or address of a host alone, not 'me@aad01:22'; there are 'user' "
      .. "and 'port' for the rest", refusal(ssh_session, { host = "me@aad01:22" }))
    assert.matches("'port' must be a number from 1 to 65535, not 70000$",
      refusal(ssh_session, { host = "aad01", port = 70000 }))
    assert.matches("'agent' must be true or false, not 'yes'$", refusal(ssh_session, { host = "aad01", agent = "yes" }))
    assert.matches("'password' must be an idle.secret or a string$",
      refusal(ssh_session, { host = "aad01", password = {} }))
    assert.matches("^jump host 'a:b:c' has no port between 1 and 65535",
      refusal(ssh_session, { host = "aad01", proxy_jump = "a:b:c" }))
    assert.matches("'identity_file' must be a path, or a list of paths",
      refusal(ssh_session, { host = "aad01", identity_file = { "a", 5 } }))
    assert.matches("'transport' must be 'auto', 'libssh2' or 'ssh'",
      refusal(ssh_session, { host = "aad01", transport = 1 }))
    assert.matches("'command' must be a list", refusal(process_session, { command = "pwsh" }))
    assert.matches("'command' must be a list", refusal(process_session, { command = {} }))
  end)

  it("takes an IPv6 address, which has colons of its own", function()
    local session <close> = ssh_session({ host = "fe80::1" }) -- luacheck: ignore session
  end)

  it("opens nothing before the first command", function()
    local session <close> = ssh_session({ host = "192.0.2.1" }) -- luacheck: ignore session
    local other <close> = process_session({ command = { "/does/not/exist" } }) -- luacheck: ignore other
  end)
end)
