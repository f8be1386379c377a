local idle = require("idle")
local planning_files = require("spec.support.planning_files")
local workflow_files = require("idle.host.workflow_files")

describe("idle.host.workflow_files", function()
  local folder

  setup(function() folder = planning_files.folder() end)
  teardown(function() folder:remove() end)

  local function error_of(f, ...)
    local ok, err = pcall(f, ...)
    assert.is_false(ok)
    return err
  end

  it("reads a workflow with the places of its entries", function()
    local read = workflow_files.workflow(folder:write("w.psd1", "@{\n  Name = 'W'\n}"))
    assert.equal("W", read.root.Name)
    assert.equal(2, (read.places:of(read.root, "Name")))
    assert.is_nil(workflow_files.workflow(folder:write("w.lua", "return { Name = 'L' }")).places)
  end)

  it("reads requests of three kinds, whatever the case of the ending", function()
    assert.equal("a", workflow_files.request(folder:write("r.json", '{ "Actor": "a" }')).Actor)
    assert.equal("a", workflow_files.request(folder:write("r.PSD1", "@{ Actor = 'a' }")).Actor)
    assert.equal("a", workflow_files.request(folder:write("r.lua", "return { Actor = 'a' }")).Actor)
  end)

  it("keeps null in maps of a data file", function()
    local request = workflow_files.request(folder:write("n.psd1", "@{ Intent = @{ A = $null } }"))
    assert.equal(idle.null, request.Intent.A)
  end)

  it("gives each mistake the kind of what was read", function()
    assert.equal("input.file", error_of(workflow_files.workflow, folder.path .. "/none.psd1").kind)
    assert.equal("input.workflow", error_of(workflow_files.workflow, folder:write("w.txt", "")).kind)
    assert.equal("input.workflow", error_of(workflow_files.workflow, folder:write("five.lua", "return 5")).kind)
    assert.equal("input.request", error_of(workflow_files.request, folder:write("b.json", "{")).kind)
    assert.equal("input.request", error_of(workflow_files.request, folder:write("b.psd1", "@{ A = $(1) }")).kind)
    assert.equal("input.setup", error_of(workflow_files.setup, folder:write("s.lua", "return {")).kind)
    assert.equal("input.plan", error_of(workflow_files.plan, folder:write("p.json", "x")).kind)
  end)

  it("keeps the error of a setup as the cause, and passes cancellation on", function()
    local err = error_of(workflow_files.setup, folder:write("s.lua", "require('idle').error('corp.down', 'no vault')"))
    assert.equal("input.setup", err.kind)
    assert.equal("corp.down", err.cause.kind)
    local task = idle.spawn(function()
      return workflow_files.setup(folder:write("slow.lua", "require('idle').sleep(60) return {}"))
    end)
    idle.sleep(0)
    task:cancel()
    assert.equal("cancelled", error_of(task.join, task).kind)
  end)

  it("has no setup where none is named and none is there", function()
    local setup, path = workflow_files.setup(nil)
    assert.same({}, setup)
    assert.is_nil(path)
  end)

  it("refuses providers that are no map", function()
    assert.matches("Providers must be a map", tostring(error_of(workflow_files.setup,
      folder:write("s.lua", "return { Providers = 5 }"))), 1, true)
  end)

  it("tells plans by their ending", function()
    assert.is_true(workflow_files.is_plan("a.plan.JSON"))
    assert.is_false(workflow_files.is_plan("a.psd1"))
  end)
end)
