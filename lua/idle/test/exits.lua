--- `os.exit` within a spec: it would end the run of all specs, with a status that says nothing of them.
local errors = require("idle.engine.errors")
local place = require("idle.test.place")
local stand_ins = require("idle.test.stand_ins")

local exits = {}

-- The first argument as a script has it.
local function show(code) return code == nil and "" or tostring(code) end

local function refuse(code)
  local where = place.of_caller()
  errors.raise("test.exit", ("%sos.exit(%s) would end all specs, and leave the rest of them unseen; return or raise "
    .. "instead, or put a stub in its place: stub(os, 'exit')"):format(where and where .. ": " or "", show(code)),
    { effect = "none", data = { code = code } })
end

--- Lets `os.exit` raise `test.exit`, with the status as its data, until the returned value is closed.
---@return idle.test.StandIns
function exits.refuse()
  local placed = stand_ins.new()
  placed:put(os, "exit", function() return refuse end)
  return placed
end

return exits
