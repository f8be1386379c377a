--- What `sync` says about the options that describe its session.
local child = require("spec.support.child")
local errors = require("idle.engine.errors")
local file = require("idle.file")
local sync_session = require("idle.host.sync_session")

describe("sync", function()
  local function outcome_of(...) return child.run({ "sync", "--no-agent", ... }) end

  local function refused(exit_code, text, ...)
    local outcome = outcome_of(...)
    assert.equal(exit_code, outcome.exit_code, outcome.stderr)
    assert.matches("idle-lua: " .. text .. "\n", outcome.stderr, 1, true)
    assert.equal(exit_code == 64, outcome.stderr:find("see 'idle-lua help sync'", 1, true) ~= nil)
  end

  it("calls options by their names, and not by those of a script's fields", function()
    local function wrong(text, ...) refused(64, text, "--host", "127.0.0.1", ...) end
    wrong("--host-key must be a fingerprint as 'SHA256:…', not 'abc'", "--host-key", "abc")
    wrong("--connect-timeout must be a number of seconds above 0, at most a day, not 100000", "--connect-timeout",
      "100000")
    wrong("--user must be a text without control characters, not 'a\\x0Ab'", "--user", "a\nb")
    wrong("--jump: jump host '@@' is not of the form user@host:port", "--jump", "@@")
    wrong("--reconnect-timeout needs a number, 0 or more, not '-1'", "--reconnect-timeout", "-1")
    wrong("--start-timeout needs a number above 0, not 'soon'", "--start-timeout", "soon")
  end)

  it("says where the port and the account of a server belong", function()
    refused(64, "--host must be the name or address of a host alone, not 'aadc:22'; there are --user and --port for "
      .. "the rest", "--host", "aadc:22")
    refused(64, "--host 'me@aadc' names an account, and so does --user; give it once", "--host", "me@aadc", "--user",
      "you")
    refused(64, "unexpected argument 'aadc'; the server is named by --host", "aadc")
  end)

  it("takes USER@HOST as ssh does", function()
    local session <close> = sync_session.open({ host = "svc@corp.example@192.0.2.1" })
    local given = session.transport.options
    assert.same({ "svc@corp.example", "192.0.2.1" }, { given.user, given.host })
  end)

  it("ends with 65 or 66 for a secret that can't be used, and names the option", function()
    local folder = child.folder({ open = "hunter2\n", empty = "" })
    os.execute(("chmod 644 '%s/open'; chmod 600 '%s/empty'"):format(folder, folder))
    local function wrong(exit_code, text, ...) refused(exit_code, text, "--host", "127.0.0.1", ...) end
    wrong(65, "--passphrase-env: environment variable 'IDLE_NO_SUCH_SECRET' is not set; it should hold a secret",
      "--passphrase-env", "IDLE_NO_SUCH_SECRET")
    wrong(65, ("--passphrase-file: secret file '%s/open' is not used: others can read it; use chmod 600"):format(
      folder), "--passphrase-file", folder .. "/open")
    wrong(65, ("--password-file: secret file '%s/empty' is empty; it should hold a secret"):format(folder),
      "--password-file", folder .. "/empty")
    wrong(65, ("--password-file: secret file '%s' is not used: it is not a regular file"):format(folder),
      "--password-file", folder)
    wrong(66, "--password-file: cannot open secret file '/nowhere/password': No such file or directory",
      "--password-file", "/nowhere/password")
    file.remove_all(folder)
  end)

  it("ends with 66 for an SSH configuration that is missing, or a folder", function()
    refused(66, "--ssh-config: cannot open '/nowhere/config': No such file or directory", "--host", "127.0.0.1",
      "--ssh-config", "/nowhere/config")
    refused(66, "--ssh-config: cannot read '/tmp': Is a directory", "--host", "127.0.0.1", "--ssh-config", "/tmp")
  end)

  it("passes over no option that the simulator has no use for", function()
    for option, value in pairs({ ["--identity"] = "x", ["--password-env"] = "X", ["--port"] = "22",
      ["--host-key"] = "SHA256:x" }) do
      local outcome = child.run({ "sync", "--sim", "--check", option, value })
      assert.equal(64, outcome.exit_code)
      assert.matches(("idle-lua: %s is for a real server, and --sim has none; leave one of them out\n"):format(option),
        outcome.stderr, 1, true)
    end
    refused(64, "--no-agent is for a real server, and --sim has none; leave one of them out", "--sim", "--check")
  end)

  it("replaces the fields of a script in the errors of a session", function()
    local err = errors.new("ssh.auth", "name a private key (identity_file, or --identity); give it (passphrase, or "
      .. "--passphrase-file); transport = \"ssh\" (--transport ssh) would help",
      { cause = errors.new("input.session", "set ssh_config = false (--no-ssh-config); my_field, or --identity") })
    sync_session.name_options(err)
    assert.equal("name a private key (--identity); give it (--passphrase-file); --transport ssh would help: "
      .. "set --no-ssh-config; my_field, or --identity", tostring(err))
    assert.has_no_error(function() sync_session.name_options("boom") end)
    assert.has_no_error(function() sync_session.name_options(nil) end)
  end)
end)
