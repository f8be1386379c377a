--- Which words of ssh_config(5) our own transport can't follow, so that they are never ignored.
---
--- Words that are in neither list, and that ssh_config.lua does not read, are of no matter to a remote command without
--- a terminal: multiplexing, forwardings, the environment (Debian sends LANG by default), what is printed. Agent
--- forwarding, forwarding of X11 and local commands are never on, whatever the configuration says.
local ssh_config_words = {}

--- As `ssh -G` prints them, and as people write them. Any value but the default counts.
---@type table<string, string>
ssh_config_words.UNSUPPORTED = {
  addressfamily = "AddressFamily",
  bindaddress = "BindAddress",
  bindinterface = "BindInterface",
  casignaturealgorithms = "CASignatureAlgorithms",
  certificatefile = "CertificateFile",
  checkhostip = "CheckHostIP",
  ciphers = "Ciphers",
  hostbasedauthentication = "HostbasedAuthentication",
  hostkeyalgorithms = "HostKeyAlgorithms",
  kexalgorithms = "KexAlgorithms",
  knownhostscommand = "KnownHostsCommand",
  macs = "MACs",
  pkcs11provider = "PKCS11Provider",
  preferredauthentications = "PreferredAuthentications",
  proxycommand = "ProxyCommand",
  pubkeyacceptedalgorithms = "PubkeyAcceptedAlgorithms",
  pubkeyauthentication = "PubkeyAuthentication",
  rekeylimit = "RekeyLimit",
  requiredrsasize = "RequiredRSASize",
  revokedhostkeys = "RevokedHostKeys",
  securitykeyprovider = "SecurityKeyProvider",
  setenv = "SetEnv",
  verifyhostkeydns = "VerifyHostKeyDNS",
}

--- The same, but of no matter where there is no password.
---@type table<string, string>
ssh_config_words.UNSUPPORTED_WITH_PASSWORD = {
  kbdinteractiveauthentication = "KbdInteractiveAuthentication",
  passwordauthentication = "PasswordAuthentication",
}

--- What would let an unknown host in; we stay with "yes" and say so.
---@type { word: string, value: string, name: string }[]
ssh_config_words.NEVER_FOLLOWED = {
  { word = "stricthostkeychecking", value = "false", name = "StrictHostKeyChecking no" },
  { word = "nohostauthenticationforlocalhost", value = "yes", name = "NoHostAuthenticationForLocalhost yes" },
}

return ssh_config_words
