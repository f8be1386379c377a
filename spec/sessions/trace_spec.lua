local far = require("spec.support.far")
local trace = require("idle.sessions.trace")

describe("idle.sessions.trace", function()
  local lines

  before_each(function()
    lines = {}
    trace.to(function(line) lines[#lines + 1] = line end)
  end)

  after_each(function() trace.to(nil) end)

  it("logs start, requests and frames", function()
    local server <close> = far.server()
    local session <close> = server.session()
    session:InvokeCommand("Get-Date", {})
    local log = table.concat(lines, "\n")
    assert.matches("frame 0 hello, %d+ characters", log)
    assert.matches("answers: PowerShell 5%.1", log)
    assert.matches("request 1 Get%-Date, %d+ characters\nframe 1 ok, %d+ characters$", log)
  end)

  it("never logs a value", function()
    local server <close> = far.server()
    local session <close> = server.session()
    session:InvokeCommand("Write-Output", { InputObject = "s3cret" })
    local log = table.concat(lines, "\n")
    assert.is_nil(log:find("s3cret", 1, true))
    assert.is_nil(log:find(require("idle.base64").encode("s3cret"):sub(1, 6), 1, true))
  end)

  it("is silent when nobody listens", function()
    trace.to(nil)
    trace.line("nobody %s", "hears")
    assert.same({}, lines)
  end)
end)
