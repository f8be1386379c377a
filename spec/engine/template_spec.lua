local NULL = require("spec.support.null")
local data = require("idle.engine.data")
local psd1 = require("idle.engine.psd1")
local secret = require("spec.support.secret")
local template = require("idle.engine.template")
local value = require("idle.engine.value")

local function new_request()
  return {
    LifecycleEvent = "Joiner", CorrelationId = "c-1", Actor = "hr",
    IdentityKeys = { sAMAccountName = "jdoe", Id = "00000000-0000-0000-0000-000000000001" },
    Intent = {
      Name = "Jane", Department = "IT", Empty = "", Count = 5, Ratio = 1.5, On = true, Off = false, Nothing = NULL,
      Start = "2026-11-22T07:00:00.000Z", Groups = value.list({ "g1", "g2" }), One = value.list({ "x" }),
      Address = { City = "Köln" }, Bytes = value.bytes("x"), Nested = "{{Request.Intent.Name}}", Half = "{{",
      Code = data.code("{ 1 }"), Secret = secret,
    },
    Context = { Views = { Identity = { Profile = { Attributes = { Mail = "j@x.org" } },
      Entitlements = value.list({ { Id = "a" }, { Id = "b" } }) } } },
  }
end

local request = new_request()

local function expand(text)
  return template.expand(text, request, { step = "Create" })
end

local function message(text)
  local ok, err = pcall(expand, text)
  assert.is_false(ok)
  assert.equal("input.workflow", err.kind)
  assert.matches("^step 'Create', With: template '", err.message)
  return err.message
end

describe("idle.engine.template: a placeholder alone", function()
  it("is replaced by its text", function() assert.equal("IT", expand("{{Request.Intent.Department}}")) end)
  it("keeps a number a number", function() assert.equal(5, expand("{{Request.Intent.Count}}")) end)
  it("keeps a fraction a fraction", function() assert.equal(1.5, expand("{{Request.Intent.Ratio}}")) end)
  it("keeps true", function() assert.is_true(expand("{{Request.Intent.On}}")) end)
  it("keeps false", function() assert.is_false(expand("{{Request.Intent.Off}}")) end)
  it("takes empty text for a value", function() assert.equal("", expand("{{Request.Intent.Empty}}")) end)

  it("takes dates and ids as the texts they are", function()
    assert.equal("2026-11-22T07:00:00.000Z", expand("{{Request.Intent.Start}}"))
    assert.equal(request.IdentityKeys.Id, expand("{{Request.IdentityKeys.Id}}"))
  end)

  it("may have white space around and inside", function()
    assert.equal(5, expand(" {{ Request.Intent.Count }}\n"))
  end)

  it("reads keys whatever their case", function()
    assert.equal("IT", expand("{{Request.intent.DEPARTMENT}}"))
  end)

  it("reads every allowed root", function()
    assert.equal("Joiner", expand("{{Request.LifecycleEvent}}"))
    assert.equal("c-1", expand("{{Request.CorrelationId}}"))
    assert.equal("hr", expand("{{Request.Actor}}"))
    assert.equal("jdoe", expand("{{Request.IdentityKeys.sAMAccountName}}"))
    assert.equal("j@x.org", expand("{{Request.Context.Views.Identity.Profile.Attributes.Mail}}"))
  end)

  it("picks an element of a list by its number", function()
    assert.equal("g2", expand("{{Request.Intent.Groups.1}}"))
    assert.equal("b", expand("{{Request.Context.Views.Identity.Entitlements.1.Id}}"))
  end)
end)

describe("idle.engine.template: text with placeholders in it", function()
  it("is filled", function()
    assert.equal("Hello Jane!", expand("Hello {{Request.Intent.Name}}!"))
  end)

  it("takes several placeholders, side by side too", function()
    assert.equal("Jane/IT Jane",
      expand("{{Request.Intent.Name}}/{{Request.Intent.Department}} {{Request.Intent.Name}}"))
    assert.equal("JaneIT", expand("{{Request.Intent.Name}}{{Request.Intent.Department}}"))
  end)

  it("writes numbers and booleans as PowerShell does", function()
    assert.equal("5 1.5 True False", expand("{{Request.Intent.Count}} {{Request.Intent.Ratio}} "
      .. "{{Request.Intent.On}} {{Request.Intent.Off}}"))
  end)

  it("takes single braces as they are", function()
    assert.equal('{ "a": "Jane" }', expand('{ "a": "{{Request.Intent.Name}}" }'))
    assert.equal("Jane}", expand("{{Request.Intent.Name}}}"))
  end)

  it("returns texts without double braces untouched", function()
    for _, text in ipairs({ "", "plain", "{ }", "a\\b", "}{" }) do assert.equal(text, expand(text)) end
  end)

  it("never reads a value as a template", function()
    assert.equal("{{Request.Intent.Name}} Jane", expand("{{Request.Intent.Nested}} {{Request.Intent.Name}}"))
    assert.equal("{{Request.Intent.Name}}", expand("{{Request.Intent.Nested}}"))
    assert.equal("{{ Jane", expand("{{Request.Intent.Half}} {{Request.Intent.Name}}"))
  end)
end)

describe("idle.engine.template: escapes", function()
  it("takes a backslash before a placeholder as it is", function()
    assert.equal("DOMAIN\\jdoe", expand("DOMAIN\\{{Request.IdentityKeys.sAMAccountName}}"))
    assert.equal("\\Joiner", expand("\\{{Request.LifecycleEvent}}"))
  end)

  it("takes an escaped pair for the braces themselves", function()
    assert.equal("Literal {{ braces here", expand("Literal \\{{ braces here"))
    assert.equal("{{", expand("\\{{"))
  end)

  it("takes escapes and placeholders in one text", function()
    assert.equal("Literal {{ and Jane", expand("Literal \\{{ and {{Request.Intent.Name}}"))
    assert.equal("Jane {{ Jane", expand("{{Request.Intent.Name}} \\{{ {{Request.Intent.Name}}"))
  end)

  it("refuses an escaped placeholder of a root that is not allowed", function()
    assert.matches("Unbalanced braces", message("\\{{Request.InvalidRoot}}"))
  end)
end)

describe("idle.engine.template: refuses", function()
  it("opening braces without closing ones, with both counts", function()
    assert.matches("Unbalanced braces: 1 '{{' and 0 '}}'", message("Hello {{Request.Intent.Name"))
  end)

  it("closing braces without opening ones", function()
    assert.matches("Unbalanced braces: 0 '{{' and 1 '}}'", message("Hello Request.Intent.Name}}"))
  end)

  it("placeholders within placeholders, and empty ones", function()
    assert.matches("Unbalanced braces", message("x {{Request.{{Intent}}.Name}}"))
    assert.matches("Unbalanced braces", message("x {{}}"))
  end)

  it("paths with spaces or other characters", function()
    assert.matches("Invalid path pattern 'Request.Intent.User Name'", message("{{Request.Intent.User Name}}"))
    assert.matches("Invalid path pattern", message("{{Request.Intent.User@Name}}"))
    assert.matches("Invalid path pattern", message("x {{Request.Intent.A-B}}"))
    assert.matches("Invalid path pattern", message("{{Request.Intent.Groups[0]}}"))
    assert.matches("Invalid path pattern", message("{{Request..Intent}}"))
    assert.matches("Invalid path pattern", message("{{ }}"))
  end)

  it("roots of the plan", function() assert.matches("'Plan.Steps' is not allowed", message("{{Plan.Steps}}")) end)
  it("roots of the providers", function() assert.matches("is not allowed", message("{{Providers.Identity}}")) end)
  it("roots of the workflow", function() assert.matches("is not allowed", message("x {{Workflow.Name}}")) end)

  it("other fields of a request, listing the roots and the nearest", function()
    assert.matches("is not allowed; a template reads Request.Intent, Request.Context, Request.IdentityKeys, "
      .. "Request.LifecycleEvent, Request.CorrelationId, Request.Actor; did you mean 'Request.Intent'",
      message("{{Request.Intnt.Name}}"))
  end)

  it("names of older versions, with the name of today", function()
    assert.matches("is not allowed.*'Request.Input' is called 'Request.Intent'", message("{{Request.Input.Name}}"))
    assert.matches("is called 'Request.Intent'", message("{{Request.DesiredState.Name}}"))
    assert.matches("write 'Request.IdentityKeys'", message("{{Request.Identity.Name}}"))
  end)

  it("a path that leads nowhere, with the nearest key", function()
    assert.matches("'Request.Intent.Departmnt' resolved to null or does not exist; 'Request.Intent' has no 'Departmnt'"
      .. "; did you mean 'Department'", message("{{Request.Intent.Departmnt}}"))
    assert.matches("resolved to null or does not exist", message("x {{Request.Context.Views.Gone.Mail}}"))
  end)

  it("null", function()
    assert.matches("resolved to null or does not exist", message("{{Request.Intent.Nothing}}"))
  end)

  it("maps, alone and in text", function()
    assert.matches("leads to a map, a non%-scalar value", message("{{Request.Intent.Address}}"))
    assert.matches("non%-scalar value", message("x {{Request.Intent.Address}}"))
  end)

  it("lists, also of one element, and says how to pick one", function()
    assert.matches("leads to a list, a non%-scalar value.*'%.0'", message("{{Request.Intent.Groups}}"))
    assert.matches("non%-scalar value", message("{{Request.Intent.One}}"))
    assert.matches("non%-scalar value", message("{{Request.Context.Views.Identity.Entitlements.Id}}"))
    assert.matches("non%-scalar value", message("x {{Request.Intent.Bytes}}"))
  end)

  it("code", function()
    assert.matches("security: .* leads to a script block", message("{{Request.Intent.Code}}"))
  end)

  it("secrets, and points to the broker", function()
    assert.matches("leads to a secret, which must not pass through a template; let the AuthSessionBroker",
      message("{{Request.Intent.Secret}}"))
  end)
end)

describe("idle.engine.template: values", function()
  it("fills maps, lists and what is in them, and copies the rest", function()
    local with = psd1.parse(
      "@{ A = '{{Request.Intent.Count}}'; B = @( 'x', @{ C = 'Hi {{Request.Intent.Name}}' } ); D = 7 }")
    local filled = template.expand(with, request, { step = "S" })
    assert.same({ A = 5, B = { "x", { C = "Hi Jane" } }, D = 7 }, filled)
    assert.equal("{{Request.Intent.Count}}", with.A)
    assert.is_true(value.is_list(filled.B))
  end)

  it("keeps lists of one and of none", function()
    local with = { one = value.list({ "{{Request.Intent.Name}}" }), none = value.list() }
    local filled = template.expand(with, request, { step = "S" })
    assert.same({ "Jane" }, filled.one)
    assert.is_true(value.is_list(filled.none))
  end)

  it("leaves keys alone", function()
    assert.same({ ["{{x"] = 1 }, template.expand({ ["{{x"] = 1 }, request, { step = "S" }))
  end)

  it("names where in the step the template stands", function()
    local with = { Attributes = { "{{Request.Intent.Gone}}" } }
    local _, err = pcall(template.expand, with, request, { step = "Create" })
    assert.matches("^step 'Create', With%.Attributes%[0%]: template '{{Request.Intent.Gone}}'", err.message)
  end)

  it("reads the request as it is now", function()
    local live = new_request()
    live.Context.Fresh = "new"
    assert.equal("new", template.expand("{{Request.Context.Fresh}}", live, { step = "S" }))
  end)
end)
