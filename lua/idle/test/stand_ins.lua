--- Functions in the places of Lua's own, such as `os.time`. What a script or a spec has put there itself stays, be it
--- from before or meanwhile.
local stand_ins = {}

---@class idle.test.StandIn
---@field library table
---@field name    string
---@field own     function  Lua's
---@field ours    function

---@class idle.test.StandIns  to be closed: Lua's own are back then
---@field [integer] idle.test.StandIn
local StandIns = {}
StandIns.__index = StandIns

function StandIns:close()
  for _, each in ipairs(self) do
    if each.library[each.name] == each.ours then each.library[each.name] = each.own end
  end
end

StandIns.__close = StandIns.close

local function is_lua_own(f) return type(f) == "function" and debug.getinfo(f, "S").what == "C" end

---@return idle.test.StandIns
function stand_ins.new() return setmetatable({}, StandIns) end

--- Puts a function in the place of one of Lua's own.
---@param library table
---@param name    string
---@param make    fun(own: function): function
function StandIns:put(library, name, make)
  local own = library[name]
  if not is_lua_own(own) then return end
  local ours = make(own)
  library[name] = ours
  self[#self + 1] = { library = library, name = name, own = own, ours = ours }
end

return stand_ins
