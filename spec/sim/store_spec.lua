local file = require("idle.file")
local loop = require("idle.loop")
local store = require("idle.sim.store")

describe("idle.sim.store", function()
  local dir

  before_each(function() dir = assert(file.temp_dir("idle-store-")) end)
  after_each(function() file.remove_all(dir) end)

  local kinds = {
    ["in memory"] = function() return store.memory(loop) end,
    ["in files"] = function() return store.files(dir .. "/server.json", loop) end,
  }

  for kind, open in pairs(kinds) do
    it("remembers counts and starts " .. kind, function()
      local memory = open()
      local function count() return memory:transaction(function(state) return state:count_call("get-date") end) end
      assert.equal(1, count())
      assert.equal(2, count())
      local at_ms = loop.now_ms()
      memory:transaction(function(state) state:accept(at_ms, "Initial", 42) end)
      memory:transaction(function(state)
        assert.same({ { at_ms = at_ms, policy = "Initial" } }, state.starts)
      end)
      assert.equal(1, #memory:ledger())
      assert.same({ 1, "Initial", 42 },
        { memory:ledger()[1].Seq, memory:ledger()[1].PolicyType, memory:ledger()[1].Pid })
    end)
  end

  it("hands out copies of its ledger", function()
    local memory = store.memory(loop)
    memory:transaction(function(state) state:accept(1000, "Delta", 1) end)
    memory:ledger()[1].Seq = 9
    assert.equal(1, memory:ledger()[1].Seq)
  end)

  it("knows a start that is in the ledger, whatever else was lost", function()
    local path = dir .. "/server.json"
    store.files(path, loop):transaction(function(state) state:accept(loop.now_ms(), "Delta", 1) end)
    assert(file.remove(path .. ".state"))
    store.files(path, loop):transaction(function(state) assert.equal(1, #state.starts) end)
  end)

  it("keeps the moment at which the server came up", function()
    local path, epoch = dir .. "/server.json", nil
    store.files(path, loop):transaction(function(state) epoch = state.EpochMs end)
    loop.sleep(5)
    store.files(path, loop):transaction(function(state) assert.equal(epoch, state.EpochMs) end)
  end)
end)
