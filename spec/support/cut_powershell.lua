--- A far end whose answer ends behind so many bytes, and with it the process:
--- `lua5.4 cut_powershell.lua HELLO ANSWER BYTES LEDGER …`. The bodies of the frames are base64; a line in the file
--- LEDGER is the request that came. It is plain Lua, because it is started often.
local hello, answer, bytes, ledger = arg[1], arg[2], tonumber(arg[3]), arg[4]

io.read("l")
local token = io.read("l"):match("^%x+")

local function frame(seq, kind, body)
  return ("\nIDLE %s %d %s %d %s %s\n"):format(token, seq, kind, #body, body, token)
end

io.stdout:write(frame(0, "hello", hello))
io.stdout:flush()
local request = io.read("l") or ""
if request == "" then return end
local entries = assert(io.open(ledger, "a"))
assert(entries:write(request, "\n"))
assert(entries:close())
io.stdout:write(frame(1, "ok", answer):sub(1, bytes))
