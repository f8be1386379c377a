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

  it("fits a terminal of 100 columns", function()
    for _, text in ipairs({ help.of_program(), help.of_command(table_of_commands.find("sync")) }) do
      for line in text:gmatch("[^\n]+") do assert.is_true(#line <= 100, line) end
    end
  end)
end)
