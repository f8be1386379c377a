--- A TCP server that is no good SSH server: `lua5.4 tcp_peer.lua BEHAVIOUR`. It prints its port,
--- then does as it is told to each connection.
local socket = require("socket")

local BANNER = "SSH-2.0-OpenSSH_9.9 peer\r\n"

local behaviours = {}

-- Waits for the client to go away.
local function hold(client)
  while client:receive(1) do end
end

function behaviours.silent(client) hold(client) end

function behaviours.close() end

function behaviours.http(client)
  client:receive("*l")
  client:send("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
end

function behaviours.smtp(client)
  client:send("220 mail.example.org ESMTP\r\n")
  hold(client)
end

function behaviours.tls_alert(client) client:send("\x15\x03\x01\x00\x02\x02\x16") end

local HOSTILE = "\27[31m\27]0;owned\7\u{202E}\u{200B}\xFF"

function behaviours.hostile_greeting(client) client:send(HOSTILE .. "\r\n") end

-- What it disconnects with stands in a packet that is not encrypted yet.
function behaviours.hostile_banner(client)
  client:send("SSH-2.0-" .. HOSTILE .. "\r\n")
  local payload = ("\1\0\0\0\2" .. string.pack(">s4s4", HOSTILE, ""))
  local padding = 8 - (5 + #payload) % 8 + 8
  client:send(string.pack(">I4B", 1 + #payload + padding, padding) .. payload .. ("\0"):rep(padding))
  hold(client)
end

function behaviours.ssh1(client)
  client:send("SSH-1.5-OldServer\r\n")
  hold(client)
end

function behaviours.drip(client)
  for byte in BANNER:gmatch(".") do
    client:send(byte)
    socket.sleep(1)
  end
end

function behaviours.endless_greeting(client)
  local line = ("x"):rep(200) .. "\r\n"
  while client:send(line) do end
end

function behaviours.endless_line(client)
  local part = ("x"):rep(4096)
  while client:send(part) do end
end

function behaviours.only_banner(client)
  client:send(BANNER)
  hold(client)
end

function behaviours.close_after_banner(client)
  client:send(BANNER)
  client:receive("*l")
end

-- Packets that are to be ignored: nothing ends but the client's patience.
function behaviours.endless_ignore(client)
  client:send(BANNER)
  local packet = string.pack(">I4BBs4", 28, 10, 2, ("x"):rep(12)) .. ("\0"):rep(10)
  local many = packet:rep(100)
  while client:send(many) do end
end

-- Messages for whoever looks for mistakes; ssh writes each to its log.
function behaviours.endless_debug(client)
  client:send(BANNER)
  local payload = string.pack(">BBs4s4", 4, 1, ("x"):rep(900), "")
  local padding = 16 - (5 + #payload) % 8
  local many = (string.pack(">I4B", 1 + #payload + padding, padding) .. payload .. ("\0"):rep(padding)):rep(100)
  while client:send(many) do end
end

function behaviours.garbage(client)
  client:send(BANNER)
  client:send(("\xFF"):rep(10000))
  hold(client)
end

-- Says that a packet of 4 GiB follows.
function behaviours.huge_packet(client)
  client:send(BANNER .. "\xFF\xFF\xFF\xFF\x04\x14")
  hold(client)
end

function behaviours.max_startups(client) client:send("Exceeded MaxStartups\r\n") end

-- Passes on between a client and the server at the port that stands behind the behaviour.
local function relay(client, change)
  local server = assert(socket.connect("127.0.0.1", tonumber(arg[2])))
  client:settimeout(0)
  server:settimeout(0)
  local other = { [client] = server, [server] = client }
  while true do
    for _, from in ipairs(socket.select({ client, server })) do
      local all, why, part = from:receive(65536)
      if why == "closed" then return end
      local bytes = all or part
      if from == server then bytes = change(bytes) end
      other[from]:settimeout()
      other[from]:send(bytes)
      other[from]:settimeout(0)
    end
  end
end

function behaviours.greeting(client)
  client:send("\r\nAuthorised use only\r\n")
  relay(client, function(bytes) return bytes end)
end

-- Changes a byte behind the first 10,000 from the server; a handshake has less.
function behaviours.damage(client)
  local passed = 0
  relay(client, function(bytes)
    local at = 10000 - passed
    passed = passed + #bytes
    if at < 1 or at > #bytes then return bytes end
    return bytes:sub(1, at - 1) .. string.char(bytes:byte(at) ~ 1) .. bytes:sub(at + 1)
  end)
end

local server = assert(socket.bind("127.0.0.1", 0))
print((select(2, server:getsockname())))
io.stdout:flush()
local behave = assert(behaviours[arg[1]], "unknown behaviour")
while true do
  local client = server:accept()
  client:setoption("tcp-nodelay", true)
  behave(client)
  client:close()
end
