local help = require("idle.host.help")
local table_of_commands = require("idle.host.command_table")

describe("idle.host.help", function()
  local function has_line(text, wanted) return ("\n" .. text):find("\n" .. wanted, 1, true) ~= nil end

  it("names every command, option and exit status of the program", function()
    local text = help.of_program()
    for _, row in ipairs(table_of_commands.commands) do assert.is_true(has_line(text, "  " .. row.name .. " ")) end
    for _, row in ipairs(table_of_commands.common) do assert.is_true(has_line(text, "  --" .. row.name)) end
    for _, row in ipairs(table_of_commands.interpreter) do assert.is_true(has_line(text, "  " .. row.usage)) end
    for _, row in ipairs(table_of_commands.exit_statuses) do assert.is_true(has_line(text, "  " .. row[1] .. " ")) end
  end)

  it("shows an example for every option of every command", function()
    for _, row in ipairs(table_of_commands.commands) do
      local text = help.of_command(row)
      for _, option in ipairs(table_of_commands.options_of(row)) do
        assert.is_true(has_line(text, "  --" .. option.name))
        assert.is_truthy(text:find("e.g. " .. option.example, 1, true))
      end
    end
  end)

  it("shows defaults and choices", function()
    local text = help.of_command(table_of_commands.find("sync")):gsub("%s+", " ")
    assert.is_truthy(text:find("(Delta, Initial) [default: Delta]", 1, true))
  end)

  it("lists what can go wrong on the simulated server, with the defaults", function()
    local text = help.of_command(table_of_commands.find("sim"))
    for name in pairs(require("idle.sim.options").complete({}, true)) do
      assert.is_true(has_line(text, "  " .. name .. " "), name)
    end
    assert.matches("busy_starts +how many [^%[]+%[default: 0%]", text)
  end)

  it("fits a terminal of 100 columns", function()
    local texts = { help.of_program() }
    for _, row in ipairs(table_of_commands.commands) do texts[#texts + 1] = help.of_command(row) end
    for _, text in ipairs(texts) do
      for line in text:gmatch("[^\n]+") do assert.is_true(#line <= 100, line) end
    end
  end)
end)
