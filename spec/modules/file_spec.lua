local file = require("idle.file")
local process = require("idle.process")

describe("idle.file", function()
  local dir

  before_each(function() dir = assert(file.temp_dir("idle-file-spec-")) end)
  after_each(function() assert(file.remove_all(dir)) end)

  local function mode_of(path)
    local stat <close> = assert(process.spawn({ command = { "stat", "-c", "%a", path } }))
    return stat:read_line(5000)
  end

  it("appends to a file that it makes", function()
    local path = dir .. "/ledger"
    assert.is_true(file.append_synced(path, "one\n"))
    assert.is_true(file.append_synced(path, "two\0\n"))
    assert.equal("one\ntwo\0\n", file.read(path))
  end)

  it("says which file can't be opened, and why", function()
    local content, err = file.read(dir .. "/nothing")
    assert.is_nil(content)
    assert.equal("file.open", err.kind)
    assert.equal(("cannot open '%s/nothing': No such file or directory"):format(dir), err.message)
    assert.equal("file.open", select(2, file.append_synced(dir .. "/a/b", "x")).kind)
    assert.equal("file.open", select(2, file.lock(dir .. "/a/b")).kind)
  end)

  it("says why a folder can't be read", function()
    local content, err = file.read(dir)
    assert.is_nil(content)
    assert.equal("file.read", err.kind)
  end)

  it("reads no more than the limit", function()
    local path = dir .. "/large"
    assert(file.write_private(path, ("x"):rep(100000)))
    assert.equal(100000, #file.read(path, 100000))
    local content, err = file.read(path, 99999)
    assert.is_nil(content)
    assert.equal("file.too_large", err.kind)
    assert.equal(("'%s' is larger than 99999 bytes"):format(path), err.message)
  end)

  it("replaces a file by one that only its owner may read", function()
    local path = dir .. "/baseline"
    local f <close> = assert(io.open(path, "w"))
    f:write("old")
    assert.is_true(file.write_private(path, "new"))
    assert.equal("new", file.read(path))
    assert.equal("600", mode_of(path))
  end)

  it("leaves nothing behind when a file can't be replaced", function()
    assert(file.mkdir(dir .. "/taken"))
    assert(file.append_synced(dir .. "/taken/x", ""))
    assert.equal("file.write", select(2, file.write_private(dir .. "/taken", "text")).kind)
    local ls <close> = assert(process.spawn({ command = { "ls", dir } }))
    assert.equal("taken\n", ls:read_all(5000))
  end)

  it("makes private folders, and accepts one that is there", function()
    assert.is_true(file.mkdir(dir .. "/sub"))
    assert.is_true(file.mkdir(dir .. "/sub"))
    assert.equal("700", mode_of(dir .. "/sub"))
    assert(file.append_synced(dir .. "/plain", ""))
    assert.equal("file.write", select(2, file.mkdir(dir .. "/plain")).kind)
  end)

  it("knows what exists", function()
    assert.is_true(file.exists(dir))
    assert.is_false(file.exists(dir .. "/nothing"))
  end)

  it("removes files and empty folders", function()
    assert(file.append_synced(dir .. "/f", ""))
    assert.is_true(file.remove(dir .. "/f"))
    assert.is_false(file.exists(dir .. "/f"))
    assert.equal("file.write", select(2, file.remove(dir .. "/f")).kind)
  end)

  it("removes a tree without following its links", function()
    assert(file.mkdir(dir .. "/kept"))
    assert(file.append_synced(dir .. "/kept/f", "x"))
    assert(file.mkdir(dir .. "/tree"))
    assert(file.mkdir(dir .. "/tree/sub"))
    local ln <close> = assert(process.spawn({ command = { "ln", "-s", dir .. "/kept", dir .. "/tree/sub/link" } }))
    assert.equal(0, ln:wait_exit(5000).exit_code)
    assert.is_true(file.remove_all(dir .. "/tree"))
    assert.is_false(file.exists(dir .. "/tree"))
    assert.equal("x", file.read(dir .. "/kept/f"))
    assert.is_true(file.remove_all(dir .. "/tree"))
  end)

  it("names the real path", function()
    assert(file.mkdir(dir .. "/sub"))
    assert.equal(file.real_path(dir), file.real_path(dir .. "/sub/.."))
    assert.equal("file.open", select(2, file.real_path(dir .. "/nothing")).kind)
  end)

  it("says at once that somebody else has a lock", function()
    local path = dir .. "/lock"
    local lock <close> = assert(file.try_lock(path))
    local none, err = file.try_lock(path)
    assert.is_nil(none)
    assert.same({ "file.busy", ("'%s' is locked by somebody else"):format(path) }, { err.kind, err.message })
    lock:unlock()
    local again <close> = assert(file.try_lock(path)) -- luacheck: ignore again
    assert.equal("file.open", select(2, file.try_lock(dir .. "/a/b")).kind)
  end)

  it("lets only one process at a time have a lock", function()
    local path = dir .. "/lock"
    local lock <close> = assert(file.lock(path))
    local command = { "flock", "--nonblock", "--conflict-exit-code", "9", path, "true" }
    local other <close> = assert(process.spawn({ command = command }))
    assert.equal(9, other:wait_exit(5000).exit_code)
    lock:unlock()
    lock:unlock()
    local later <close> = assert(process.spawn({ command = command }))
    assert.equal(0, later:wait_exit(5000).exit_code)
  end)

  it("refuses a path with a zero byte, which would name another file", function()
    assert.error_matches(function() file.read(dir .. "\0x") end, "zero byte")
  end)
end)
