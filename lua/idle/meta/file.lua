---@meta idle.file

--- The few things with files that Lua's `io` can't do, or does without saying when they are durable. These calls block
--- the other tasks while the disk works.
local file = {}

---@class idle.FileLock
local FileLock = {}

--- Gives the lock to the next; also done by `<close>` and by the garbage collector.
function FileLock:unlock() end

--- Appends a text with one write and returns when it is on the disk. The file is made if it is not there.
---@param path string
---@param text string
---@return true?
---@return idle.Error? err  kinds `file.open`, `file.write`
function file.append_synced(path, text) end

--- Whether there is a file or a folder of this name, and we may know.
---@param path string
---@return boolean
function file.exists(path) end

--- Waits for the only lock on a file, among all processes that ask for it. The file is made if it is not there.
---@param path string
---@return idle.FileLock?
---@return idle.Error? err  kind `file.open`
function file.lock(path) end

--- Makes a folder that only its owner may enter. One that is there already is left as it is.
---@param path string
---@return true?
---@return idle.Error? err  kind `file.write`
function file.mkdir(path) end

--- Reads a whole file.
---@param path   string
---@param limit? integer  largest size that is accepted, in bytes; default 64 MiB
---@return string?
---@return idle.Error? err  kinds `file.open`, `file.read`, `file.too_large`
function file.read(path, limit) end

--- The path of an existing file without links, dots or relative parts.
---@param path string
---@return string?
---@return idle.Error? err  kind `file.open`
function file.real_path(path) end

--- Removes a file or an empty folder.
---@param path string
---@return true?
---@return idle.Error? err  kind `file.write`
function file.remove(path) end

--- Removes a folder with all that is in it; nothing to remove is fine, too. Links are removed, not followed.
---@param path string
---@return true?
---@return idle.Error? err  kind `file.write`
function file.remove_all(path) end

--- Makes a folder of a new name, which only its owner may enter, under $TMPDIR or /tmp.
---@param prefix string  its name begins with this
---@return string? path
---@return idle.Error? err  kind `file.write`
function file.temp_dir(prefix) end

--- Takes the only lock on a file, unless somebody has it. The file is made if it is not there.
---@param path string
---@return idle.FileLock?
---@return idle.Error? err  kinds `file.busy`, `file.open`
function file.try_lock(path) end

--- Replaces a file as a whole: at any moment either the old or the new text is there, and only its owner may read it.
---@param path string
---@param text string
---@return true?
---@return idle.Error? err  kind `file.write`
function file.write_private(path, text) end

return file
