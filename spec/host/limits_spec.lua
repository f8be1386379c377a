--- Files that are too large or too deep are refused by name, and where there is a place, with it.
local child = require("spec.support.child")
local file = require("idle.file")

local MIB = 1024 * 1024

describe("a file that is", function()
  local folder

  -- Sparse: it takes no room on the disk.
  local function large(name, bytes)
    local handle <close> = assert(io.open(folder .. "/" .. name, "w"))
    assert(handle:seek("set", bytes))
    assert(handle:write("x"))
  end

  setup(function()
    folder = child.folder({
      ["workflow.psd1"] = "@{ Name = 'W'; LifecycleEvent = 'Joiner'; Steps = @() }",
      ["deep.json"] = '{ "Intent":\n' .. ("["):rep(5000),
      ["deep.psd1"] = "@{ Intent =\n" .. ("@("):rep(5000),
    })
    large("large.json", 64 * MIB)
    large("large.psd1", 64 * MIB)
    large("baseline", MIB)
    large("known_hosts", 16 * MIB)
    large("identity", 64 * 1024)
  end)
  teardown(function() file.remove_all(folder) end)

  local function says(text, ...)
    local arguments = { ... }
    for index, argument in ipairs(arguments) do arguments[index] = argument:gsub("^@", folder .. "/") end
    local outcome = child.run(arguments)
    local said = outcome.stdout .. outcome.stderr
    assert.is_truthy(said:find(text:gsub("@", folder .. "/"), 1, true), said)
    assert.equal(65, outcome.exit_code)
  end

  it("nested too deeply is refused with its place", function()
    says("@deep.json, line 2, column 2048: maximum parsing depth reached", "plan", "@workflow.psd1", "--request",
      "@deep.json")
    says("@deep.psd1:2:", "plan", "@workflow.psd1", "--request", "@deep.psd1")
    says("nested deeper than 4096 levels", "check", "@deep.psd1")
  end)

  local function sync_says(text, option, path)
    says(text, "sync", "--host", "127.0.0.1", "--port", "1", "--no-agent", option, path)
  end

  it("too large is refused by its name", function()
    says("'@large.json' is larger than 67108864 bytes", "plan", "@workflow.psd1", "--request", "@large.json")
    says("'@large.psd1' is larger than 67108864 bytes", "check", "@large.psd1")
    sync_says("'@known_hosts' has more than 16777216 bytes", "--known-hosts", "@known_hosts")
    sync_says("'@identity' is too large for a key", "--identity", "@identity")
    sync_says("'@baseline' is larger than 1048576 bytes", "--baseline", "@baseline")
  end)
end)
