--- A far end whose answer ends behind so many bytes, and with it the process:
--- `lua5.4 cut_powershell.lua HELLO ANSWER BYTES …`. The bodies of the frames are base64. It is plain Lua,
--- because it is started often.
local hello, answer, bytes = arg[1], arg[2], tonumber(arg[3])

io.read("l")
local token = io.read("l"):match("^%x+")

local function frame(seq, kind, body)
  return ("\nIDLE %s %d %s %d %s %s\n"):format(token, seq, kind, #body, body, token)
end

io.stdout:write(frame(0, "hello", hello))
io.stdout:flush()
io.read("l")
io.stdout:write(frame(1, "ok", answer):sub(1, bytes))
