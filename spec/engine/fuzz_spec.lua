--- Random input for everything that reads what others wrote: always a value or a
--- clean error, never a crash. IDLE_FUZZ_SECONDS sets how long each one runs.
local NULL = require("spec.support.null")
local condition = require("idle.engine.condition")
local condition_paths = require("idle.engine.condition_paths")
local errors = require("idle.engine.errors")
local psd1 = require("idle.engine.psd1")
local template = require("idle.engine.template")
local value = require("idle.engine.value")
local workflow = require("idle.engine.workflow")

local SECONDS = tonumber(os.getenv("IDLE_FUZZ_SECONDS") or "0.7")

local function pick(list) return list[math.random(#list)] end

-- Runs `attempt` until the time is over; a failure names the seed.
local function fuzz(attempt)
  local seed = os.time()
  math.randomseed(seed)
  local ends, runs = os.clock() + SECONDS, 0
  while os.clock() < ends do
    runs = runs + 1
    local ok, err = pcall(attempt)
    if not ok then error(("seed %d, run %d: %s"):format(seed, runs, tostring(err)), 0) end
  end
  assert.is_true(runs > 10)
end

local function check_clean(ok, err, kind, input)
  if ok then return end
  assert(errors.is(err) and err.kind == kind, ("%s\ninput: %q"):format(tostring(err), tostring(input)))
  assert(not err.message:find("%c") and #err.message < 20000, "message is not clean: " .. err.message)
end

local TOKENS = { "@{", "}", "@(", ")", "(", "{", "'", "''", '"', "`", "$", "$true", "$null", "$x", "$(", "@'\n", "\n'@",
  '@"\n', '\n"@', "<#", "#>", "#", "\n", "\r\n", ";", ",", "=", " ", "\t", "a", "Name", "'x'", '"y"', "1", "-", "0x1F",
  "1.5", "kb", "..", ".", "[int]", "+", "|", "&", "‘", "”", "–", "\u{A0}", "\0", "\xFF", "if", "Get-Date", "ä", "1e5",
  "0b1", "@" }

local function soup(tokens, longest)
  local parts = {}
  for index = 1, math.random(longest) do parts[index] = pick(tokens) end
  return table.concat(parts)
end

-- A text as a data file writes it, in one of the ways there are.
local function write_text(text)
  local form = math.random(3)
  if form == 1 then return "'" .. text:gsub("'", "''") .. "'" end
  if form == 2 and not text:find("[\r\n]'@") and not text:find("^'@") then return "@'\n" .. text .. "\n'@" end
  return '"' .. text:gsub('[`"$]', "`%0"):gsub("\n", "`n") .. '"'
end

local function random_text()
  return soup({ "a", "B", "'", '"', "$", "`", "{{", "}}", "\n", " ", "ä", "#", ";", "$true", "\\" }, 6)
end

local random_value

local function random_entries(depth)
  local map = {}
  for _ = 1, math.random(0, 4) do map[pick({ "a", "Bb", "ccc", "Keys", "x y", "ü" })] = random_value(depth) end
  return map
end

function random_value(depth)
  local kind = math.random(depth > 0 and 7 or 5)
  if kind == 1 then return random_text() end
  if kind == 2 then return math.random(-1000, 1000) end
  if kind == 3 then return math.random(0, 1000) / 8 end
  if kind == 4 then return pick({ true, false }) end
  if kind == 5 then return NULL end
  if kind == 6 then return random_entries(depth - 1) end
  local list = value.list()
  for index = 1, math.random(0, 4) do list[index] = random_value(depth - 1) end
  return list
end

local write_value

local function write_list(list)
  if #list == 0 then return "@()" end
  local parts, nested = {}, false
  for index, item in ipairs(list) do
    nested = nested or value.is_list(item)
    parts[index] = write_value(item)
  end
  -- Only commas keep lists apart that stand in a list; one alone needs a comma before it.
  if nested then return #list == 1 and "@( ," .. parts[1] .. " )" or "@(" .. table.concat(parts, ", ") .. ")" end
  return "@(" .. table.concat(parts, pick({ ", ", "\n", "; ", ",\n" })) .. ")"
end

function write_value(v)
  if v == NULL then return "$null" end
  if type(v) == "boolean" then return "$" .. tostring(v) end
  if type(v) == "string" then return write_text(v) end
  if type(v) == "number" then return math.type(v) == "float" and ("%.6f"):format(v) or ("%d"):format(v) end
  if value.is_list(v) then return write_list(v) end
  local parts = {}
  for key, field in pairs(v) do parts[#parts + 1] = ("'%s' = %s"):format(key, write_value(field)) end
  return "@{ " .. table.concat(parts, pick({ "; ", "\n", " ;\n# c\n" })) .. " }"
end

describe("idle.engine.psd1 under random input", function()
  it("reads or refuses anything", function()
    fuzz(function()
      local text = pick({ "@{ a = ", "@{", "" }) .. soup(TOKENS, 30) .. pick({ " }", "" })
      local ok, err = pcall(psd1.parse, text, { null = NULL, places = true })
      check_clean(ok, err, "input.workflow", text)
      if not ok then assert(err.data.Line >= 1 and err.data.Column >= 1) end
    end)
  end)

  it("reads back what was written", function()
    fuzz(function()
      local map = random_entries(4)
      local text = write_value(map)
      assert.same(map, psd1.parse(text, { null = NULL }), text)
    end)
  end)

  it("checks damaged workflows", function()
    local whole = "@{ Name = 'w'; LifecycleEvent = 'J'\n Steps = @(\n @{ Name = 'a'; Type = 't'; With = @{ A = 'x' }\n"
      .. "Condition = @{ All = @( @{ Equals = @{ Path = 'Request.Intent.A'; Value = 1 } } ) } }\n ) }"
    fuzz(function()
      local at = math.random(#whole)
      local text = whole:sub(1, at - 1) .. soup(TOKENS, 2) .. whole:sub(at + math.random(0, 5))
      local ok, err = pcall(workflow.read, text, { null = NULL })
      check_clean(ok, err, "input.workflow", text)
    end)
  end)
end)

local function random_request()
  return { LifecycleEvent = "J", CorrelationId = "c", IdentityKeys = random_entries(2), Intent = random_entries(3),
    Context = random_entries(3) }
end

local PATHS = { "Request.Intent.a", "Request.Intent.Bb.ccc", "Request.Context.Keys", "Request.Intent", "Request.Actor",
  "Request.LifecycleEvent", "request.intent.CCC.0", "Plan.x", "Request", "context.Request.Intent.a", "Request..a", "" }

describe("idle.engine.template under random input", function()
  local pieces = { "{{", "}}", "{", "}", "\\", "\\{{", " ", "text", "Request", ".Intent", ".a", "ä", "\n", "\xFF", "-" }
  for _, path in ipairs(PATHS) do pieces[#pieces + 1] = "{{" .. path .. "}}" end

  it("fills or refuses anything", function()
    fuzz(function()
      local text, request = soup(pieces, 8), random_request()
      local ok, filled = pcall(template.expand, text, request, { step = "S" })
      check_clean(ok, filled, "input.workflow", text)
      if ok and not text:find("{{", 1, true) then assert.equal(text, filled) end
    end)
  end)
end)

local function random_condition(depth)
  local kind = math.random(depth > 0 and 4 or 2)
  if kind == 1 then return { Exists = pick(PATHS) } end
  if kind == 2 then
    local operator = pick({ "Equals", "NotEquals", "In", "Contains", "NotContains", "Like", "NotLike", "Eqals" })
    return { [operator] = { Path = pick(PATHS), [pick({ "Value", "Values", "Pattern", "Pth" })] = random_value(1),
      [pick({ "Value", "Values", "Pattern" })] = pick({ "*", "[a-z]?", "[", "x", 5, NULL }) } }
  end
  if kind == 3 then return random_value(2) end
  local children = value.list()
  for index = 1, math.random(0, 3) do children[index] = random_condition(depth - 1) end
  return { [pick({ "All", "Any", "None", "any" })] = pick({ children, children, random_condition(depth - 1) }) }
end

describe("idle.engine.condition under random input", function()
  it("checks, looks up, evaluates and explains anything", function()
    fuzz(function()
      local node, roots = random_condition(4), { Request = random_request(), Plan = {} }
      local compiled, problems = condition.compile(node, "Condition")
      assert((compiled == nil) == (#problems > 0))
      if not compiled then return end
      local ok, result = pcall(condition_paths.check, compiled, roots, { step = "S" })
      check_clean(ok, result, "input.workflow")
      ok, result = pcall(condition.evaluate, compiled, roots, { step = "S" })
      check_clean(ok, result, "input.workflow")
      if not ok then return end
      assert.equal(result, (condition.explain(compiled, roots)))
      assert.equal(not result, condition.evaluate(condition.parse({ None = { node } }), roots))
    end)
  end)
end)
