local file = require("idle.file")
local lfs = require("lfs")

--- What lua/idle/meta says about a module.
local function documentation(name)
  return assert(file.read("lua/idle/meta/" .. name .. ".lua"))
end

local function module_names()
  local names = {}
  for name in assert(file.read("src/modules/modules.h")):gmatch("luaopen_idle_([%w_]+)%(") do
    names[#names + 1] = name
  end
  return names
end

--- The methods of all types that the modules loaded so far have registered.
local function all_methods()
  local methods = {}
  for type_name, metatable in pairs(debug.getregistry()) do
    local is_ours = type(type_name) == "string" and type_name:find("^idle%.") and type(metatable) == "table"
    local index = is_ours and rawget(metatable, "__index")
    for name in pairs(type(index) == "table" and index or {}) do
      methods[#methods + 1] = { type = type_name, name = name }
    end
  end
  return methods
end

describe("lua/idle/meta", function()
  it("has a file for every C module, and no other", function()
    local files = {}
    for entry in lfs.dir("lua/idle/meta") do files[#files + 1] = entry:match("^(.+)%.lua$") end
    table.sort(files)
    assert.same(files, module_names())
  end)

  it("has every function of every C module", function()
    for _, module in ipairs(module_names()) do
      local text = documentation(module)
      for name, value in pairs(require("idle." .. module)) do
        if type(value) == "function" then
          assert.truthy(text:find("\nfunction " .. module .. "." .. name .. "(", 1, true), module .. "." .. name)
        end
      end
    end
  end)

  it("has no function that is not there", function()
    for _, module in ipairs(module_names()) do
      local functions = require("idle." .. module)
      for name in documentation(module):gmatch("\nfunction " .. module .. "%.([%w_]+)%(") do
        assert.equal("function", type(functions[name]), module .. "." .. name)
      end
    end
  end)

  it("has every method of their objects", function()
    local texts = {}
    for i, module in ipairs(module_names()) do
      require("idle." .. module)
      texts[i] = documentation(module)
    end
    local text = table.concat(texts)
    for _, method in ipairs(all_methods()) do
      assert.truthy(text:find("\nfunction %u%a*:" .. method.name .. "%("), method.type .. ":" .. method.name)
    end
  end)
end)
