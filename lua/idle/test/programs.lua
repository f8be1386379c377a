--- `os.execute` and `io.popen` in virtual time: they would wait for a program, and the clock would not know.
local stand_ins = require("idle.test.stand_ins")

local programs = {}

--- Lets both raise `test.real_wait`, until the returned value is closed.
---@param world idle.VirtualWorld
---@return idle.test.StandIns
function programs.refuse(world)
  local placed = stand_ins.new()
  placed:put(os, "execute", function(execute)
    return function(command)
      if command == nil then return execute() end -- whether there is a shell
      world:refuse("'os.execute'")
    end
  end)
  placed:put(io, "popen", function()
    return function() world:refuse("'io.popen'") end
  end)
  return placed
end

return programs
