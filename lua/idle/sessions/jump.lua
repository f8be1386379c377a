--- The way to a server over jump hosts, as ssh's ProxyJump describes it: each hop is a server of its own, with an
--- account, a key and a host key of its own.
local errors = require("idle.engine.errors")
local ssh_target = require("idle.sessions.ssh_target")

local jump = {}

local MAX_HOPS = 8

---@class idle.Hop
---@field host  string
---@field port? integer
---@field user? string
---@field text  string   as it was written

local function refuse(text, why)
  errors.raise("input.session", ("jump host '%s' %s"):format(errors.escape(text), why))
end

-- ssh hands both to a shell, and so nothing in them may mean anything to one.
local function check(text, host, user)
  if not host or host == "" or host:find("[^%w%._:%%-]") or host:find("^%-") then
    refuse(text, "is not of the form user@host:port")
  elseif user and (user == "" or user:find("['\"`$;&<>|(){}%s]") or user:find("^%-")) then
    refuse(text, "has an account that can't be one")
  end
end

local function port_of(text, digits)
  if digits == "" then return nil end
  local port = math.tointeger(tonumber(digits:match("^:(%d+)$")))
  if not port or port < 1 or port > 65535 then refuse(text, "has no port between 1 and 65535") end
  return port
end

local function parse_hop(text)
  local user, place = text:gsub("^ssh://", ""):gsub("/$", ""):match("^(.*)@([^@]*)$")
  place = place or text:gsub("^ssh://", ""):gsub("/$", "")
  local host, rest = place:match("^%[([^%]]*)%](.*)$")
  if not host then host, rest = place:match("^([^:]*)(.*)$") end
  check(text, host, user)
  return { host = host, port = port_of(text, rest), user = user, text = text }
end

--- Reads what ssh calls ProxyJump.
---@param text? string  hops, parted by commas; "none" for none
---@return idle.Hop[]
function jump.parse(text)
  local hops = {}
  if not text or text:lower() == "none" then return hops end
  for part in (text .. ","):gmatch("([^,]*),") do hops[#hops + 1] = parse_hop(part:match("^%s*(.-)%s*$")) end
  return hops
end

-- What tells apart two servers of one address, behind different hops.
local function way_of(chain)
  local names = {}
  for index, hop in ipairs(chain) do names[index] = ("%s@%s:%d"):format(hop.user, hop.host, hop.port) end
  return table.concat(names, ",")
end

local function add(chain, target)
  chain[#chain + 1] = target
  if #chain > MAX_HOPS + 1 then refuse(target.label, ("is one more than the %d that are allowed"):format(MAX_HOPS)) end
end

-- Only the first hop may have a way of its own, as with ssh: the others are reached from the hop before.
-- `inner`: the names whose ways are being looked for. The same address may well come twice, at two places.
local function add_hops(chain, given, text, inner)
  local before
  for _, hop in ipairs(jump.parse(text)) do
    if inner[hop.text] then refuse(hop.text, "is its own jump host: the SSH configuration leads in a circle") end
    local target = ssh_target.resolve_hop(given, hop, before)
    if not before and target.proxy_jump then
      inner[hop.text] = true
      add_hops(chain, given, target.proxy_jump, inner)
      inner[hop.text] = nil
    end
    add(chain, target)
    before = hop.text
  end
end

--- All servers on the way, the far end last. Waits for `ssh -G`.
---@param given table  fields of the session
---@return idle.SshTarget[]
function jump.chain(given)
  local target = ssh_target.resolve(given)
  local chain = {}
  add_hops(chain, given, target.proxy_jump, { [given.host] = true })
  target.way = way_of(chain)
  add(chain, target)
  return chain
end

return jump
