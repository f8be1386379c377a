local child = require("spec.support.child")

-- The main chunk is a coroutine here and a main thread in lua; no script may see that.
local function printed(script)
  local outcome = child.same_as_lua({ "-", stdin = script })
  assert.equal(0, outcome.exit_code)
  return outcome.stdout
end

describe("in the main chunk,", function()
  it("coroutine.running tells the main thread", function()
    assert.equal("thread\ttrue\n", printed("local t, is_main = coroutine.running() print(type(t), is_main)"))
    assert.equal("true\n", printed("print(coroutine.running() == coroutine.running())"))
  end)

  it("coroutine.isyieldable says no", function()
    assert.equal("false\n", printed("print(coroutine.isyieldable())"))
    assert.equal("false\n", printed("print(coroutine.isyieldable(coroutine.running()))"))
    assert.equal("true\tfalse\n", printed([[
      local main = coroutine.running()
      coroutine.wrap(function() print(coroutine.isyieldable(), coroutine.isyieldable(main)) end)()
    ]]))
  end)

  it("coroutine.yield is refused", function()
    assert.equal("false\tattempt to yield from outside a coroutine\n", printed("print(pcall(coroutine.yield, 1))"))
    local outcome = child.same_as_lua({ "-e", "coroutine.yield()" })
    assert.match("^lua: attempt to yield from outside a coroutine\n", outcome.stderr)
    assert.equal(1, outcome.exit_code)
  end)

  it("coroutine.status tells what the main thread does", function()
    assert.equal("running\nnormal\n", printed([[
      local main = coroutine.running()
      print(coroutine.status(main))
      coroutine.wrap(function() print(coroutine.status(main)) end)()
    ]]))
  end)

  it("the main thread can be neither resumed nor closed", function()
    assert.equal("false\tcannot resume non-suspended coroutine\nfalse\tcannot resume non-suspended coroutine\n"
      .. "false\tcannot close a running coroutine\nfalse\tcannot close a normal coroutine\n", printed([[
      local main = coroutine.running()
      print(coroutine.resume(main))
      print(coroutine.wrap(function() return coroutine.resume(main) end)())
      print(pcall(coroutine.close, main))
      print(coroutine.wrap(function() return pcall(coroutine.close, main) end)())
    ]]))
  end)

  it("each chunk has the same main thread as lua has: one that is no other's coroutine", function()
    assert.equal("true\n", printed("print(select(2, coroutine.running()))"))
    child.same_as_lua({ "-e", "print(select(2, coroutine.running()))", "-e", "print(coroutine.isyieldable())" })
  end)
end)

describe("a coroutine", function()
  it("hands values back and forth", function()
    assert.equal("true\t1\t2\ntrue\tthree\tnil\ntrue\tend\nfalse\tcannot resume dead coroutine\n", printed([[
      local co = coroutine.create(function(a, b)
        local c = coroutine.yield(a, b)
        coroutine.yield(c, nil)
        return "end"
      end)
      print(coroutine.resume(co, 1, 2))
      print(coroutine.resume(co, "three"))
      print(coroutine.resume(co))
      print(coroutine.resume(co))
    ]]))
  end)

  it("has a status", function()
    assert.equal("suspended\nrunning\nnormal\ndead\n", printed([[
      local co
      co = coroutine.create(function()
        print(coroutine.status(co))
        coroutine.wrap(function() print(coroutine.status(co)) end)()
      end)
      print(coroutine.status(co))
      coroutine.resume(co)
      print(coroutine.status(co))
    ]]))
  end)

  it("yields across pcall, metamethods, iterators and __close", function()
    assert.equal("meta\titer\tclose\tend\n", printed([[
      local object = setmetatable({}, {
        __add = function() coroutine.yield("meta") return 1 end,
        __close = function() coroutine.yield("close") end,
      })
      local next_value = coroutine.wrap(function()
        pcall(function() return object + 1 end)
        for _ in function(_, last) if not last then coroutine.yield("iter") return 1 end end do end
        do local _ <close> = object end
        return "end"
      end)
      print(next_value(), next_value(), next_value(), next_value())
    ]]))
  end)

  it("that is wrapped raises its errors with the place of the caller", function()
    for _, body in ipairs({ "error('x')", "error('x', 0)", "error({})", "error()", "local a = nil + 1", "error(7)" }) do
      printed("local f = coroutine.wrap(function() " .. body .. [[ end)
        local ok, err = pcall(f)
        print(type(err) == "table" or err, pcall(f))
      ]])
    end
    assert.equal("stdin:2: stdin:1: x\n", printed([[
local f = coroutine.wrap(function() error("x") end)
local ok, err = pcall(function() f() end)
print(err)
]]))
  end)

  it("that is closed closes its variables", function()
    assert.equal("closed\tnil\ntrue\ndead\nfalse\tfrom close\n", printed([[
      local function closing(f) return setmetatable({}, { __close = f }) end
      local co = coroutine.create(function()
        local _ <close> = closing(function(_, err) print("closed", err) end)
        coroutine.yield()
      end)
      coroutine.resume(co)
      print(coroutine.close(co))
      print(coroutine.status(co))
      co = coroutine.create(function()
        local _ <close> = closing(function() error("from close", 0) end)
        coroutine.yield()
      end)
      coroutine.resume(co)
      print(coroutine.close(co))
    ]]))
  end)

  it("that is closed while it is active is refused", function()
    printed("local co co = coroutine.create(function() print(pcall(coroutine.close, co)) end) coroutine.resume(co)")
    printed([[
      local co
      co = coroutine.create(function() coroutine.wrap(function() print(pcall(coroutine.close, co)) end)() end)
      coroutine.resume(co)
    ]])
    printed("print(coroutine.close(coroutine.create(print)))")
    printed("local co = coroutine.create(error) coroutine.resume(co, 'x') print(coroutine.close(co))")
  end)

  it("refuses wrong arguments with lua's messages", function()
    for _, call in ipairs({ "create(1)", "resume(1)", "wrap({})", "status(nil)", "close('x')", "isyieldable(1)",
      "create()", "resume()", "wrap()", "status()", "close()" }) do
      assert.match("^false\tbad argument #1 to ", printed("print(pcall(function() coroutine." .. call .. " end))")
        :gsub("stdin:1: ", ""))
    end
  end)

  it("may be nested deeply, until the C stack ends", function()
    local script = [[
      local function nest(n) return n == 0 and "deep" or coroutine.wrap(nest)(n - 1) end
      print(nest(%d))
    ]]
    assert.equal("deep\n", printed(script:format(150)))
    assert.match("C stack overflow", child.run({ "-e", script:format(1000) }).stderr)
  end)

  it("that yields in table.sort, gsub or require is refused", function()
    for _, call in ipairs({
      "table.sort({ 1, 2, 3 }, coroutine.yield)", "string.gsub('a', 'a', coroutine.yield)",
      "load(coroutine.yield)", "tostring(setmetatable({}, { __tostring = coroutine.yield }))",
    }) do
      printed("print(coroutine.wrap(function() return pcall(function() " .. call .. " end) end)())")
    end
  end)

  it("that nobody needs any more is collected, one that waits in a cycle, too", function()
    assert.equal("true\n", printed([[
      local function cycle()
        local co
        co = coroutine.create(function() return co, coroutine.yield() end)
        coroutine.resume(co)
      end
      collectgarbage() local before = collectgarbage("count")
      for _ = 1, 1000 do cycle() end
      collectgarbage() collectgarbage()
      print(collectgarbage("count") - before < 50)
    ]]))
  end)
end)
