local file = require("idle.file")
local far = require("spec.support.ssh_far")
local process = require("idle.process")

-- In a program of its own, whose ssh notes that it was started.
local SCRIPT = [[
  local idle = require("idle")
  local ssh_config = require("idle.sessions.ssh_config")
  local calls, names = {}, {}
  for i, host in ipairs({ "dc1", "DC2", "aadc" }) do
    calls[i] = function()
      local facts = ssh_config.read({ host = host, ssh_config = arg[1] })
      names[i] = facts.user .. "@" .. facts.host_name .. " by " .. facts.identity_files[1]
    end
  end
  idle.gather(calls)
  print(table.concat(names, "\n"))]]

describe("idle.sessions.ssh_answers", function()
  local dir

  setup(function()
    dir = assert(file.temp_dir("idle-answers-"))
    assert(file.mkdir(dir .. "/bin"))
    local note = '#!/bin/sh\necho >> %s/starts\nexec /usr/bin/ssh "$@"\n'
    assert(file.write_private(dir .. "/bin/ssh", note:format(dir)))
    assert(file.write_private(dir .. "/read.lua", SCRIPT))
    far.run({ "chmod", "700", dir .. "/bin/ssh" })
  end)

  teardown(function() file.remove_all(dir) end)

  -- What three hosts get, and how often ssh was started for it, not counting what it takes where nothing is written.
  local function read(text)
    assert(file.write_private(dir .. "/config", text))
    assert(file.write_private(dir .. "/starts", ""))
    local output = far.run({ assert(process.executable()), dir .. "/read.lua", dir .. "/config" },
      { PATH = dir .. "/bin:" .. os.getenv("PATH") })
    return output, #assert(file.read(dir .. "/starts")) - 1
  end

  it("asks once for all hosts where the configuration names none", function()
    assert(file.write_private(dir .. "/included", "host = *\n  IdentityFile /keys/id\n"))
    local output, starts = read(("User svc\nInclude %s/included\n"):format(dir))
    assert.equal("svc@dc1 by /keys/id\nsvc@dc2 by /keys/id\nsvc@aadc by /keys/id\n", output)
    assert.equal(1, starts)
  end)

  it("asks about each host where the configuration names one, also in a file that it includes", function()
    local own = "Host aadc\n  User svc\n  IdentityFile /keys/aadc\nHost *\n  User ops\n  IdentityFile /keys/id\n"
    assert(file.write_private(dir .. "/included", own))
    for _, text in ipairs({ own, ("Include %s/included\n"):format(dir), (own:gsub("Host aadc", "Match host aadc")) }) do
      local output, starts = read(text)
      assert.equal("ops@dc1 by /keys/id\nops@dc2 by /keys/id\nsvc@aadc by /keys/aadc\n", output)
      assert.equal(3, starts)
    end
  end)

  it("asks about each host where a hash of it is part of an answer that counts", function()
    local common = "User svc\nIdentityFile /keys/id\n"
    assert.equal(1, select(2, read(common .. "ControlPath /run/%C\n")))
    assert.equal(3, select(2, read(common .. "UserKnownHostsFile /known/%C\n")))
  end)

  it("asks about each host where its name is part of an answer", function()
    local output = read("User svc\nHostName %h.corp.example\nIdentityFile /keys/%n\n")
    assert.equal("svc@dc1.corp.example by /keys/dc1\nsvc@dc2.corp.example by /keys/dc2\n"
      .. "svc@aadc.corp.example by /keys/aadc\n", output:lower())
  end)

  it("asks about each host where a word that parts them stands in quotes", function()
    for _, line in ipairs({ '"Host" aadc', '"Match" host aadc', '\t"host" "aadc"' }) do
      local output, starts = read(line .. "\nUser svc\nHost *\nUser ops\nIdentityFile /keys/id\n")
      assert.equal("ops@dc1 by /keys/id\nops@dc2 by /keys/id\nsvc@aadc by /keys/id\n", output)
      assert.equal(3, starts)
    end
  end)

  it("sends all hosts to the one that HostName names, also if that is asked about first", function()
    local output = read("Host *\nUser svc\nHostName dc1\nIdentityFile /keys/id\n")
    assert.equal(("svc@dc1 by /keys/id\n"):rep(3), output)
  end)
end)
