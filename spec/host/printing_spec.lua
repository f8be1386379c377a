--- Pushes foreign text that would turn a terminal upside down through everything that prints.
local child = require("spec.support.child")
local errors = require("idle.engine.errors")
local file = require("idle.file")
local progress = require("idle.host.progress")
local ssh_far = require("spec.support.ssh_far")
local sync_text = require("idle.host.sync_text")
local terminal = require("idle.host.terminal")

-- Red, a new title, a line on top of another, text from right to left, an invisible one, bytes of no character.
local HOSTILE = "\27[31m\27]0;owned\7\r\u{202E}\u{2066}\u{200B}\u{E0041}\u{9B}31m\xFF."

local function assert_printable(text, but_for)
  for line in text:gmatch("[^\n]+") do
    local rest = (but_for and line:gsub(but_for, "") or line):gsub("\t", " ")
    assert.equal(errors.escape(rest), rest)
  end
end

-- The text was there, and is safe now.
local function assert_shown(text, but_for)
  assert.is_truthy(text:find("\\x1B", 1, true), text)
  assert_printable(text, but_for)
end

local WORKFLOW = [[
@{ Name = 'H'; LifecycleEvent = 'Joiner'; Steps = @(
  @{ Name = 'H1'; Type = 'IdLE.Step.EmitEvent'; With = @{ Message = 'H' } }
  @{ Name = 'H2'; Type = 'IdLE.Step.EmitEvent'; With = @{ Message = 'H' }
     Condition = @{ Equals = @{ Path = 'Request.Intent.Note'; Value = 'H' } } }
  @{ Name = 'H3'; Type = 'IdLE.Step.DisableIdentity'; With = @{ Provider = 'Identity'; IdentityKey = 'H' } }
) }]]

local SETUP = [[
local message = %q
local identity = { GetCapabilities = function() return { "IdLE.Identity.Disable" } end }
function identity:DisableIdentity() error({ kind = "provider.refused", message = message }) end
return { Providers = { Identity = identity } }]]

describe("foreign text", function()
  -- psd1 is UTF-8: there the last byte can't be.
  local in_utf8 = HOSTILE:gsub("\xFF", "")
  local folder

  setup(function()
    folder = child.folder({
      ["hostile.psd1"] = WORKFLOW:gsub("H", { H = in_utf8 }),
      ["wrong.psd1"] = WORKFLOW:gsub("H", { H = in_utf8 }):gsub("IdLE.Step.EmitEvent", in_utf8)
        :gsub("With", "'" .. in_utf8 .. "'"),
      ["broken.psd1"] = "@{ Name = " .. in_utf8,
      ["request.lua"] = ("return { LifecycleEvent = 'Joiner', Actor = %q, CorrelationId = %q, Intent = { Note = %q } }")
        :format(in_utf8, in_utf8, "-" .. in_utf8),
      ["request.json"] = "{ " .. in_utf8,
      ["setup.lua"] = SETUP:format(in_utf8),
    })
  end)
  teardown(function() file.remove_all(folder) end)

  local function run(...)
    local arguments = { ... }
    for index, argument in ipairs(arguments) do arguments[index] = argument:gsub("^@", folder .. "/") end
    local outcome = child.run(arguments)
    assert_printable(outcome.stdout)
    assert_printable(outcome.stderr)
    return outcome
  end

  it("is escaped by check", function()
    assert_shown(run("check", "@hostile.psd1").stdout)
    assert_shown(run("check", "@wrong.psd1").stdout)
    run("check", "@broken.psd1")
    run("check", HOSTILE)
    run("check", "--json", "@hostile.psd1", "@wrong.psd1")
    assert_shown(run("check", "--" .. HOSTILE).stderr)
    assert_shown(run("-" .. HOSTILE).stderr)
  end)

  it("is escaped by plan and run, and by what they say of the request", function()
    local plan = { "@hostile.psd1", "--request", "@request.lua", "--setup", "@setup.lua" }
    assert_shown(run("plan", table.unpack(plan)).stdout)
    assert_shown(run("run", table.unpack(plan)).stdout)
    run("run", "--json", "--events", "-", table.unpack(plan))
    assert_shown(run("plan", "@hostile.psd1", "--request", "@request.json").stderr)
  end)

  it("is escaped in the words of an error that nobody caught, and of a task", function()
    for _, script in ipairs({ "error(%q, 0)", "require('idle').spawn(error, %q)", "error(setmetatable({}, "
        .. "{ __tostring = function() return %q end }))", "require('idle.engine.errors').raise('provider.failed', %q)",
        "local t <close> = setmetatable({}, { __close = function() error(%q) end })" }) do
      assert_shown(run("-e", script:format(HOSTILE)).stderr)
    end
  end)

  it("is escaped in the names that a sync server gives its connectors", function()
    local script = ([[
      local idle, texts = require("idle"), require("idle.sim.texts")
      for _, connector in pairs(texts.connectors) do connector.name = %q end
      local session = idle.sim.sync_server({ busy_starts = 9 }):session()
      idle.trigger_directory_sync(
        { AuthSessionName = "EntraConnect", PolicyType = "Delta", Wait = true, OnBusy = "Fail" },
        { Providers = {
          DirectorySync = idle.providers.entra_connect(),
          AuthSessionBroker = idle.auth_session_broker({ default = session, fallback = true }) } })]]):format(in_utf8)
    assert_shown(run("-e", script).stderr)
  end)

  it("is escaped in the text of a sync", function()
    local run_of = { RunProfileName = HOSTILE, ConnectorName = HOSTILE, Result = HOSTILE, ErrorCount = 1,
                     Errors = { { ObjectDn = HOSTILE, ErrorType = HOSTILE } } }
    assert_shown(sync_text.describe({
      Outcome = "CompletedWithErrors", PolicyType = HOSTILE, ImportStartUtc = HOSTILE, ExportEndUtc = HOSTILE,
      Server = { Name = HOSTILE, TenantConnector = HOSTILE, ProductVersion = HOSTILE }, Runs = { run_of },
      Expected = { IsAmongErrors = true, ObjectDn = HOSTILE, ErrorType = HOSTILE },
    }))
    assert_shown(sync_text.describe_look({
      State = HOSTILE,
      Details = { Server = HOSTILE, ServerTimeUtc = HOSTILE, NextSyncCyclePolicyType = HOSTILE, Runs = { run_of } },
    }, HOSTILE))
  end)

  it("is escaped in live progress and in the trace", function()
    local path = os.tmpname()
    finally(function() os.remove(path) end)
    local stream <close> = assert(io.open(path, "w"))
    local screen = terminal.new({ stream = stream, is_live = true, is_colour = false })
    local sink = progress.new(screen, function() return 1 end)
    for _, kind in ipairs({ "StepStarted", "StepRetrying", "DirectorySyncPoll", "DirectorySyncBusy", "StepBlocked",
                            "DirectorySyncCompleted", "StepFailed", "RunCompleted" }) do
      sink:WriteEvent({ Type = kind, Message = HOSTILE, CorrelationId = "c", StepName = HOSTILE,
                        Data = { Error = HOSTILE, Severity = "Warning" } })
    end
    stream:flush()
    assert_shown(assert(file.read(path)), "\r\27%[K")
    local script = ("require('idle.host.terminal').trace_sessions() require('idle.sessions.trace').line('%%s', %q) "
      .. "require('idle.host.terminal').warn(%q)"):format(HOSTILE, HOSTILE)
    assert_shown(run("--trace", "-e", script).stderr)
  end)

  it("is escaped in what a server says in place of its banner, or behind it", function()
    for _, behaviour in ipairs({ "hostile_greeting", "hostile_banner" }) do
      local peer <close> = ssh_far.peer(behaviour)
      local script = ([[
        require("idle.host.terminal").trace_sessions()
        require("idle.engine.errors").check(require("idle.ssh").connect({
          host = "127.0.0.1", port = %d, user = "x", agent = false, known_hosts = "/dev/null", timeout_ms = 20000,
          trace = require("idle.sessions.trace").sink() }))]]):format(peer.port)
      local outcome = run("--trace", "-e", script)
      assert_shown(outcome.stderr)
    end
  end)
end)
