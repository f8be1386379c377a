local config_files = require("spec.support.config_files")
local far = require("spec.support.far")
local jump = require("idle.sessions.jump")

describe("idle.sessions.jump", function()
  local function parsed(text)
    local shown = {}
    for index, hop in ipairs(jump.parse(text)) do
      shown[index] = ("%s|%s|%s"):format(hop.user or "", hop.host, hop.port or "")
    end
    return shown
  end

  it("reads hops as ssh writes them", function()
    assert.same({}, parsed(nil))
    assert.same({}, parsed("none"))
    assert.same({ "|bastion|" }, parsed("bastion"))
    assert.same({ "ops|bastion|2222", "corp\\ann|inner.corp.example|", "|::1|22", "a@b|fe80::1%eth0|" },
      parsed("ops@bastion:2222, corp\\ann@inner.corp.example,[::1]:22,a@b@[fe80::1%eth0]"))
    assert.same({ "me|bastion|22" }, parsed("ssh://me@bastion:22/"))
  end)

  it("refuses what is none, or what a shell could take for more", function()
    for _, text in ipairs({ "a b", "a,,b", "@bastion", "-oProxyCommand=x", "bastion:", "bastion:0", "bastion:70000",
                            "bastion:x", "bastion;ls", "$(ls)", "a'b@bastion", "`id`@bastion" }) do
      local err = far.raised(jump.parse, text)
      assert.same({ "input.session", "none" }, { err.kind, err.effect })
      assert.matches("^jump host '", err.message)
    end
  end)

  describe("resolves", function()
    local files

    setup(function() files = config_files.new() end)
    teardown(function() files:close() end)

    local function chain(text, more) return jump.chain(files:fields(text, more)) end

    local function places(targets)
      local shown = {}
      for index, target in ipairs(targets) do
        shown[index] = ("%s@%s:%d"):format(target.user, target.host, target.port)
      end
      return table.concat(shown, " ")
    end

    local CONFIG = [[
      Host aadc
        HostName aad01.corp.example
        User sync
        ProxyJump ops@first,second:2222
      Host first
        HostName first.dmz.example
        Port 2201
        User not-me
        IdentityFile /keys/first
        UserKnownHostsFile /known/first
        ProxyJump outer
      Host second
        User inner
        ProxyJump never-used
        ProxyCommand never used
      Host outer
        User edge
    ]]

    it("each hop by its own part of the configuration; only the first one may have a way of its own", function()
      assert.equal("edge@outer:22 ops@first.dmz.example:2201 inner@second:2222 sync@aad01.corp.example:22",
        places(chain(CONFIG)))
      local first = chain(CONFIG)[2]
      assert.same({ "/keys/first" }, first.identity_files)
      assert.equal("/known/first", first.known_hosts[1])
      for _, target in ipairs(chain(CONFIG)) do assert.same({}, target.unsupported) end
    end)

    it("the fields in place of the configuration, if there are some", function()
      assert.equal("inner@second:22 sync@aad01.corp.example:22", places(chain(CONFIG:gsub("ProxyJump never%-used", "")
        :gsub("ProxyCommand never used", ""), { proxy_jump = "second" })))
      assert.equal("sync@aad01.corp.example:22", places(chain(CONFIG, { proxy_jump = false })))
      local targets = jump.chain({ host = "aadc", ssh_config = false, proxy_jump = "me@a:1,b", user = "sync",
                                   port = 3 })
      assert.equal(("me@a:1 %s@b:22 sync@aadc:3"):format(targets[2].user), places(targets))
    end)

    it("a session's key and known hosts for its hops as well, but neither password nor pinned key", function()
      local first = chain(CONFIG, { identity_file = "/keys/own", known_hosts = { "/known/own" }, password = "x",
                                    host_key = "SHA256:x", strict_host_key = "accept-new", agent = false })[2]
      assert.same({ "/keys/first", "/keys/own" }, first.identity_files)
      assert.same({ "/known/own", "/known/first" }, { first.known_hosts[1], first.known_hosts[2] })
      assert.same({ true, false }, { first.accept_new, first.agent })
      assert.is_nil(first.password or first.host_key or first.identity_file)
    end)

    it("nothing that leads in a circle, or over more than eight hops", function()
      local circle = "Host aadc\nProxyJump a\nHost a\nProxyJump b\nHost b\nProxyJump a\n"
      assert.matches("jump host 'a' is its own jump host: the SSH configuration leads in a circle",
        far.raised(chain, circle).message)
      -- Two machines may well be called localhost.
      assert.equal("me@localhost:22 me@localhost:22 me@localhost:22",
        places(chain("Host *\nHostName localhost\nUser me\n", { proxy_jump = "a,b" })))
      local loop = far.raised(chain, "Host *\nProxyJump bastion\n")
      assert.same({ "input.session", "none" }, { loop.kind, loop.effect })
      assert.matches("'bastion' can't be used: jumphost loop via bastion", loop.message)
      assert.equal(9, #chain("", { proxy_jump = "a,b,c,d,e,f,g,h" }))
      assert.matches("is one more than the 8 that are allowed",
        far.raised(chain, "", { proxy_jump = "a,b,c,d,e,f,g,h,i" }).message)
    end)
  end)
end)
