--- What happens to the far end of a specimen, and when.
local disturbance = {}

--- Acts once the first start has taken effect.
---@param act fun(far: table)
---@return fun(far: table)
function disturbance.when_started(act)
  return function(far)
    far:wait_for_starts(1)
    act(far)
  end
end

--- Acts once the run has seen its cycle.
---@param act fun(far: table)
---@return fun(far: table, run: table)
function disturbance.when_seen(act)
  return function(far, run)
    run:wait_for_cycle()
    act(far)
  end
end

function disturbance.cut(far) far:kill_connections() end
function disturbance.kill(far) far:kill_sshd() end
function disturbance.kill_powershell(far) far:kill_powershells() end

return disturbance
