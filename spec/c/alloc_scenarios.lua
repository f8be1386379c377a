--- What alloc_test runs over and over: short, and without a require while it is armed.
local base64 = require("idle.base64")
local clixml = require("idle.clixml")
local file = require("idle.file")
local json = require("idle.json")
local loop = require("idle.loop")
local process = require("idle.process")
local secret = require("idle.secret")
local value = require("idle.engine.value")

-- Errors are built by these, and must not be loaded while memory fails.
require("idle.engine.errors")

--- Calls a scenario whose allocation `number` fails. The C side knows it by this name.
function _G.run_armed(scenario, number)
  _G.arm(number)
  scenario()
  _G.arm(0)
end

local sample = {
  list = { 1, 2.5, "text\n_x000A_", json.null, true }, empty = value.list(), map = { a = {}, b = { c = "d" } },
}

local answer = clixml.encode({
  output = { { Name = "x", Bytes = value.bytes("\1\2\3") }, "two", 3, 4.5 }, warnings = value.list(),
})

local types = '<Objs><Obj RefId="0"><TN RefId="0"><T>System.Enum</T></TN><ToString>A</ToString></Obj></Objs>'
local stderr = '#< CLIXML\n<Objs><S S="Error">boom_x000A_</S><S S="warning">careful</S></Objs>raw'

local scenarios = {}

function scenarios.clixml_encode()
  assert(clixml.encode(sample))
  clixml.encode({ a = { print } })
end

function scenarios.clixml_decode()
  assert(clixml.decode(answer))
  assert(clixml.decode(types))
  clixml.decode("<Objs><Foo/>")
end

function scenarios.clixml_stderr()
  clixml.stderr_text(stderr)
  clixml.stderr_text(stderr:sub(30))
end

function scenarios.json()
  local text = assert(json.encode(sample, { indent = 2 }))
  assert(json.decode(text))
  json.decode("[1,")
end

function scenarios.base64_and_secret()
  assert(base64.decode(base64.encode("text")))
  local password <close> = secret.new("geheim")
  clixml.encode({ password }, { secrets = true })
end

function scenarios.file()
  local dir = file.temp_dir("idle-alloc-test-")
  if not dir then return end
  local _ <close> = setmetatable({}, { __close = function() file.remove_all(dir) end })
  assert(file.write_private(dir .. "/f", "text"))
  assert(file.append_synced(dir .. "/f", "more"))
  assert(file.read(dir .. "/f"))
  local lock <close> = assert(file.lock(dir .. "/f"))
  assert(file.real_path(dir))
  return lock
end

function scenarios.loop()
  local task = loop.spawn(function(...)
    loop.sleep(0)
    return ...
  end, 1, 2)
  loop.sleep(0)
  task:join()
end

function scenarios.process()
  local p <close> = assert(process.spawn({ command = { "cat" }, env = { A = "1" }, cwd = "/" }))
  assert(p:write("line\nlast", 20000))
  p:finish()
  assert(p:read_line(20000))
  assert(p:read_all(20000))
  p:stderr()
  assert(p:wait_exit(20000))
end

return scenarios
