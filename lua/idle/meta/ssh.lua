---@meta idle.ssh

--- Connections to SSH servers, and commands on them, without blocking the other tasks.
---
--- Each phase has a deadline. The host key is checked before anything of a credential is sent, each credential is tried
--- once. An idle connection answers the server and does not keep the program alive.
local ssh = {}

---@class idle.SshOptions
---@field host           string   a name or an address
---@field port?          integer  default 22
---@field user?          string   default: the account that runs this program
---@field identity_file? string   private ed25519 or ECDSA key of mode 600, OpenSSH's or PEM format; `~/` is expanded
---@field identity_files? string[] private keys to be tried in this order behind it, each once, as far as they exist and
---                                libssh2 can use them; a public key stands for the private one in the agent
---@field identities_only? boolean  of the agent's keys only those that an identity file, or FILE.pub, names
---@field passphrase?    idle.Secret|string  of the keys
---@field password?      idle.Secret|string  for the methods password and keyboard-interactive
---@field agent?         boolean  try the keys of the agent; default true
---@field agent_socket?  string   path; default $SSH_AUTH_SOCK
---@field known_hosts?   string|string[]  default `~/.ssh/known_hosts`; a file that does not exist knows no host
---@field host_key_alias? string  known_hosts is searched for this name, without a port, in place of the host
---@field accept_new?    boolean  the key of an unknown host is accepted and added to the first known_hosts file; one
---                               that has changed or is revoked is refused all the same
---@field host_key?      string   "SHA256:…", as `ssh-keygen -l` prints it: only this key is accepted
---@field via?           idle.SshClient  the connection runs through this one, as with ssh's ProxyJump, and may be the
---                               `via` of another: that server looks up the host and connects to the port
---@field timeout_ms     number   from now until logged in
---@field alive_interval_ms? integer  between signs of life; 2000 to 3600000, default 15000
---@field alive_count_max?   integer  signs of life that may stay unacknowledged before the connection counts as lost;
---                                   1 to 100, default 2
---@field on_password?   fun()    is called once when the password was given to the server, before the answer is
---                               waited for: even who gives up then must count it as tried
---@field trace?         fun(line: string)  is told of each phase, secrets excepted

---@class idle.SshInfo
---@field address              string    the one that answered; "" with `via`
---@field banner               string    of the server, as it came
---@field host_key_type        string    as "ssh-ed25519"
---@field host_key_fingerprint string    "SHA256:…"
---@field auth_method          "publickey"|"agent"|"password"|"keyboard-interactive"|"none"
---@field memory_bytes         integer   that libssh2 holds for it now
---@field warnings             string[]  lines of known_hosts that were passed over, and why; a host key that was added

--- An error of `connect` has these, too.
---@class idle.SshConnectError: idle.Error
---@field phase?           "resolve"|"dial"|"handshake"|"auth"  in which it failed; nil: nothing was begun
---@field credential_sent? boolean  something of a credential was offered, so another try is another attempt
---@field ssh_would_help?  true     the system's ssh(1) can do what libssh2 can't here

--- A connection that is logged in.
---@class idle.SshClient
local Client = {}

--- Connects and logs in. Waits. The order of credentials is identity files, agent, password.
---@param options idle.SshOptions
---@return idle.SshClient?
---@return idle.SshConnectError? err  kinds `input.session`, `secret.closed` (nothing was sent), `ssh.resolve`,
---        `ssh.connect`, `ssh.handshake`, `ssh.busy`, `ssh.hostkey_*`, `ssh.auth`, `ssh.timeout`, `ssh.lost`
---
--- With `via`, each server on the way has its own host key check and login, by its own `connect`; the messages say
--- `'ssh://host:22' through 'ssh://hop:22'`. The new connection keeps the other one alive, and ends with it, by
--- `ssh.lost`. A hop that forwards nothing (AllowTcpForwarding no) or does not reach the host is `ssh.connect`. Only
--- one way at a time is opened through a connection: a host that does not answer holds up the others until its
--- deadline. A host that falls silent behind a hop shows only by the deadline of what waits for it.
function ssh.connect(options) end

---@class idle.SshKeyFacts
---@field type        string   as "ssh-ed25519"
---@field needs_agent boolean  the file shows only its public half, or has a passphrase
---@field is_foreign  boolean  ssh(1) logs in with it, libssh2 does not: on a security key, or RSA before libssh2 1.11

--- Looks at the key in a file. Opens no connection.
---@param path string  `~/` is expanded
---@return idle.SshKeyFacts?  nil: there is none, or nobody can use it as it is there
function ssh.key_facts(path) end

--- Runs a command line without a terminal. Waits until the server has started it. Several commands may run at a time,
--- as many as the server allows.
---@param command_line string
---@param timeout_ms   number
---@return idle.SshPipe?
---@return idle.Error? err  kinds `ssh.busy` (MaxSessions), `remote.setup` (the account may run no commands),
---        `ssh.timeout`, `ssh.lost`; `effect` of the last two tells whether the command may run
function Client:exec(command_line, timeout_ms) end

--- Whether the connection stands, as far as is known.
---@return boolean
function Client:is_open() end

---@return idle.SshInfo
function Client:info() end

--- Drops the connection and all commands on it, and does not wait for that. Whoever waits for one gets `ssh.lost`. To
--- be called as often as one likes; also done by `<close>` and by the garbage collector.
function Client:close() end

--- A command that runs, or what it left. Methods that wait have a deadline, and fail with kind `timeout`; if the
--- connection ends, they fail with kind `ssh.lost`. The output waits in memory: when 1 MiB of stdout is unread, the
--- command has to wait until somebody reads. What came before the connection ended can still be read.
---@class idle.SshPipe
local Pipe = {}

--- Writes to the command's stdin and waits until the system has taken all of it. Output is read meanwhile, so that a
--- command that answers while we write does not stop. After a failure it is not known how much was written.
---@param data        string
---@param timeout_ms? number  default: none
---@return true?
---@return idle.Error? err  kinds `timeout`, `ssh.lost`, `pipe.eof` (it does not read its input any more)
function Pipe:write(data, timeout_ms) end

--- Ends the command's stdin, after everything that was written.
---@return true
function Pipe:finish() end

--- Reads a line of stdout. What stands behind the last line feed counts as a line.
---@param timeout_ms   number
---@param limit_bytes? integer  longest line that is accepted; default 1 MiB
---@return string? line  without the line feed
---@return idle.Error? err  kinds `timeout`, `ssh.lost`, `pipe.eof`, `pipe.too_large` (the line is dropped, the next can
---        be read)
function Pipe:read_line(timeout_ms, limit_bytes) end

--- Reads stdout to its end.
---@param timeout_ms   number
---@param limit_bytes? integer  default 64 MiB
---@return string?
---@return idle.Error? err  kinds `timeout`, `ssh.lost`, `pipe.too_large` (what was read is dropped)
function Pipe:read_all(timeout_ms, limit_bytes) end

--- What the command wrote to stderr so far; complete once stdout has ended and `wait_exit` returned.
---@param all? boolean  false: the last 64 KiB; true: all that is kept, the last MiB
---@return string
function Pipe:stderr(all) end

--- Waits until the command ends. A server may send neither a status nor a signal.
---@param timeout_ms number
---@return { exit_code: integer?, signal: string? }?  exit_code of 32 bits, as it was sent; signal as "TERM"
---@return idle.Error? err  kinds `timeout`, `ssh.lost`
function Pipe:wait_exit(timeout_ms) end

--- Drops the command, and does not wait for that; it may run on at the far end. Whoever waits for it gets `pipe.eof`.
--- To be called as often as one likes; also done by `<close>` and by the garbage collector.
function Pipe:close() end

return ssh
