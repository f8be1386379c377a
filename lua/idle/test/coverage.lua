--- Line coverage of the user's scripts, written as lcov does (geninfo(1)).
local bytecode = require("idle.test.bytecode")
local errors = require("idle.engine.errors")
local file = require("idle.file")
local lines = require("idle.lines")

local coverage = {}

--- Counts lines from now on.
function coverage.begin() lines.count() end

-- ---- What counts ----

-- The same file may have been loaded several times, under several names.
local function merge(hits)
  local files = {}
  for _, source in ipairs(hits) do
    local path = file.real_path(source.path)
    if path then
      files[path] = files[path] or {}
      for line, count in pairs(source.hits) do files[path][line] = (files[path][line] or 0) + count end
    end
  end
  return files
end

-- Specs, and what stands in their folder for them alone.
local function ignored_paths(specs)
  local ignored = {}
  for name in pairs(specs or {}) do
    local path = file.real_path(name)
    if path then ignored[path] = true end
  end
  return ignored
end

local function is_wanted(path, folder, specs, ignored)
  if path:sub(1, #folder) ~= folder or path:find("/%.busted$") then return false end
  return not specs or not (ignored[path] or path:sub(#folder + 1):find("^spec/"))
end

-- ---- One file ----

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

local function add_functions(out, functions, hits, text)
  table.sort(functions, function(a, b) return a.first_line < b.first_line end)
  local used, hit = {}, 0
  for _, f in ipairs(functions) do
    local name = name_of(text[f.first_line], f.first_line)
    if used[name] then name = ("%s@%d"):format(name, f.first_line) end
    if used[name] then name = ("%s.%d"):format(name, #out) end
    used[name] = true
    local count = hits[f.lines[1]] or 0
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
local function add_record(out, path, hits)
  local chunk = loadfile(path, "t")
  if not chunk then return 0, 0 end
  local functions, active = {}, {}
  collect(bytecode.read(string.dump(chunk)), functions, active)
  out[#out + 1] = "TN:\nSF:" .. path
  add_functions(out, functions, hits, split(errors.check(file.read(path))))
  return add_lines(out, active, hits)
end

--- The records of what ran below a folder.
---@param hits   { path: string, hits: table<integer, integer> }[]  as idle.lines gives them
---@param folder string
---@param specs? table<string, boolean>  paths of the specs, to be left out; nil: they count, too
---@return string lcov
---@return { files: integer, lines: integer, hit: integer } sums
function coverage.records(hits, folder, specs)
  local files, paths, out = merge(hits), {}, {}
  local ignored = ignored_paths(specs)
  folder = folder:gsub("/?$", "/")
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

--- Writes what ran below the current folder.
---@param path   string
---@param specs? table<string, boolean>
---@return string summary  for people
function coverage.write(path, specs)
  local text, sums = coverage.records(lines.hits(), errors.check(file.real_path(".")), specs)
  local out = assert(io.open(path, "w"))
  out:write(text)
  assert(out:close())
  local percent = sums.lines > 0 and 100 * sums.hit / sums.lines or 0
  return ("%d of %d lines ran (%.1f %%), in %d %s: %s"):format(sums.hit, sums.lines, percent, sums.files,
    sums.files == 1 and "file" or "files", path)
end

return coverage
