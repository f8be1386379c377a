--- Packets vanish at random moments of a command. IDLE_FAULT_MOMENTS=200 tries so many of them.
local far = require("spec.support.far")
local faults = require("spec.support.faults")
local idle = require("idle")
local loop = require("idle.loop")
local netns = require("spec.support.netns")

local MOMENTS = tonumber(os.getenv("IDLE_FAULT_MOMENTS") or 16)
local LANES = 8

-- Half a command's time on the way to its effect, and half on the way back.
local PAUSE_MS = 100

-- Seconds: of a command that has been sent, and of all that a first command needs.
local COMMAND_TIMEOUT, WHOLE_TIMEOUT = 0.5, 0.8

local function wait(milliseconds)
  if milliseconds > 0 then loop.sleep(milliseconds) end
end

describe("packets dropped both ways", function()
  local network, server

  local function new_session(address)
    return server.session({ host = address, host_key = server:fingerprint(), command_timeout = COMMAND_TIMEOUT })
  end

  local function command(session, id)
    return session:InvokeCommand("Start-Sync", { Id = id, PauseMilliseconds = PAUSE_MS })
  end

  -- What the error says and what the far end did must not contradict each other.
  local function keeps_to_the_ledger(id, is_ok, err)
    local count = server.ledger()[id] or 0
    if is_ok then return assert.equal(1, count) end
    assert.is_true(err.kind == "timeout" or err.kind == "ssh.timeout", tostring(err))
    assert.is_true(count <= (err.effect == "none" and 0 or 1), tostring(err))
  end

  local figures = { count = 0, failures = 0, late = 0, cleanup = 0 }

  local function note(is_ok, late, cleanup)
    figures.count, figures.failures = figures.count + 1, figures.failures + (is_ok and 0 or 1)
    figures.late, figures.cleanup = math.max(figures.late, late), math.max(figures.cleanup, cleanup)
  end

  -- Runs a command that packets are dropped in the midst of.
  local function try(id, address, limit, delay_ms, session, f)
    local dropper = loop.spawn(function()
      wait(delay_ms)
      network:drop(address)
    end)
    local is_ok, err, seconds = faults.timed(f, session, id)
    local _, _, cleanup = faults.timed(session.close, session)
    dropper:join()
    note(is_ok, seconds - limit, cleanup)
    assert.is_true(seconds <= limit + faults.LATE_SECONDS, ("%.2f s at moment %.0f ms"):format(seconds, delay_ms))
    assert.is_true(cleanup < faults.CLEANUP_SECONDS, "closing waited")
    keeps_to_the_ledger(id, is_ok, err)
    network:pass(address)
  end

  local function in_a_command(id, address)
    local session <close> = new_session(address)
    session:info()
    try(id, address, COMMAND_TIMEOUT, loop.random() * 2 * PAUSE_MS, session, command)
  end

  local function on_the_way_to_it(id, address)
    local session <close> = new_session(address)
    try(id, address, WHOLE_TIMEOUT, loop.random() * 500, session, function()
      return idle.with_timeout(WHOLE_TIMEOUT, command, session, id)
    end)
  end

  -- Tries all moments, several at a time, each lane at an address of its own.
  local function try_all(play, prefix)
    figures.count, figures.failures = 0, 0
    local next_moment = 1
    local function lane(number)
      while next_moment <= MOMENTS do
        local moment = next_moment
        next_moment = moment + 1
        play(prefix .. moment, network:address(number))
      end
    end
    local lanes = {}
    for number = 1, LANES do lanes[number] = function() lane(number) end end
    local check_level = faults.level()
    faults.together(lanes)
    check_level()
    assert.equal(MOMENTS, figures.count)
    assert.is_true(figures.failures > 0, "no packet was missed")
  end

  if not netns.is_possible() then
    pending("at any moment of a command: needs the right to make a network namespace")
    return
  end

  setup(function()
    network = netns.new()
    server = far.scripted_sshd("ledger", { address = "0.0.0.0", within = network.within,
                                           config = { "MaxStartups 100", "UseDNS no" } })
  end)
  teardown(function()
    getmetatable(server).__close()
    network:close()
    if os.getenv("IDLE_FAULT_MOMENTS") then
      print(("at most %.3f s after the deadline; closing took %.4f s"):format(figures.late, figures.cleanup))
    end
  end)

  it("at any moment of a command: it ends within its deadline and a second", function()
    try_all(in_a_command, "command ")
  end)

  it("at any moment on the way to a command: it ends within the deadline and a second", function()
    try_all(on_the_way_to_it, "way ")
  end)
end)
