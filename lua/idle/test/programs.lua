--- `os.execute` and `io.popen` in virtual time: they would wait for a program, and the clock would not know.
local stand_ins = require("idle.test.stand_ins")
local virtual = require("idle.virtual")

local programs = {}

--- Lets both raise `test.real_wait`, until the returned value is closed. A script that has kept one of them may use it
--- when virtual time is over.
---@return idle.test.StandIns
function programs.refuse()
  local placed = stand_ins.new()
  placed:put(os, "execute", function(execute)
    return function(command)
      if command ~= nil then virtual.refuse("'os.execute'") end -- else it asks whether there is a shell
      return execute(command)
    end
  end)
  placed:put(io, "popen", function(popen)
    return function(...)
      virtual.refuse("'io.popen'")
      return popen(...)
    end
  end)
  return placed
end

return programs
