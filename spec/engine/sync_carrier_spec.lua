-- Rule 2 of DESIGN §6.2: which cycle carries the change.
local play = require("spec.support.sync_play")

describe("idle.engine.sync_carrier", function()
  local function refuse() return { Started = false } end

  describe("rule 2, the carrier", function()
    it("is not a cycle that imported before the change, however late its entries appear", function()
      local server = play.server()
      server:cycle(-20, { shown = { shows = "end", lag = 25 } })
      local done = play.play(server)
      assert.equal("Success", done.outcome)
      assert.equal("Started", done.data.Carried)
      assert.equal(play.date(server.starts[1] + 1), done.data.ImportStartUtc)
    end)

    it("would be that cycle without the condition on dates", function()
      local server = play.server()
      server:cycle(-20, { shown = { shows = "end", lag = 25 } })
      local done = play.play(server, { ignore_dates = true })
      assert.equal("Success", done.outcome)
      assert.equal(play.date(-20), done.data.ImportStartUtc)
    end)

    it("may be somebody else's: then it is adopted, and nothing is started", function()
      local server = play.server()
      server.busy[#server.busy + 1] = { 0, 5 }
      server:cycle(5)
      local done = play.play(server)
      assert.equal("Success", done.outcome)
      assert.equal("Adopted", done.data.Carried)
      assert.equal(0, done.data.Starts)
      assert.same({}, server.starts)
    end)

    it("must import in full for Initial", function()
      local server = play.server({ on_start = refuse })
      server:cycle(3)
      server:cycle(100, { policy = "Full" })
      local done = play.play(server, { policy_type = "Initial" })
      assert.equal("Success", done.outcome)
      assert.equal(play.date(100), done.data.ImportStartUtc)
    end)

    it("may import in full for Delta", function()
      local server = play.server({ on_start = refuse })
      server:cycle(3, { policy = "Full" })
      assert.equal("Success", play.play(server).outcome)
    end)

    it("must import from every AD connector after the change", function()
      local server = play.server({ on_start = refuse })
      server:run(-2, 1, "lab", "Delta Import", "success", { shows = "end" })
      server:run(2, 4, "ad", "Delta Import"):run(5, 7, "lab", "Delta Synchronization")
      server:run(8, 9, "ad", "Delta Synchronization"):run(10, 12, "entra", "Export")
      assert.equal("NotObserved", play.play(server).outcome)
    end)

    it("is not trusted where the import of a synchronized connector is missing", function()
      local server = play.server({ on_start = refuse })
      server:run(2, 4, "ad", "Delta Import"):run(5, 7, "lab", "Delta Synchronization")
      server:run(8, 9, "ad", "Delta Synchronization"):run(10, 12, "entra", "Export")
      assert.equal("NotObserved", play.play(server).outcome)
    end)

    it("does not look at connectors to other systems", function()
      local server = play.server()
      server.connectors = { { Identifier = play.CONNECTORS.hr.id, ConnectorTypeName = "Extensible2" } }
      server:run(-3, 1, "hr", "Delta Import", "success", { shows = "end" })
      assert.equal("Success", play.play(server).outcome)
    end)

    it("is recognised by the name of the Entra connector where its id is missing", function()
      local server = play.server()
      local entry = server.entry
      function server:entry(...)
        local raw = entry(self, ...)
        if raw then raw.ConnectorId = nil end
        return raw
      end
      assert.equal("Success", play.play(server).outcome)
    end)

    it("ends with the next AD import: an export after that is not its own", function()
      local server = play.server()
      server.on_start = function(self, now)
        local finish = self:cycle(now + 1, { results = { export = "stopped-error-limit" } })
        self:cycle(finish + 1)
        return { Started = true }
      end
      assert.equal("Failed", play.play(server).outcome)
    end)

    it("is the next cycle after an import that somebody ran by hand", function()
      local server = play.server()
      server.on_start = function(self, now)
        self:run(now + 0.5, now + 1, "ad", "Full Import")
        self:cycle(now + 30)
        return { Started = true }
      end
      local done = play.play(server)
      assert.equal("Success", done.outcome)
      assert.equal(play.date(server.starts[1] + 30), done.data.ImportStartUtc)
    end)
  end)
end)
