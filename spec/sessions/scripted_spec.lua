local eventually = require("spec.support.eventually")
local far = require("spec.support.far")
local loop = require("idle.loop")

-- A command on a far end that goes wrong in the given way.
local function raised(mode, options)
  local session <close> = far.scripted(mode, options)
  return far.raised(session.InvokeCommand, session, "Get-Date", {})
end

describe("a far end that does not start", function()
  it("is a matter of setup when there is no such program", function()
    local err = raised("not_found")
    assert.equal("remote.setup", err.kind)
    assert.equal("none", err.effect)
    assert.matches("did not start %(exit status 127: there is no such program on the far end%)", err.message)
    assert.matches("on stderr: ''powershell.exe' is not recognized", err.message)
  end)

  it("says with which exit status it ended", function()
    assert.matches("did not start %(exit status 9%)", raised("exit_at_once").message)
  end)

  it("says what it printed, and its CLIXML as text", function()
    assert.matches("it printed 'This account is currently not available.'", raised("echo_of_a_shell").message)
    assert.matches("on stderr: 'the term is unknown'", raised("bad_clixml_error").message)
  end)

  it("is given up at the deadline", function()
    local began = loop.monotonic()
    local err = raised("silent", { start_timeout = 0.3 })
    assert.equal("timeout", err.kind)
    assert.equal("none", err.effect)
    assert.matches("did not answer within 0.3 s of its start", err.message)
    assert.is_true(loop.monotonic() - began < 2)
  end)

  it("is given up when the session is closed meanwhile", function()
    local session, err = far.scripted("silent"), nil
    local task = loop.spawn(function() err = far.raised(session.InvokeCommand, session, "Get-Date", {}) end)
    loop.sleep(50)
    session:close()
    local began = loop.monotonic()
    task:join()
    assert.same({ "input.session", "none" }, { err.kind, err.effect })
    assert.is_true(loop.monotonic() - began < 2)
  end)

  it("is refused when its hello is none", function()
    for mode, what in pairs({ wrong_hello = "a frame 'ok' before hello", broken_hello = "hello that can't be read",
                              cut_hello = "cut or merged", foreign_hello = "token of somebody else" }) do
      local err = raised(mode)
      assert.equal("remote.protocol", err.kind)
      assert.equal("none", err.effect)
      assert.matches(what, err.message)
    end
  end)

  it("is a matter of setup when the program is not there at all", function()
    local session <close> = require("idle.sessions.process")({ command = { "/does/not/exist" } })
    local err = far.raised(session.InvokeCommand, session, "Get-Date", {})
    assert.equal("remote.setup", err.kind)
    assert.matches("/does/not/exist", err.message)
  end)
end)

describe("an answer that is none", function()
  it("leaves the effect unknown", function()
    local cases = {
      cut = "cut or merged",
      wrong_token = "token of somebody else",
      wrong_tail = "cut or merged",
      wrong_length = "announces 7 characters",
      wrong_seq = "the answer to request 2",
      unknown_kind = "unknown kind",
      second_hello = "said hello in place of an answer",
      not_base64 = "can't be read",
      not_clixml = "can't be read",
      no_output = "can't be read",
      exit_without_frame = "ended without an answer to 'Get%-Date' %(exit status 9%)",
      long_line = "instead of the answer to 'Get%-Date'",
    }
    for mode, what in pairs(cases) do
      local err = raised(mode, { max_output_bytes = 65536 })
      assert.equal("remote.protocol", err.kind, mode)
      assert.equal("unknown", err.effect, mode)
      assert.is_false(err.transient, mode)
      assert.matches(what, err.message, 1, false, mode)
    end
  end)

  it("is one that says our request could not be read: then nothing happened", function()
    local err = raised("unread")
    assert.equal("remote.protocol", err.kind)
    assert.equal("none", err.effect)
    assert.equal("XmlException", err.data.id)
  end)

  it("is awaited until the deadline, and not in babble without end", function()
    local err = raised("silence", { command_timeout = 0.3 })
    assert.equal("timeout", err.kind)
    assert.equal("unknown", err.effect)
    assert.matches("'Get%-Date' on '.*' did not answer within 0.3 s", err.message)
    assert.matches("much output, but no frame", raised("babble").message)
  end)

  it("is awaited until the deadline in a stream of empty lines, too", function()
    local began = loop.monotonic()
    local err = raised("empty_lines", { command_timeout = 0.3 })
    assert.equal("timeout", err.kind)
    assert.equal("unknown", err.effect)
    assert.is_true(loop.monotonic() - began < 2)
  end)
end)

describe("an answer among noise", function()
  it("is found byte by byte, with CR LF and behind a line without an end", function()
    local session <close> = far.scripted("trickle")
    assert.equal("yes", (session:InvokeCommand("Get-Date", {})))
    assert.equal("yes", (session:InvokeCommand("Get-Date", {})))
  end)

  it("leaves noise for the next command to pass over", function()
    local session <close> = far.scripted("noise_after")
    for _ = 1, 3 do assert.equal("yes", (session:InvokeCommand("Get-Date", {}))) end
  end)

  it("is never taken for the next command's: two answers cost the process", function()
    local session <close> = far.scripted("two_answers")
    local first = session:info().pid
    assert.equal("yes", (session:InvokeCommand("Get-Date", {})))
    eventually(function() return session:info().pid ~= first end, "the process was replaced")
    assert.equal("yes", (session:InvokeCommand("Get-Date", {})))
  end)
end)
