--- What only a real Windows server can confirm, in one place.
---
--- The protocol itself was run against PowerShell 7 on Linux. Of Windows PowerShell 5.1 and Windows'
--- sshd the following is assumed, besides the tables below:
---
---  * `[Console]::OpenStandardInput()` works under `-NonInteractive -EncodedCommand` (Ansible does
---    the like), and stdin is left to the script as long as it never says `$input`.
---  * Lines on stdout may end in CR LF, and code pages don't touch them: a frame is ASCII.
---  * The command line means the same to cmd, to powershell.exe and to pwsh as default shells,
---    because it only has letters, digits and `+ / = . -`.
---  * Windows ends no process when a channel closes: the remote PowerShell ends because its stdin does.
---  * The `id` of a parameter binding error ends in the name of the command, or of its class.
---  * ADSync's own errors carry the service's text in English; their `hresult` does not depend on it.
local assumptions = {}

--- Windows' exit statuses of powershell.exe and cmd.exe that have a meaning of their own.
---@type table<integer, string>
assumptions.exit_statuses = {
  [0xFFFD0000] = "it refused its command line",
  [0xFFFE0000] = "it was interrupted (Ctrl-Break)",
  [0xFFFF0000] = "it could not initialise itself",
  [0xC000013A] = "it was interrupted (Ctrl-C)",
  [0xC0000142] = "a library of it could not initialise itself",
  [9009] = "there is no such program on the far end",
  [127] = "there is no such program on the far end",
  [126] = "the program on the far end can't be started",
  [64] = "it refused its command line",
  [41] = "it refused the bootstrap",
}

--- HRESULTs after which the same call may succeed a little later.
---@type table<integer, boolean>
assumptions.transient_hresults = {
  [-2147023174] = true, -- 0x800706BA: the RPC server is unavailable
  [-2147023170] = true, -- 0x800706BE: the remote procedure call failed
  [-2147023169] = true, -- 0x800706BF: it failed and did not execute
  [-2147023173] = true, -- 0x800706BB: the RPC server is too busy
}

--- Arguments of powershell.exe before the encoded command.
assumptions.arguments = {
  "-NoLogo", "-NoProfile", "-NonInteractive", "-ExecutionPolicy", "Bypass", "-EncodedCommand",
}

--- Longest command line that every shell in between has been seen to pass on.
assumptions.max_command_line = 2500

return assumptions
