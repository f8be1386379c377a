--- The system's ssh in place of our own connection, names of an SSH configuration, and servers that are restarted: what
--- is promised of a sync holds for all of them.
local busted = require("busted")
local disturbance = require("spec.support.disturbance")

local assert, it = require("luassert"), busted.it
local when_started, when_seen = disturbance.when_started, disturbance.when_seen
local cut, kill, kill_powershell = disturbance.cut, disturbance.kill, disturbance.kill_powershell

-- Two times a second for the way: what happens there can be met in between.
local SLOW = { latency_seconds = 2, cycle_seconds = 2 }
local LONG = { cycle_seconds = 4 }

local function restart(far) far:restart_sshd() end

local function rsa_key(...)
  local more = { ... }
  return function(far) return { "--identity", far:new_known_key("rsa", "rsa"), table.unpack(more) } end
end

local function by_name(words)
  return function(far)
    local path = far:write("ssh_config", ("Host aadc\nHostName %s\n%s\n"):format(far.host, words or ""))
    return { "--host", "aadc", "--ssh-config", path }
  end
end

local transport = {
  title = "another way to the server",
  cases = {
    good = { "--transport", "ssh" },
    rsa = { prepare = rsa_key("--transport", "ssh", "--no-ssh-config") },
    rsa_by_itself = { prepare = rsa_key() },
    rsa_by_libssh2 = { prepare = rsa_key("--transport", "libssh2") },
    named = { prepare = by_name() },
    named_with_more = { prepare = by_name("PreferredAuthentications publickey") },
    misspelled = { prepare = by_name("Prot 22") },
    cut_during = { "--transport", "ssh", server = SLOW, act = when_started(cut) },
    powershell_during = { "--transport", "ssh", server = SLOW, act = when_started(kill_powershell) },
    cut_after = { "--transport", "ssh", server = LONG, act = when_seen(cut) },
    killed_after = { "--transport", "ssh", "--wait-timeout", "8", server = LONG, act = when_seen(kill) },
    restarted = { server = LONG, act = when_seen(restart) },
    restarted_by_ssh = { "--transport", "ssh", server = LONG, act = when_seen(restart) },
    restarted_during = { server = SLOW, act = when_started(restart) },
  },
}

function transport.specs(runs)
  local function ends(name, ...) return runs[name]:ends(...) end

  it("the system's ssh carries a sync as well", function()
    ends("good", "exit 0, Success, 1 started")
  end)

  it("an RSA key works there, without being asked for, and the error of the other transport says so", function()
    ends("rsa", "exit 0, Success, 1 started")
    ends("rsa_by_itself", "exit 0, Success, 1 started")
    ends("rsa_by_libssh2", "exit 2, ssh.auth (none), 0 started",
      "; --transport ssh would help: the system's ssh can do this")
  end)

  it("a name of the SSH configuration is enough, whichever transport that needs", function()
    ends("named", "exit 0, Success, 1 started")
    ends("named_with_more", "exit 0, Success, 1 started")
  end)

  it("a mistake in the SSH configuration is told with its line, and nothing is contacted", function()
    ends("misspelled", "exit 65, input.session (none), 0 started",
      "/ssh_config: line 3: Bad configuration option: prot")
    assert.equal(0, runs.misspelled.far:count_in_log("Connection from"))
  end)

  it("lost during the start: the cycle is found, and none is started a second time", function()
    for _, name in ipairs({ "cut_during", "powershell_during", "restarted_during" }) do
      local outcome = ends(name, "exit 0, Success, 1 started")
      assert.same({ "maybe", "Started" }, { outcome.data.Baseline.Accepted, outcome.data.Carried })
    end
  end)

  it("lost while a cycle runs: the wait goes on, also when the server was restarted", function()
    for _, name in ipairs({ "cut_after", "restarted", "restarted_by_ssh" }) do
      local outcome = ends(name, "exit 0, Success, 1 started")
      assert.equal("yes", outcome.data.Baseline.Accepted)
    end
  end)

  it("lost for good: a timeout that says why nothing was seen", function()
    ends("killed_after", "exit 124, sync.timeout (applied), 1 started",
      "the last look failed: the call was not done within ", "Connection refused")
  end)
end

return transport
