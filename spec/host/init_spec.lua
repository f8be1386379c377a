local child = require("spec.support.child")
local idle = require("idle")
local specs = require("spec.support.specs")

describe("idle", function()
  local function failure(f, ...)
    local ok, err = pcall(f, ...)
    assert.is_false(ok)
    return err
  end

  it("has every call that a script is promised", function()
    for _, name in ipairs({
      "sleep", "spawn", "gather", "with_timeout", "wait_until", "now", "monotonic", "exec", "ssh_session",
      "process_session", "auth_session_broker", "list", "is_list", "bytes", "is_error", "error", "run",
      "trigger_directory_sync", "forget_refused_passwords",
    }) do
      assert.equal("function", type(idle[name]), name)
    end
    for _, name in ipairs({ "secret", "json", "providers", "sim", "test" }) do
      assert.equal("table", type(idle[name]), name)
    end
    assert.equal("function", type(idle.providers.entra_connect))
    assert.equal("function", type(idle.sim.sync_server))
    assert.equal("userdata", type(idle.null))
  end)

  it("has nothing else", function()
    assert.is_nil(idle.sleeep)
    assert.is_nil(idle.providers.entraconnect)
    assert.is_nil(idle[1])
  end)

  it("loads nothing that is not used", function()
    local outcome = child.run({ "-e", [[
      local idle = require("idle")
      local loaded = {}
      for name in pairs(package.loaded) do
        if name:find("^idle%.") then loaded[#loaded + 1] = name end
      end
      print(table.concat(loaded, " "))]] })
    assert.equal("idle.host.options\n", outcome.stdout)
  end)

  it("raises where a C module returns an error", function()
    local err = failure(idle.json.decode, "{")
    assert.equal("input.json", err.kind)
    assert.is_true(idle.is_error(err))
    assert.equal("secret.missing", failure(idle.secret.from_env, "IDLE_SPEC_NO_SUCH_VARIABLE").kind)
    assert.same({ 1 }, idle.json.decode("[1]"))
    assert.equal(idle.null, idle.json.null)
  end)

  it("refuses what can't be right as an error of a kind, which names the line of the script", function()
    for _, case in ipairs({
      { "spawn: the first argument must be a function, got nil", idle.spawn },
      { "list: the first argument must be a table, got 'x'", idle.list, "x" },
      { "bytes: the first argument must be a text, got 5", idle.bytes, 5 },
      { "error: message must be a text, got nil", idle.error, "my.kind" },
      { "json.decode: bad argument #1 (string expected, got no value)", idle.json.decode },
      { "secret.from_file: bad argument #1 (string expected, got no value)", idle.secret.from_file },
      { "load_plan: path must be a text, got 5", idle.load_plan, 5 },
      { "InvokeCommand is called with a colon: session:InvokeCommand(CommandName, Parameters)",
        idle.sim.sync_server{}:session().InvokeCommand, "Get-Date" },
      { "step is called with a colon: run:step(name, what, …)", idle.run{ name = "x" }.step, "x", print },
    }) do
      local err = failure(table.unpack(case, 2))
      assert.same({ "input.parameter", case[1] }, { err.kind, err.message })
    end
    assert.equal("input.plan", failure(idle.export_plan, {}).kind)
    assert.equal("the options of the simulator must be a table, got a string",
      failure(idle.sim.sync_server, "x").message)
    local outcome = child.run({ "-", stdin = "local idle = require('idle')\nidle.sleep('x')" })
    assert.equal(65, outcome.exit_code)
    assert.matches("stdin:2: sleep: seconds must be a number of seconds, 0 or more, got 'x'\n", outcome.stderr, 1, true)
  end)

  it("raises errors of the script's own", function()
    local err = failure(idle.error, "shop.closed", "closed", { effect = "none", data = { hours = 8 } })
    assert.equal("shop.closed", err.kind)
    assert.equal("closed", tostring(err))
    assert.equal("none", err.effect)
    assert.equal(8, err.data.hours)
  end)

  it("spawns tasks", function()
    local task = idle.spawn(function(a) idle.sleep(0.001) return a + 1 end, 1)
    assert.equal(2, task:join())
  end)

  -- busted takes out of package.loaded, behind each file, what the file has loaded. What its helper has loaded stays.
  it("is one and the same thing in every spec file, though a helper has loaded it", function()
    local text = [[
      local idle = require("idle")
      it("is", function()
        local with = { AuthSessionName = "EntraConnect", PolicyType = "Delta", Wait = true }
        local sync = idle.test.virtual_time(function()
          local session = idle.sim.sync_server():session()
          return idle.trigger_directory_sync(with, {
            Providers = {
              DirectorySync = idle.providers.entra_connect(),
              AuthSessionBroker = idle.auth_session_broker{ default = session, fallback = true },
            },
          })
        end)
        assert.equal("Success", sync.Data.Outcome)
        assert.equal(idle.json, idle.json)
      end)]]
    local run = specs.run({ ["a_spec.lua"] = text, ["b_spec.lua"] = text, ["helper.lua"] = 'require("idle")' },
      { "test", ".", "--helper=helper.lua" })
    assert.matches("^%+%+\n2 successes", run.outcome.stdout)
    assert.equal(0, run.outcome.exit_code)
  end)
end)
