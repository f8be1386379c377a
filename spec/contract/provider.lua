--- The spec that every provider must pass:
---
---   contract({ name = "…", new = function() return provider end,
---              calls = { { "Method", argument, … }, … },        -- with an AuthSession as last argument;
---                                                               -- nil: the provider invokes no commands
---              methods = { ["IdLE.Some.Capability"] = { "Method" } } })
local busted = require("busted")
local errors = require("idle.engine.errors")

-- busted makes these global in spec files only.
local assert, describe, it = require("luassert"), busted.describe, busted.it

local IDENTIFIER = "^%a%w*%.%w[%w.]*%w$"

local function is_method(provider, name)
  return type(provider[name]) == "function"
end

---@param provider { name: string, new: (fun(): table), methods: table<string, string[]>, calls: table[]? }
return function(provider)
  describe(provider.name .. " keeps the contract of providers:", function()
    it("it announces capabilities, each once and well formed", function()
      local seen = {}
      for _, capability in ipairs(provider.new():GetCapabilities()) do
        assert.matches(IDENTIFIER, capability)
        assert.is_nil(capability:find("..", 1, true))
        assert.is_nil(seen[capability:lower()])
        seen[capability:lower()] = true
      end
      assert.is_not_nil(next(seen))
    end)

    it("it announces the same every time, and lets nobody change that", function()
      local instance = provider.new()
      local first = instance:GetCapabilities()
      local count = #first
      table.remove(first)
      assert.equal(count, #instance:GetCapabilities())
    end)

    it("it has the methods of what it announces", function()
      local instance = provider.new()
      for _, capability in ipairs(instance:GetCapabilities()) do
        local methods = assert(provider.methods[capability], capability .. " is not in this spec")
        for _, name in ipairs(methods) do assert.is_true(is_method(instance, name), name .. " is missing") end
      end
    end)

    if not provider.calls then return end

    it("it refuses a session that cannot invoke commands, before anything is sent", function()
      for _, call in ipairs(provider.calls) do
        for _, session in ipairs({ {}, { InvokeCommand = true }, "session", 5 }) do
          local instance, arguments = provider.new(), { table.unpack(call, 2) }
          arguments[#call] = session
          local ok, err = pcall(instance[call[1]], instance, table.unpack(arguments, 1, #call))
          assert.is_false(ok)
          assert.is_true(errors.is(err))
          assert.equal("session.contract", err.kind)
          assert.equal("none", err.effect)
          assert.equal("AuthSession must implement InvokeCommand(CommandName, Parameters)", err.message)
        end
      end
    end)

    it("it refuses to be called without a session", function()
      for _, call in ipairs(provider.calls) do
        local instance = provider.new()
        local ok, err = pcall(instance[call[1]], instance, table.unpack(call, 2))
        assert.is_false(ok)
        assert.equal("session.contract", err.kind)
      end
    end)

    it("it raises an idle.Error for what a session raises, and loses nothing of it", function()
      for _, call in ipairs(provider.calls) do
        for _, raised in ipairs({ "the pipe broke", { message = "throttled", transient = true } }) do
          local instance, arguments = provider.new(), { table.unpack(call, 2) }
          arguments[#call] = { InvokeCommand = function() error(raised, 0) end }
          local ok, err = pcall(instance[call[1]], instance, table.unpack(arguments, 1, #call))
          assert.is_false(ok)
          assert.is_true(errors.is(err))
          assert.matches(raised.message or raised, tostring(err), 1, true)
          assert.equal(raised.transient or false, err.transient)
        end
      end
    end)

    it("it lets a cancellation and Ctrl-C through", function()
      for _, call in ipairs(provider.calls) do
        for _, raised in ipairs({ "x.lua:1: interrupted!", errors.new("cancelled", "the task was cancelled") }) do
          local instance, arguments = provider.new(), { table.unpack(call, 2) }
          arguments[#call] = { InvokeCommand = function() error(raised, 0) end }
          local _, err = pcall(instance[call[1]], instance, table.unpack(arguments, 1, #call))
          assert.equal(raised, err)
        end
      end
    end)
  end)
end
