local assumptions = require("idle.sessions.assumptions")
local base64 = require("idle.base64")
local launch = require("idle.sessions.launch")

describe("idle.sessions.launch", function()
  it("keeps the command line short, for both programs", function()
    assert.equal(1066, #launch.command_line("powershell.exe"))
    assert.is_true(#launch.command_line("powershell.exe") < assumptions.max_command_line)
  end)

  it("uses only characters that mean the same to every shell", function()
    assert.is_nil(launch.command_line("powershell.exe"):find("[^A-Za-z0-9+/=. -]"))
  end)

  it("encodes stage 1 as UTF-16LE", function()
    local arguments = launch.arguments()
    local script = base64.decode(arguments[#arguments])
    assert.equal("$\0P\0r\0o\0g\0", script:sub(1, 10))
    assert.equal("-EncodedCommand", arguments[#arguments - 1])
  end)

  it("never uses $input, which would make PowerShell read the requests itself", function()
    local arguments = launch.arguments()
    local stage1 = base64.decode(arguments[#arguments]):gsub("\0", "")
    for _, script in ipairs({ stage1, base64.decode(launch.bootstrap_line()) }) do
      assert.is_nil(script:lower():find("$input", 1, true))
      assert.is_nil(script:find("[^\x20-\x7E\n]"))
    end
  end)

  it("sends the bootstrap as one line", function()
    assert.is_nil(launch.bootstrap_line():find("%s"))
  end)
end)
