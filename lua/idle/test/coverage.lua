--- Line coverage of the user's scripts, written as lcov does (geninfo(1)).
local bytecode = require("idle.test.bytecode")
local errors = require("idle.engine.errors")
local file = require("idle.file")
local lines = require("idle.lines")

local coverage = {}

-- A spec may go to another folder: what has no folder in its name belongs to the first.
local function absolute(path, folder) return path:sub(1, 1) == "/" and path or folder .. path end

---@class idle.test.Coverage
---@field package folder string  ends in a slash
---@field package path   string  of the file to write
---@field package shown  string  the same, as it was given
local Coverage = {}
Coverage.__index = Coverage

--- Counts lines from now on, of what lies below the current folder.
---@param path string  file to write; raises if that cannot be
---@return idle.test.Coverage
function coverage.begin(path)
  local out, why = io.open(path, "a")
  if not out then errors.raise("input.file", ("--coverage cannot write %s"):format(errors.escape(why))) end
  out:close()
  lines.count()
  local folder = errors.check(file.real_path(".")):gsub("/?$", "/")
  return setmetatable({ folder = folder, path = absolute(path, folder), shown = path }, Coverage)
end

local function add(sums, counts)
  for line, count in pairs(counts) do sums[line] = (sums[line] or 0) + count end
end

-- The same file may have been loaded several times, under several names.
local function merge(hits, folder)
  local files = {}
  for _, source in ipairs(hits) do
    local path = file.real_path(absolute(source.path, folder))
    if path then
      local sums = files[path] or { hits = {}, begun = {} }
      add(sums.hits, source.hits)
      add(sums.begun, source.begun)
      files[path] = sums
    end
  end
  return files
end

-- Specs, and what stands in their folder for them alone.
local function ignored_paths(specs, folder)
  local ignored = {}
  for name in pairs(specs or {}) do
    local path = file.real_path(absolute(name, folder))
    if path then ignored[path] = true end
  end
  return ignored
end

local function is_wanted(path, folder, specs, ignored)
  if path:sub(1, #folder) ~= folder or path:find("/%.busted$") then return false end
  return not specs or not (ignored[path] or path:sub(#folder + 1):find("^spec/"))
end

-- Names as the script has them; a function without one goes by its line.
local function name_of(text, line)
  local name = text and (text:match("function%s+([%w_.:]+)") or text:match("([%w_.%[%]\"']+)%s*=%s*function"))
  return name and name or ("function@%d"):format(line)
end

local function split(text)
  local list = {}
  for line in text:gmatch("([^\n]*)\n?") do list[#list + 1] = line end
  return list
end

-- Every function below `f`, and every line that can run.
local function collect(f, functions, active)
  for _, line in ipairs(f.lines) do active[line] = true end
  for _, inner in ipairs(f.functions) do
    functions[#functions + 1] = inner
    collect(inner, functions, active)
  end
end

-- How often a function was called: how often its first line ran, without what other functions did there.
local function calls_of(f, counts)
  local line = f.lines[1]
  if line == nil then return 0 end
  local begun = counts.begun[line] or 0
  return line == f.first_line and begun or (counts.hits[line] or 0) - begun
end

local function add_functions(out, functions, counts, text)
  table.sort(functions, function(a, b) return a.first_line < b.first_line end)
  local used, hit = {}, 0
  for _, f in ipairs(functions) do
    local name = name_of(text[f.first_line], f.first_line)
    if used[name] then name = ("%s@%d"):format(name, f.first_line) end
    if used[name] then name = ("%s.%d"):format(name, #out) end
    used[name] = true
    local count = calls_of(f, counts)
    if count > 0 then hit = hit + 1 end
    out[#out + 1] = ("FN:%d,%s"):format(f.first_line, name)
    out[#out + 1] = ("FNDA:%d,%s"):format(count, name)
  end
  out[#out + 1] = ("FNF:%d\nFNH:%d"):format(#functions, hit)
end

local function add_lines(out, active, hits)
  local list, hit = {}, 0
  for line in pairs(active) do list[#list + 1] = line end
  table.sort(list)
  for _, line in ipairs(list) do
    local count = hits[line] or 0
    if count > 0 then hit = hit + 1 end
    out[#out + 1] = ("DA:%d,%d"):format(line, count)
  end
  out[#out + 1] = ("LF:%d\nLH:%d\nend_of_record"):format(#list, hit)
  return #list, hit
end

-- One record. A file that is no Lua any more, or was changed meanwhile, has none.
local function add_record(out, path, counts)
  local chunk = loadfile(path, "t")
  if not chunk then return 0, 0 end
  local functions, active = {}, {}
  collect(bytecode.read(string.dump(chunk)), functions, active)
  out[#out + 1] = "TN:\nSF:" .. path
  add_functions(out, functions, counts, split(errors.check(file.read(path))))
  return add_lines(out, active, counts.hits)
end

--- The records of what ran below a folder.
---@param hits   idle.LineHits[]
---@param folder string
---@param specs? table<string, boolean>  paths of the specs, to be left out; nil: they count, too
---@return string lcov
---@return { files: integer, lines: integer, hit: integer } sums
function coverage.records(hits, folder, specs)
  folder = folder:gsub("/?$", "/")
  local files, paths, out = merge(hits, folder), {}, {}
  local ignored = ignored_paths(specs, folder)
  for path in pairs(files) do
    if is_wanted(path, folder, specs, ignored) then paths[#paths + 1] = path end
  end
  table.sort(paths)
  local sums = { files = 0, lines = 0, hit = 0 }
  for _, path in ipairs(paths) do
    local count, hit = add_record(out, path, files[path])
    sums.files = sums.files + (count > 0 and 1 or 0)
    sums.lines, sums.hit = sums.lines + count, sums.hit + hit
  end
  return #out > 0 and table.concat(out, "\n") .. "\n" or "", sums
end

--- Writes what ran.
---@param specs? table<string, boolean>  paths of the specs, to be left out; nil: they count, too
---@return string summary  for people
function Coverage:write(specs)
  local text, sums = coverage.records(lines.hits(), self.folder, specs)
  local out = assert(io.open(self.path, "w"))
  out:write(text)
  assert(out:close())
  local percent = sums.lines > 0 and 100 * sums.hit / sums.lines or 0
  return ("%d of %d lines ran (%.1f %%), in %d %s: %s"):format(sums.hit, sums.lines, percent, sums.files,
    sums.files == 1 and "file" or "files", self.shown)
end

return coverage
