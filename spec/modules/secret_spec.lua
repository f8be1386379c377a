local json = require("idle.json")
local process = require("idle.process")
local secret = require("idle.secret")

-- A file with this content and mode, removed at the end of the spec.
local function file_with(content, mode)
  local path = os.tmpname()
  local file <close> = assert(io.open(path, "wb"))
  file:write(content)
  file:close()
  assert(os.execute(("chmod %s '%s'"):format(mode, path)))
  finally(function() os.remove(path) end)
  return path
end

describe("idle.secret", function()
  it("prints as [REDACTED], also in an error message", function()
    local password = secret.new("hunter2")
    assert.equal("[REDACTED]", tostring(password))
    assert.equal("[REDACTED]", ("%s"):format(password))
  end)

  it("is refused by JSON", function()
    local text, err = json.encode({ password = secret.new("hunter2") })
    assert.is_nil(text)
    assert.matches("^password is a idle%.secret", err.message)
    assert.is_nil(err.message:find("hunter2", 1, true))
  end)

  -- In a program of its own: the other specs need their environment.
  it("takes a variable out of the environment, and out of the block that others can read", function()
    local child <close> = assert(process.spawn{
      command = { process.executable(), "-e", [[
        local secret = assert(require("idle.secret").from_env("TEST_PASSWORD"))
        local block = io.open("/proc/self/environ", "rb"):read("a")
        print(secret, os.getenv("TEST_PASSWORD"), block:find("hunter2", 1, true))
      ]] },
      env = { TEST_PASSWORD = "hunter2" },
    })
    assert.equal("[REDACTED]\tnil\tnil\n", child:read_all(10000))
  end)

  it("says which variable is missing", function()
    local none, err = secret.from_env("IDLE_NO_SUCH_SECRET")
    assert.is_nil(none)
    assert.equal("secret.missing", err.kind)
    assert.matches("'IDLE_NO_SUCH_SECRET' is not set", err.message)
  end)

  it("refuses what holds nothing", function()
    local child <close> = assert(process.spawn{
      command = { process.executable(), "-e", [[
        local _, err = require("idle.secret").from_env("TEST_PASSWORD")
        print(err.kind, err.message)
      ]] },
      env = { TEST_PASSWORD = "" },
    })
    assert.equal("secret.missing\tenvironment variable 'TEST_PASSWORD' is empty; it should hold a secret\n",
      child:read_all(10000))
    for _, content in ipairs({ "", "\n", "\r\n" }) do
      local none, err = secret.from_file(file_with(content, "600"))
      assert.is_nil(none)
      assert.equal("secret.missing", err.kind)
      assert.matches("^secret file '.*' is empty; it should hold a secret$", err.message)
    end
  end)

  it("reads a private file", function()
    assert.equal("[REDACTED]", tostring(assert(secret.from_file(file_with("hunter2\n", "600")))))
  end)

  it("refuses a file that others can read, naming it and not its content", function()
    local path = file_with("hunter2\n", "640")
    local none, err = secret.from_file(path)
    assert.is_nil(none)
    assert.equal("secret.unsafe", err.kind)
    assert.equal(("secret file '%s' is not used: others can read it; use chmod 600"):format(path), err.message)
  end)

  it("refuses what is no regular file, and a file that is too long", function()
    assert.equal("secret.unsafe", select(2, secret.from_file("/dev/null")).kind)
    assert.matches("longer than 64 KiB", select(2, secret.from_file(file_with(("x"):rep(70000), "600"))).message)
  end)

  it("says that a file is missing", function()
    local _, err = secret.from_file("/nonexistent/password")
    assert.equal("secret.read", err.kind)
    assert.matches("No such file", err.message)
  end)

  it("asks for systemd where there is no credentials folder", function()
    local _, err = secret.from_credential("entra")
    assert.equal("secret.missing", err.kind)
    assert.matches("LoadCredential", err.message)
  end)

  -- In a program of its own: the folder is named by its environment.
  it("takes a credential as systemd makes it, but not one that everybody can read", function()
    local function outcome(mode)
      local path = file_with("hunter2\n", mode)
      local folder, name = path:match("^(.*)/(.*)$")
      local child <close> = assert(process.spawn{
        command = { process.executable(), "-e", [[
          local secret, err = require("idle.secret").from_credential(arg[1])
          print(secret or err.kind)]], "-", name },
        env = { CREDENTIALS_DIRECTORY = folder },
      })
      child:finish()
      return child:read_all(10000)
    end
    assert.equal("[REDACTED]\n", outcome("400"))
    assert.equal("[REDACTED]\n", outcome("440"))
    assert.equal("secret.unsafe\n", outcome("444"))
  end)

  it("can be closed twice, and still prints", function()
    local password = secret.new("hunter2")
    password:close()
    password:close()
    assert.equal("[REDACTED]", tostring(password))
  end)
end)
