local child = require("spec.support.child")

-- In a program of its own: this one's books may be kept, or not.
local function run(script)
  local outcome = child.run({ "-e", 'local live, idle = require("idle.live"), require("idle") ' .. script })
  assert.equal("", outcome.stderr)
  return outcome.stdout
end

describe("idle.live", function()
  it("lists tasks that are younger, with the places where they were spawned and wait", function()
    assert.equal("1\t(command line):2\tsleep\t(command line):3\tfalse\tfalse\n", run([[
      local old = idle.spawn(idle.sleep, 60) local births = live.births()
      local young = idle.spawn(function()
        idle.sleep(60)
      end)
      idle.sleep(0)
      local task = live.tasks(births)[1]
      print(#live.tasks(births), task.place, task.waits_in, task.waits_at, task.is_ready, task.is_ending)
      old:cancel() young:cancel()
    ]]))
  end)

  it("hands out the errors that nobody joined, once", function()
    assert.equal("1\t(command line):2: boo\t(command line):2\t0\n", run([[live.keep_books()
      idle.spawn(function() error("boo") end)
      idle.sleep(0)
      local failures = live.failures(0)
      print(#failures, failures[1].error, failures[1].raised_at, #live.failures(0))
    ]]))
  end)

  it("keeps no books until it is told to", function()
    assert.equal("0\t1\ttrue\ta thing\t(command line):1\n", run([[
      local function open() return live.enter({}, function() return true end, "a thing") end
      open() io.write(#live.opened(0), "\t") live.keep_books()
      local thing = open()
      local opened = live.opened(0)
      print(#opened, thing == opened[1].object, opened[1].what, opened[1].place)
    ]]))
  end)

  it("knows what is open, what is not yet, and what was closed or forgotten", function()
    assert.equal("0 1 0 0 1 0\n", run([[live.keep_books()
      local state = false
      live.enter({}, function() return state end, "a thing")
      io.write(#live.opened(0), " ")
      state = true
      io.write(#live.opened(0), " ", #live.opened(live.births()), " ")
      state = nil
      io.write(#live.opened(0), " ")
      state = true
      live.enter({}, function() return state end, "a thing")
      io.write(#live.opened(0), " ")
      live.forget(0)
      print(#live.opened(0))
    ]]))
  end)

  it("enters what io opens, without a difference to be seen", function()
    assert.equal("file '/dev/null'\tfile 'true'\ttemporary file\tnil\n", run([[live.keep_books() live.watch_files()
      live.watch_files()
      local files = { io.open("/dev/null"), io.popen("true"), io.tmpfile() }
      local what = {}
      for i, opened in ipairs(live.opened(0)) do what[i] = opened.what end
      for _, file in ipairs(files) do file:close() end
      print(what[1], what[2], what[3], live.opened(0)[1])
    ]]))
    assert.equal(child.run({ program = "lua5.4", "-e", "print(pcall(io.open)) print(io.open('/no/such'))" }).stdout,
      run("live.keep_books() live.watch_files() print(pcall(io.open)) print(io.open('/no/such'))"))
  end)

  it("does not mind a file that was made into something else", function()
    assert.equal("0\n", run([[live.keep_books() live.watch_files()
      local file <const> = io.tmpfile()
      debug.setmetatable(file, { __name = "other" })
      print(#live.opened(0))
    ]]))
  end)

  it("does not keep ten thousand closed files", function()
    assert.equal("true\n", run([[live.keep_books() live.watch_files()
      collectgarbage() local before = collectgarbage("count")
      for _ = 1, 10000 do io.open("/dev/null"):close() end
      collectgarbage() collectgarbage()
      print(collectgarbage("count") - before < 200)
    ]]))
  end)

  it("leaves what a session has opened to the session", function()
    assert.equal("1\tthe session with\tfalse\n", run(([[live.keep_books()
      local session = idle.process_session{ command = { %q, "spec/support/fake_powershell.lua", "good" } }
      session:info()
      local opened = live.opened(0)
      session:close()
      print(#opened, opened[1].what:match("^[^']+%%w"), live.opened(0)[1] ~= nil)
    ]]):format(child.PROGRAM)))
  end)

  it("sees descriptors that were opened, also under a number that was used before", function()
    assert.equal("0\t1\t/dev/null\n", run([[
      local first = io.open("/dev/zero")
      local snapshot = live.descriptors()
      io.write(#live.added(snapshot), "\t")
      first:close()
      local second <close> = io.open("/dev/null")
      local added = live.added(snapshot)
      print(#added, added[1].target)
    ]]))
  end)
end)
