--- Servers on which no cycle may be started, or where nobody may look.
local busted = require("busted")

local assert, it = require("luassert"), busted.it

local refusal = {
  title = "a server that refuses",
  cases = {
    staging = { server = { staging = true } },
    suspended = { server = { suspended = true } },
    disabled = { server = { disabled = true } },
    allowed = { "--allow-disabled", server = { disabled = true } },
    rights = { server = { rights = false } },
    module = { server = { module = false } },
    language = { server = { language_mode = "ConstrainedLanguage" } },
    no_language = { server = { language_mode = "NoLanguage" } },
    no_powershell = { sshd = { path = "/does/not/exist" } },
    check = { "--check" },
    check_staging = { "--check", server = { staging = true } },
    check_rights = { "--check", server = { rights = false } },
  },
}

function refusal.specs(runs)
  local function refused(name, verdict, ...)
    local outcome = runs[name]:finish()
    assert.equal(verdict, outcome.verdict)
    for _, text in ipairs({ ... }) do assert.matches(text, outcome.stderr, 1, true) end
  end

  it("is in staging mode", function()
    refused("staging", "exit 2, sync.staging (none), 0 started",
      "sync server 'SYNC01' is in staging mode", "start the sync on the active server, or end staging mode there")
  end)

  it("is suspended", function()
    refused("suspended", "exit 2, sync.suspended (none), 0 started",
      "the scheduler of sync server 'SYNC01' is suspended", "is the configuration wizard or an upgrade open on it")
  end)

  it("has its schedule disabled, unless that is allowed", function()
    refused("disabled", "exit 2, sync.disabled (none), 0 started",
      "is disabled; enable it (Set-ADSyncScheduler -SyncCycleEnabled $true)", "AllowDisabled (--allow-disabled)")
    assert.equal("exit 0, Success, 1 started", runs.allowed:finish().verdict)
  end)

  it("denies access", function()
    refused("rights", "exit 2, sync.access (none), 0 started", "missing privileges or elevation",
      "make the account a member of the group ADSyncOperators on the server, then log in anew", "0x80070005")
  end)

  it("has no ADSync module", function()
    refused("module", "exit 2, sync.setup (none), 0 started", "Get-ADSyncScheduler not found",
      "the module ADSync is missing; is this the Entra Connect server")
  end)

  it("restricts PowerShell", function()
    refused("language", "exit 2, remote.setup (none), 0 started",
      "runs in language mode ConstrainedLanguage, but FullLanguage is needed", "AppLocker")
    refused("no_language", "exit 2, remote.setup (none), 0 started",
      "did not start (exit status 1) and did not say why; start it there by hand to see")
  end)

  it("has no PowerShell", function()
    refused("no_powershell", "exit 2, remote.setup (none), 0 started",
      "powershell.exe on '127.0.0.1' did not start (exit status 127: there is no such program on the far end)")
  end)

  it("says so to whoever only checks, and never starts anything then", function()
    local fine, staging, rights = runs.check:finish(), runs.check_staging:finish(), runs.check_rights:finish()
    assert.equal(0, fine.exit_code)
    assert.same({ "Idle", false }, { fine.document.State, fine.document.InProgress })
    assert.equal(2, staging.exit_code)
    assert.equal("sync.staging", staging.document.Refusal.Kind)
    assert.equal("exit 2, sync.access (none), 0 started", rights.verdict)
    assert.same({ 0, 0 }, { #fine.ledger, #staging.ledger })
  end)
end

return refusal
