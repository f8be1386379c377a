local file = require("idle.file")
local loop = require("idle.loop")
local sshd = require("idle.sim.sshd")

describe("idle.sim.sshd", function()
  local folder

  before_each(function() folder = assert(file.temp_dir("idle-sshd-spec-")) end)
  after_each(function()
    loop.seed(nil)
    file.remove_all(folder)
  end)

  -- Specs that run side by side with one seed would otherwise fight for the same few ports.
  it("takes another port each time, however chance repeats", function()
    local ports = {}
    for index = 1, 2 do
      loop.seed(7)
      local server <close> = sshd.start({ dir = folder .. "/" .. index })
      ports[index] = server.port
    end
    assert.not_equal(ports[1], ports[2])
  end)

  it("does not take the port of one that was stopped, whatever the time", function()
    local monotonic, ports = loop.monotonic, {}
    loop.monotonic = function() return 5 end
    finally(function() loop.monotonic = monotonic end)
    for index = 1, 2 do
      local server = sshd.start({ dir = folder .. "/" .. index })
      ports[index] = server.port
      server:stop()
    end
    assert.not_equal(ports[1], ports[2])
  end)
end)
