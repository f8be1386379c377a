--- Networks for specs: a namespace that this machine reaches by a pair of virtual interfaces, and in
--- which packets can be made to vanish. It lives as long as the process that holds it, which ends with
--- the spec, whatever ends that.
local errors = require("idle.engine.errors")
local lfs = require("lfs")
local loop = require("idle.loop")
local process = require("idle.process")

local netns = {}

local SOON_MS = 20000

---@class spec.Network
---@field within string[]  words in front of a command line that is to run inside
---@field holder table     of idle.process
local Network = {}
Network.__index = Network

-- Runs a program to its end, and tells what it printed.
local function run(command, input)
  local child <close> = errors.check(process.spawn({ command = command }))
  if input then errors.check(child:write(input, SOON_MS)) end
  child:finish()
  local output = errors.check(child:read_all(SOON_MS))
  local exit = errors.check(child:wait_exit(SOON_MS))
  if exit.exit_code ~= 0 then error(("%s: %s"):format(table.concat(command, " "), child:stderr()), 0) end
  return output
end

--- Whether this account may make namespaces here: root's privilege, as a rule.
---@return boolean
function netns.is_possible()
  return (pcall(run, { "unshare", "--net", "true" }))
end

-- Those that this process has chosen: while it looks whether one is free, another row may choose, too.
local chosen = {}

-- A subnet of those that are set aside for measuring networks, which nobody else uses here.
local function free_subnet()
  while true do
    local number = math.floor(loop.random() * 512)
    local subnet = ("198.%d.%d."):format(18 + number // 256, number % 256)
    local is_new = not chosen[subnet]
    chosen[subnet] = true
    if is_new and run({ "ip", "-o", "-4", "address", "show", "to", subnet .. "0/24" }) == "" then return subnet end
  end
end

-- All of the addresses from .2 on are the far end's.
local OUTSIDE = [[
link add %s type veth peer name far netns %d
address add %s1/24 dev %s
link set %s up
]]
local INSIDE = [[
link set lo up
link set far up
address add %s2/24 dev far
route add local %s128/25 dev lo
]]

local RULES = [[
table inet faults {
  set dropped { type ipv4_addr; }
  chain input { type filter hook input priority 0; ip daddr @dropped drop; }
  chain output { type filter hook output priority 0; ip saddr @dropped drop; }
}
]]

local function hold_namespace()
  local holder = errors.check(process.spawn({ command = { "unshare", "--net", "sh", "-c", "echo; exec cat" } }))
  errors.check(holder:read_line(SOON_MS))
  return holder
end

--- Makes one; `<close>` removes it.
---@return spec.Network
function netns.new()
  local holder = hold_namespace()
  local pid, subnet = holder:pid(), free_subnet()
  local name = "idle" .. pid -- of at most 15 characters
  local network = setmetatable({ holder = holder, subnet = subnet }, Network)
  network.within = { "nsenter", "--net=/proc/" .. pid .. "/ns/net" }
  run({ "ip", "-batch", "-" }, OUTSIDE:format(name, pid, subnet, name, name))
  network:run({ "ip", "-batch", "-" }, INSIDE:format(subnet, subnet))
  network:nft(RULES)
  return network
end

--- Runs a program inside.
---@param command string[]
---@param input?  string
---@return string stdout
function Network:run(command, input)
  return run(table.move(command, 1, #command, #self.within + 1, { table.unpack(self.within) }), input)
end

--- Changes what happens to packets.
---@param text string  in the language of nft(8); there is a table `inet faults`
function Network:nft(text) self:run({ "nft", "-f", "-" }, text) end

--- An address of the far end.
---@param number integer  from 1 to 120
---@return string
function Network:address(number) return self.subnet .. (number + 128) end

--- Lets the packets to and from an address vanish, both ways.
---@param address string
function Network:drop(address) self:nft(("add element inet faults dropped { %s }\n"):format(address)) end

--- Lets them through again.
---@param address string
function Network:pass(address) self:nft(("delete element inet faults dropped { %s }\n"):format(address)) end

-- What a process's network is called; nil: it has ended.
local function network_of(pid) return lfs.symlinkattributes(("/proc/%s/ns/net"):format(pid), "target") end

-- A server's helpers would wait on in the dark for clients whose end they never hear of.
local function processes_in(name)
  local pids = {}
  for pid in lfs.dir("/proc") do
    if pid:find("^%d+$") and network_of(pid) == name then pids[#pids + 1] = pid end
  end
  return pids
end

local function kill(pids)
  local child <close> = errors.check(process.spawn({ command = { "kill", "-KILL", table.unpack(pids) } }))
  errors.check(child:wait_exit(SOON_MS)) -- some may have ended by themselves
end

--- Ends all that runs inside, and with it the namespace.
function Network:close()
  if not self.holder then return end
  local name = network_of(self.holder:pid())
  self:nft("flush ruleset\n") -- or connections that hear no answer would keep it for a quarter of an hour
  local pids = processes_in(name)
  while pids[1] do
    kill(pids)
    pids = processes_in(name)
  end
  self.holder:close()
  self.holder = nil
end

Network.__close = Network.close

return netns
