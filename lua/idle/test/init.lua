--- What a spec sees beside busted: `idle.test`. Modules are loaded when they are used, and not kept, as in `idle`.

---@class idle.test
---@field fake_session   fun(script: table<string, any>): idle.test.FakeSession
---@field fake_provider  fun(capabilities_or_script?: any, script?: table<string, any>): idle.test.FakeProvider
---@field recording_sink fun(): idle.test.RecordingSink
---@field answer         fun(value?: any, options?: { warnings?: string[] }): idle.test.Answer
---@field fails          fun(kind: any, message?: string, facts?: table): idle.test.Answer
---@field after          fun(seconds: number, answer?: any): idle.test.Answer
---@field loses_answer   fun(answer?: any): idle.test.Answer
---@field in_turn        fun(answers: table): idle.test.Answer
---@field each_fault     fun(flow: (fun(sim: idle.SimServer, fault: idle.test.Fault): any),
---                       options?: idle.test.EachFaultOptions): idle.test.FaultReport[]?
---@field in_virtual_time fun(f: (fun(...): ...), options?: idle.test.VirtualTimeOptions): fun(...): ...
---@field virtual_time   fun(f: (fun(): ...), options?: idle.test.VirtualTimeOptions): ...  runs f without waiting
---@field seed           fun(seed: integer)  makes chance repeatable: jitter, ids and `math.random`
local test = {}

-- Where the members are: a module, and the field of it that is meant.
local MEMBERS = {
  fake_session = { "idle.test.fake_session" },
  fake_provider = { "idle.test.fake_provider" },
  recording_sink = { "idle.test.recording_sink" },
  answer = { "idle.test.answers", "answer" },
  fails = { "idle.test.answers", "fails" },
  after = { "idle.test.answers", "after" },
  loses_answer = { "idle.test.answers", "loses_answer" },
  in_turn = { "idle.test.answers", "in_turn" },
  each_fault = { "idle.test.each_fault" },
  in_virtual_time = { "idle.test.in_virtual_time" },
  virtual_time = { "idle.test.virtual_time" },
  seed = { "idle.test.chance", "seed" },
}

return setmetatable(test, {
  __name = "idle.test",
  __index = function(_, name)
    local place = MEMBERS[name]
    if not place then return require("idle.host.missing").note("idle.test", name, MEMBERS) end
    local module = require(place[1])
    return place[2] and module[place[2]] or module
  end,
})
