--- busted's `--helper=idle.test.busted`: what `idle-lua test` adds, for `busted --lua=idle-lua` and for specs that run
--- themselves. Options are given with -Xhelper: seed=NUMBER, coverage=FILE, coverage-specs, no-leak-check.
local busted_core = require("idle.test.busted_core")
local harness = require("idle.test.harness")

local readers = {
  seed = function(options, text)
    options.seed = math.tointeger(tonumber(text)) or error(("seed=%s is no integer"):format(text), 0)
  end,
  coverage = function(options, text) options.coverage = text end,
  ["coverage-specs"] = function(options) options.counts_specs = true end,
  ["no-leak-check"] = function(options) options.ignores_leaks = true end,
}

local function read_options(list)
  local options = {}
  for _, argument in ipairs(list or {}) do
    local name, text = argument:match("^([^=]+)=?(.*)$")
    local read = readers[name] or error(("idle.test.busted has no option '%s'"):format(argument), 0)
    read(options, text)
  end
  return options
end

-- Where no busted runs there is nothing to add to.
if package.loaded.busted then
  local core = busted_core.find() or error("idle.test.busted needs busted 2.1", 0)
  harness.install(core, read_options(rawget(_G, "arg")))
end

return true
