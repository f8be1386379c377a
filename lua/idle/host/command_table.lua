--- All commands and options, as data: what is parsed, checked and shown in --help.

---@class idle.OptionRow
---@field name     string    without the dashes
---@field value?   string    what its value is called; nil = a switch
---@field is_value_optional? boolean  it may stand alone; the value comes behind "="
---@field type?    "number"|"duration"|"port"  the value is a number above 0; one from 0 on; a number of a port
---@field choices? string[]  the only values; their case does not matter
---@field default? string    shown in the help
---@field repeated? boolean  may be given several times
---@field help     string
---@field example  string

---@class idle.CommandRow
---@field name     string
---@field usage    string
---@field summary  string
---@field details? string
---@field groups   { title: string, [integer]: idle.OptionRow }[]
---@field module   string   main(options, words) or, if passes_arguments, main(list, common) gives the exit status
---@field words?   { what: string, at_most: number }  what it takes beside options, at least one; main's second argument
---@field stray_hint? string  ends the message about an argument too many
---@field passes_arguments? boolean  it reads its arguments itself
---@field lists_settings? boolean  its help shows the options of the simulated server

local table_of_commands = {}

--- Options that every command takes, before or after its word; before a script
--- all of them but --json may stand.
---@type idle.OptionRow[]
table_of_commands.common = {
  { name = "json", help = "print exactly one JSON document on stdout (commands only)",
    example = "idle-lua sync --sim --json" },
  { name = "events", value = "FILE", help = "append every event to FILE as a line of JSON; '-' is stdout",
    example = "--events sync.jsonl" },
  { name = "timeout", value = "SECONDS", type = "number",
    help = "end after so many seconds, whatever happens, with exit status 124; a sync goes on at the server",
    example = "--timeout 1800" },
  { name = "trace", help = "log the phases of SSH and the frames to stderr, secrets removed",
    example = "idle-lua sync --host aad01 --trace 2>trace.log" },
  { name = "help", help = "show this text and exit", example = "idle-lua sync --help" },
}

--- Options of the interpreter, as lua has them.
---@type { usage: string, help: string, example: string }[]
table_of_commands.interpreter = {
  { usage = "-e CHUNK", help = "run the string CHUNK", example = "idle-lua -e 'print(_VERSION)'" },
  { usage = "-l MODULE", help = "require MODULE into a global of that name", example = "idle-lua -l idle joiner.lua" },
  { usage = "-l NAME=MODULE", help = "require MODULE into the global NAME", example = "idle-lua -l json=idle.json -i" },
  { usage = "-i", help = "prompt after the script", example = "idle-lua -i setup.lua" },
  { usage = "-v", help = "show the version of Lua", example = "idle-lua -v" },
  { usage = "-E", help = "ignore environment variables", example = "idle-lua -E joiner.lua" },
  { usage = "-W", help = "turn warnings on", example = "idle-lua -W joiner.lua" },
  { usage = "--", help = "no options after this", example = "idle-lua -- -odd-name.lua" },
  { usage = "-", help = "run stdin as a script", example = "idle-lua - <joiner.lua" },
  { usage = "--version", help = "show the versions of Lua and the libraries, and exit",
    example = "idle-lua --version" },
}

local server = { title = "The server",
  { name = "host", value = "HOST",
    help = "the Entra Connect server (required without --sim): a name of the SSH configuration, or the name or address "
      .. "of the server itself; USER@HOST as well", example = "--host aad01.corp.example" },
  { name = "port", value = "PORT", type = "port", default = "the configuration's, or 22",
    help = "port of its SSH server", example = "--port 2222" },
  { name = "user", value = "USER", default = "the configuration's, or $USER",
    help = "account there, a member of ADSyncOperators", example = "--user 'corp\\svc-sync'" },
  { name = "jump", value = "HOSTS", help = "jump hosts on the way, the nearest first; 'none' for none",
    example = "--jump ops@bastion.corp.example:2222,inner" },
  { name = "ssh-config", value = "FILE", default = "~/.ssh/config and /etc/ssh/ssh_config",
    help = "the SSH configuration to follow; the options here win over it", example = "--ssh-config ./ssh_config" },
  { name = "no-ssh-config", help = "follow no SSH configuration",
    example = "--no-ssh-config --identity ~/.ssh/sync" },
  { name = "transport", value = "WORD", choices = { "auto", "libssh2", "ssh" }, default = "auto",
    help = "libssh2: our own connection; ssh: the system's ssh program, which also knows Kerberos, certificates, RSA "
      .. "and FIDO keys, and takes no password, no passphrase and no --host-key from us; auto: libssh2, or ssh where "
      .. "the SSH configuration sets what only that can do, or there are only RSA or FIDO keys",
    example = "--transport ssh" },
  { name = "known-hosts", value = "FILE", default = "the configuration's, or ~/.ssh/known_hosts",
    help = "file with the server's host key", example = "--known-hosts /etc/ssh/ssh_known_hosts" },
  { name = "host-key", value = "FINGERPRINT", help = "the only host key to accept, as ssh-keygen -l prints it",
    example = "--host-key SHA256:uNiVztksCsDhcc0u9e8BrAd2nEi0dLNzC8tRMQT0A3s" },
  { name = "shell", value = "PROGRAM", choices = { "powershell.exe", "pwsh" }, default = "powershell.exe",
    help = "PowerShell to start there", example = "--shell pwsh" },
  { name = "connect-timeout", value = "SECONDS", type = "number", default = "the configuration's, or 15",
    help = "from TCP to logged in, for each jump host as well", example = "--connect-timeout 30" },
  { name = "reconnect-timeout", value = "SECONDS", type = "duration", default = "30",
    help = "how long to try again when the connection broke, or the server is busy; 0: not at all",
    example = "--reconnect-timeout 120" },
  { name = "start-timeout", value = "SECONDS", type = "number", default = "90", help = "until PowerShell answers",
    example = "--start-timeout 180" },
  { name = "command-timeout", value = "SECONDS", type = "number", default = "300", help = "for one remote command",
    example = "--command-timeout 60" },
}

local login = { title = "Login",
  { name = "identity", value = "FILE", default = "the configuration's, or ssh's own",
    help = "private key: ed25519 or ECDSA; where the system's ssh is used, RSA and FIDO keys as well",
    example = "--identity ~/.ssh/id_ed25519" },
  { name = "passphrase-file", value = "FILE", help = "file with the key's passphrase, readable by its owner only",
    example = "--passphrase-file /run/secrets/sync-key" },
  { name = "passphrase-env", value = "NAME", help = "environment variable with the key's passphrase",
    example = "--passphrase-env SYNC_KEY_PASSPHRASE" },
  { name = "password-file", value = "FILE", help = "file with the password, readable by its owner only",
    example = "--password-file /run/secrets/sync-password" },
  { name = "password-env", value = "NAME", help = "environment variable with the password",
    example = "--password-env SYNC_PASSWORD" },
  { name = "no-agent", help = "leave the SSH agent alone", example = "--identity ~/.ssh/sync --no-agent" },
}

local sync = { title = "The sync",
  { name = "policy", value = "TYPE", choices = { "Delta", "Initial" }, default = "Delta",
    help = "Delta: what changed; Initial: everything", example = "--policy Initial" },
  { name = "no-wait", help = "start a cycle and return at once", example = "--no-wait --baseline sync.json" },
  { name = "check", help = "look at the server and start nothing; exit status 2 if a start would be refused",
    example = "idle-lua sync --host aad01 --check" },
  { name = "wait-timeout", value = "SECONDS", type = "number", default = "600",
    help = "how long to try to start and to wait for the export", example = "--wait-timeout 1200" },
  { name = "poll", value = "SECONDS", type = "number", default = "10",
    help = "pause between two looks while a cycle runs", example = "--poll 5" },
  { name = "on-busy", value = "WORD", choices = { "wait", "fail" }, default = "wait",
    help = "what to do while another cycle runs", example = "--on-busy fail" },
  { name = "settle", value = "SECONDS", type = "number", default = "45",
    help = "how long nothing must change before a cycle without an end mark counts as over", example = "--settle 60" },
  { name = "until", value = "WORD", choices = { "CycleEnd", "Export" }, default = "CycleEnd",
    help = "Export: do not wait for the writeback to AD", example = "--until Export" },
  { name = "allow-disabled", help = "start even if the sync schedule is disabled",
    example = "idle-lua sync --host aad01 --allow-disabled" },
  { name = "expect", value = "DN", help = "say whether this object is among the errors of the export",
    example = "--expect 'CN=Ann Lee,OU=Staff,DC=corp,DC=example'" },
  { name = "baseline", value = "FILE",
    help = "note in FILE that a start is sent; if FILE says so already, start nothing and wait on for that cycle. "
      .. "FILE is removed when the outcome is certain, and kept after --no-wait, a timeout or an interruption",
    example = "--baseline /var/lib/joiner/sync.json" },
  { name = "strict", help = "exit with 2 for warnings: errors of single objects, no export, unverified",
    example = "idle-lua sync --host aad01 --strict || page-somebody" },
}

local simulator = { title = "Without a server",
  { name = "sim", help = "use the embedded simulator in place of a server; there is nothing to log in at",
    example = "idle-lua sync --sim" },
  { name = "set", value = "NAME=VALUE", repeated = true,
    help = "an option of the simulated server, as 'idle-lua help sim' lists them; may be given several times",
    example = "--sim --set busy_starts=2" },
}

local setting = { name = "set", value = "NAME=VALUE", repeated = true,
  help = "an option of the simulated server, as listed below; may be given several times",
  example = "--set busy_starts=2" }

local sshd = { title = "sim sshd",
  { name = "dir", value = "DIR", help = "folder for keys, configuration and logs", example = "--dir /tmp/far-end" },
  { name = "port", value = "PORT", type = "port", default = "a free one", help = "port of the sshd",
    example = "--port 2222" },
  setting,
}

local powershell = { title = "sim powershell",
  { name = "state", value = "FILE", help = "options of the server, as JSON; FILE.ledger gets its starts",
    example = "--state /tmp/far-end/state.json" },
  setting,
}

---@type idle.CommandRow[]
table_of_commands.commands = {
  {
    name = "sync", usage = "sync --host HOST [options]", module = "idle.host.sync_command",
    summary = "start a sync cycle on an Entra Connect server and wait for it",
    details = [[
Starts a directory sync cycle over SSH and waits until that very cycle has
exported. A cycle of somebody else that carries the change is adopted: nothing
is started twice. The result is printed on stdout.]],
    groups = { server, login, sync, simulator }, stray_hint = "; the server is named by --host",
  },
  {
    name = "sim", usage = "sim sshd --dir DIR [--port PORT] | sim powershell --state FILE -- ARGV",
    module = "idle.sim.command", passes_arguments = true,
    summary = "play the far end: a real sshd with a simulated Entra Connect server",
    details = [[
'sim sshd' starts a real sshd on loopback, with keys of its own, whose
powershell.exe is simulated, and prints the idle.ssh_session{} that reaches
it. It runs until Ctrl-C, or a pipe on its input is closed. 'sim powershell'
is that powershell.exe: ARGV is its real command line.]],
    groups = { sshd, powershell }, lists_settings = true,
  },
}

-- They stand before the simulator.
for index, row in ipairs(require("idle.host.workflow_command_rows")) do
  table.insert(table_of_commands.commands, index + 1, row)
end
table.insert(table_of_commands.commands, #table_of_commands.commands, (require("idle.host.test_command_row")))

--- Words of commands that this version does not have.
table_of_commands.absent = { "resume", "runs", "show", "report", "doctor" }

table_of_commands.exit_statuses = {
  { "0", "done" },
  { "1", "a script raised an error that nobody caught" },
  { "2", "a step failed for certain" },
  { "3", "in doubt: something may have been changed" },
  { "4", "blocked: a precondition kept a step from running" },
  { "5", "a plan was changed after it was exported" },
  { "64", "wrong usage" },
  { "65", "invalid input, or a secret that is missing or that others can read" },
  { "66", "a file or script is missing, or can't be read or written" },
  { "70", "internal error" },
  { "74", "the answer could not be written to stdout; what the command did is done" },
  { "75", "temporary: nothing was changed, the same call may succeed later" },
  { "124", "the time was over; a sync goes on at the server" },
  { "128+n", "ended by signal n" },
}

--- Finds a command's row.
---@param name string
---@return idle.CommandRow?
function table_of_commands.find(name)
  for _, row in ipairs(table_of_commands.commands) do
    if row.name == name then return row end
  end
end

--- All options of a command, its own first.
---@param row? idle.CommandRow  nil: the common options alone
---@return idle.OptionRow[]
function table_of_commands.options_of(row)
  local options = {}
  for _, group in ipairs(row and row.groups or {}) do table.move(group, 1, #group, #options + 1, options) end
  return table.move(table_of_commands.common, 1, #table_of_commands.common, #options + 1, options)
end

return table_of_commands
