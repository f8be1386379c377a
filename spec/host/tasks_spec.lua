local errors = require("idle.engine.errors")
local loop = require("idle.loop")
local tasks = require("idle.host.tasks")
local virtually = require("idle.test.in_virtual_time")

describe("idle.host.tasks", function()
  local function failure(f, ...)
    local ok, err = pcall(f, ...)
    assert.is_false(ok)
    return err
  end

  -- A task that waits until it is cancelled, and notes that it was.
  local function sleeper(log)
    return function()
      local _ <close> = setmetatable({}, { __close = function() log[#log + 1] = "ended" end })
      loop.sleep(60000)
    end
  end

  local function doubtful()
    local _ <close> = setmetatable({}, { __close = function(_, err) err.effect = "unknown" end })
    loop.sleep(60000)
  end

  describe("with_timeout", function()
    it("returns all that the function returns", virtually(function()
      local function sum(a, b) loop.sleep(1) return a + b, nil, "last" end
      assert.same({ 3, nil, "last", n = 3 }, table.pack(tasks.with_timeout(5, sum, 1, 2)))
    end))

    it("raises what the function raises", virtually(function()
      assert.matches("boom", failure(tasks.with_timeout, 5, function() error("boom") end))
    end))

    it("cancels a function that takes too long, and says for how long it waited", virtually(function()
      local log = {}
      local err = failure(tasks.with_timeout, 0.02, sleeper(log))
      assert.equal("timeout", err.kind)
      assert.equal("none", err.effect)
      assert.matches("within 0.02 s", err.message)
      assert.same({ "ended" }, log)
    end))

    it("says so when a change was left in doubt", virtually(function()
      local err = failure(tasks.with_timeout, 0.02, doubtful)
      assert.equal("unknown", err.effect)
      assert.matches("^the function was not done within 0.02 s: ", tostring(err))
      assert.equal("cancelled", err.cause.kind)
    end))

    it("is not fooled by a function that swallows its end", virtually(function()
      local err = failure(tasks.with_timeout, 0.02, function() pcall(loop.sleep, 60000) return "fine" end)
      assert.equal("timeout", err.kind)
    end))

    it("ends its task when it is cancelled itself, and keeps the doubt", virtually(function()
      local log = {}
      local outer = loop.spawn(tasks.with_timeout, 60, function()
        local _ <close> = setmetatable({}, { __close = function() log[1] = "ended" end })
        doubtful()
      end)
      loop.sleep(5)
      outer:cancel()
      local err = failure(outer.join, outer)
      assert.equal("cancelled", err.kind)
      assert.equal("unknown", err.effect)
      assert.same({ "ended" }, log)
    end))

    it("refuses times and functions that are none", virtually(function()
      assert.matches("seconds must be a number", failure(tasks.with_timeout, "5", print).message)
      assert.matches("seconds must be a number", failure(tasks.with_timeout, -1, print).message)
      assert.matches("must be a function", failure(tasks.with_timeout, 1, {}).message)
    end))
  end)

  describe("gather", function()
    local function after(ms, v) return function() loop.sleep(ms) return v end end

    it("returns the first results in the order of the functions", virtually(function()
      assert.same({ "a", "b", nil, "d", n = 4 },
        tasks.gather({ after(20, "a"), after(1, "b"), after(5, nil), after(1, "d") }))
    end))

    it("does it all at once", virtually(function()
      tasks.gather({ after(100), after(100), after(100), after(100) })
      assert.equal(0.1, loop.monotonic())
    end))

    it("does at most `jobs` at once", virtually(function()
      local now, most = 0, 0
      local function job()
        now = now + 1
        most = math.max(most, now)
        loop.sleep(2)
        now = now - 1
      end
      tasks.gather({ job, job, job, job, job }, { jobs = 2 })
      assert.equal(2, most)
    end))

    it("takes an empty list", virtually(function()
      assert.same({ n = 0 }, tasks.gather({}))
    end))

    it("cancels the rest at the first error, and raises that", virtually(function()
      local log = {}
      local err = failure(tasks.gather, { sleeper(log), function() loop.sleep(2) error("first", 0) end, sleeper(log) })
      assert.equal("first", err)
      assert.same({ "ended", "ended" }, log)
      assert.equal(0.002, loop.monotonic())
    end))

    it("does not begin what is still to come after an error", virtually(function()
      local began = false
      failure(tasks.gather, { function() error("x", 0) end, function() began = true end }, { jobs = 1 })
      assert.is_false(began)
    end))

    it("says so when a cancelled one left a change in doubt", virtually(function()
      local function refuse() loop.sleep(2) error(errors.new("ssh.auth", "refused"), 0) end
      local err = failure(tasks.gather, { doubtful, refuse })
      assert.equal("ssh.auth", err.kind)
      assert.equal("unknown", err.effect)
    end))

    it("refuses what is no list of functions", virtually(function()
      assert.matches("list of functions", failure(tasks.gather, print).message)
      assert.matches("function 2 must be a function", failure(tasks.gather, { print, 5 }).message)
      assert.matches("jobs must be a whole number", failure(tasks.gather, { print }, { jobs = 0 }).message)
      assert.matches("list of functions", failure(tasks.gather, { first = print }).message)
      assert.matches("unknown field 'job'; did you mean 'jobs'", failure(tasks.gather, { print }, { job = 2 }).message)
    end))
  end)

  describe("wait_until", function()
    it("returns the first true value", virtually(function()
      local looks = 0
      local found = tasks.wait_until({ timeout = 5, interval = 0.001, check = function()
        looks = looks + 1
        return looks == 3 and "there" or false
      end })
      assert.equal("there", found)
      assert.equal(3, looks)
    end))

    it("looks once more at the deadline", virtually(function()
      assert.is_true(tasks.wait_until({ timeout = 0.05, interval = 10, check = function()
        return loop.monotonic() >= 0.05
      end }))
      assert.equal(0.05, loop.monotonic())
    end))

    it("says what it waited for", virtually(function()
      local err = failure(tasks.wait_until, { timeout = 0.01, interval = 0.005, what = "the mailbox",
        check = function() return false end })
      assert.equal("timeout", err.kind)
      assert.equal("waited 0.01 s for the mailbox", err.message)
      assert.equal("none", err.effect)
    end))

    it("raises what the check raises", virtually(function()
      assert.matches("boom", failure(tasks.wait_until, { timeout = 5, check = function() error("boom") end }))
    end))

    it("refuses to wait without a timeout", virtually(function()
      assert.matches("timeout must be a number", failure(tasks.wait_until, { check = print }).message)
      assert.matches("check must be a function", failure(tasks.wait_until, { timeout = 1 }).message)
      assert.matches("unknown field 'intervall'; did you mean 'interval'",
        failure(tasks.wait_until, { check = print, timeout = 0, intervall = 1 }).message)
      assert.matches("what must be a text",
        failure(tasks.wait_until, { check = print, timeout = 0, what = {} }).message)
    end))
  end)

  describe("sleep", function()
    it("takes fractions of a second", virtually(function()
      tasks.sleep(0.02)
      assert.equal(0.02, loop.monotonic())
    end))

    it("refuses what is no time", virtually(function()
      assert.matches("sleep: seconds must be a number", failure(tasks.sleep, -1).message)
      assert.matches("sleep: seconds must be a number", failure(tasks.sleep, 0 / 0).message)
    end))
  end)
end)
