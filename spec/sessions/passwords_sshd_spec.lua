local eventually = require("spec.support.eventually")
local far = require("spec.support.far")
local file = require("idle.file")
local idle = require("idle")
local loop = require("idle.loop")
local secret = require("idle.secret")
local ssh_far = require("spec.support.ssh_far")
local ssh_session = require("idle.sessions.ssh")

describe("idle.sessions.passwords, with a real sshd,", function()
  local function server_with(lines, env)
    env = env or {}
    env.LD_PRELOAD = ssh_far.STAND_IN
    table.insert(lines, 1, "PubkeyAuthentication no")
    return ssh_far.server({ config = lines, env = env })
  end

  local function session(server, password, more)
    local options = ssh_far.session_options(server, { password = password })
    options.identity_file = nil
    for name, v in pairs(more or {}) do options[name] = v end
    return ssh_session(options)
  end

  local function run(one) return one:run({ command = "echo x" }).stdout end

  local function count(server, words) return select(2, server:settled_log():gsub(words, "")) end

  it("sends a wrong password once for five thousand sessions", function()
    local server <close> = server_with({ "PasswordAuthentication yes" })
    local path = server.dir .. "/password"
    assert(file.write_private(path, "wrong\n"))
    for _ = 1, 5000 do
      local password <close> = assert(secret.from_file(path))
      local one <close> = session(server, password)
      assert.equal("ssh.auth", far.raised(run, one).kind)
    end
    assert.same({ 1, 1 }, { count(server, "Failed password"), count(server, "Connection from") })
  end)

  it("sends it once for many sessions at once, by either method", function()
    for _, line in ipairs({ "PasswordAuthentication yes", "KbdInteractiveAuthentication yes" }) do
      local server <close> = server_with({ "UsePAM yes", line })
      local tasks = {}
      for index = 1, 200 do
        tasks[index] = loop.spawn(function()
          local one <close> = session(server, secret.new("wrong"))
          return run(one)
        end)
      end
      for _, task in ipairs(tasks) do assert.equal("ssh.auth", far.raised(task.join, task).kind) end
      assert.same({ 1, 1 }, { count(server, "Failed %a[%a%-/]+ for"), count(server, "Connection from") })
    end
  end)

  it("lets many sessions in by the right one", function()
    local server <close> = server_with({ "PasswordAuthentication yes", "MaxStartups 10:30:100" })
    local password, calls = secret.new(ssh_far.PASSWORD), {}
    for index = 1, 50 do
      calls[index] = function()
        local one <close> = session(server, password)
        return run(one)
      end
    end
    for _, output in ipairs(idle.gather(calls)) do assert.equal("x\n", output) end
    assert.equal(50, count(server, "Accepted password"))
  end)

  it("counts one that was given though nobody waited for the answer", function()
    local files = assert(file.temp_dir("idle-ssh-"))
    finally(function() file.remove_all(files) end)
    local mark = files .. "/ponders"
    local server <close> = server_with({ "UsePAM yes", "PasswordAuthentication yes" },
      { IDLE_PASSWORD_HANGS = mark })
    for _ = 1, 3 do
      local one <close> = session(server, secret.new(ssh_far.PASSWORD))
      local task = loop.spawn(run, one)
      eventually(function() return file.exists(mark) end, "the server ponders the password")
      task:cancel()
      assert.equal("cancelled", far.raised(task.join, task).kind)
      assert(file.remove(mark))
    end
    local one <close> = session(server, secret.new(ssh_far.PASSWORD))
    assert.matches("was given 3 times already in this process, and no answer ever came", far.raised(run, one).message)
    assert.equal(3, select(2, server:log():gsub("Connection from", "")))
  end)

  it("does not bother the hops when the password behind them was refused", function()
    local hop <close> = ssh_far.server({ config = { "AllowTcpForwarding yes" } })
    local server <close> = server_with({ "PasswordAuthentication yes" })
    local all = server:write_known_hosts(file.read(server.known_hosts) .. file.read(hop.known_hosts))
    for _ = 1, 3 do
      local one <close> = session(server, secret.new("wrong"), {
        identity_file = hop.identity_file, known_hosts = all,
        proxy_jump = ("%s@%s:%d"):format(hop.user, hop.host, hop.port),
      })
      assert.equal("ssh.auth", far.raised(run, one).kind)
    end
    assert.same({ 1, 1 }, { count(server, "Failed password"), count(hop, "Connection from") })
  end)
end)
