local file = require("idle.file")
local table_of_commands = require("idle.host.command_table")

--- The words in quotes of an array in src/cli/options.c, which must know them
--- before it knows whether a command or a script is run.
local function words_of(array)
  local source = assert(file.read("src/cli/options.c"))
  local words = {}
  for word in source:match(array .. "%[%] = (%b{});"):gmatch('"([^"]+)"') do words[#words + 1] = word end
  table.sort(words)
  return words
end

local function names_of(rows, ...)
  local names = { ... }
  for _, row in ipairs(rows) do names[#names + 1] = row.name end
  table.sort(names)
  return names
end

describe("idle.host.command_table", function()
  it("has the words that the program takes for commands", function()
    assert.same(words_of("commands"),
      names_of(table_of_commands.commands, "help", table.unpack(table_of_commands.absent)))
  end)

  it("has the options that the program takes before a script", function()
    assert.same(words_of("long_options"), names_of(table_of_commands.common, "version"))
  end)
end)
