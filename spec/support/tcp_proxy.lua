--- Passes on between clients and a server, until it is told to do harm: `lua5.4 tcp_proxy.lua PORT`.
--- It prints its port. Each line of its input is a word, and is answered by a line: `freeze` passes nothing
--- on any more, `reset` ends all connections by RST, `close` by FIN, `slow` lets the server's bytes
--- through one a second. A number behind the word lets so many of the server's bytes through before.
local socket = require("socket")

local SECONDS_A_BYTE = 1

local connections = {}
local harm, is_frozen, is_slow
local left -- bytes of the server's that pass before the harm is done

local function close_all(prepare)
  for _, connection in ipairs(connections) do
    for _, side in ipairs({ connection.client, connection.server }) do
      prepare(side)
      side:close()
    end
  end
  connections = {}
end

local harms = {}

function harms.freeze() is_frozen = true end
function harms.slow() is_slow = true end
function harms.close() close_all(function() end) end
function harms.reset()
  close_all(function(side) assert(side:setoption("linger", { on = true, timeout = 0 })) end)
end

local function do_harm()
  local word = harm
  harm, left = nil, nil
  harms[word]()
end

local function send(to, bytes)
  to:settimeout()
  to:send(bytes)
  to:settimeout(0)
end

local function drip(to, bytes)
  for byte in bytes:gmatch(".") do
    if not to:send(byte) then return end
    socket.sleep(SECONDS_A_BYTE)
  end
end

-- Passes what the server sent, up to the byte at which the harm is done.
local function pass_answer(to, bytes)
  if is_slow then return drip(to, bytes) end
  if not left then return send(to, bytes) end
  send(to, bytes:sub(1, left))
  left = left - #bytes
  if left > 0 then return end
  local rest = bytes:sub(#bytes + left + 1)
  do_harm()
  if is_slow then drip(to, rest) end
end

local function pass(connection, from)
  local all, why, part = from:receive(65536)
  local bytes = all or part
  if from == connection.server then
    pass_answer(connection.client, bytes)
  else
    send(connection.server, bytes)
  end
  if why ~= "closed" then return end
  connection.client:close()
  connection.server:close()
  connection.is_over = true
end

local function accept(listener, port)
  local client, server = assert(listener:accept()), assert(socket.connect("127.0.0.1", port))
  for _, side in ipairs({ client, server }) do
    side:settimeout(0)
    side:setoption("tcp-nodelay", true)
  end
  connections[#connections + 1] = { client = client, server = server }
end

local function obey(line)
  harm, left = line:match("^(%a+) ?(%d*)$")
  assert(harms[harm], "unknown word")
  left = tonumber(left)
  if not left then do_harm() end
  print("done")
  io.stdout:flush()
end

local input = { getfd = function() return 0 end, dirty = function() return false end }

local function sockets(listener)
  local all = { input, listener }
  for _, connection in ipairs(is_frozen and {} or connections) do
    all[#all + 1] = connection.client
    all[#all + 1] = connection.server
  end
  return all
end

local function connection_of(side)
  for index, connection in ipairs(connections) do
    if connection.client == side or connection.server == side then return connection, index end
  end
end

local function serve(listener, port, ready)
  if ready == listener then return accept(listener, port) end
  if ready == input then return obey(io.read("l") or os.exit(0)) end
  local connection = connection_of(ready)
  if not connection then return end
  pass(connection, ready)
  local _, index = connection_of(ready)
  if connection.is_over and index then table.remove(connections, index) end
end

local listener = assert(socket.bind("127.0.0.1", 0))
print((select(2, listener:getsockname())))
io.stdout:flush()
while true do
  for _, ready in ipairs((socket.select(sockets(listener)))) do serve(listener, tonumber(arg[1]), ready) end
end
