std = "lua54"
max_line_length = 120
codes = true
cache = false
exclude_files = { "build" }

-- The engine is pure: no I/O, no clock, no printing.
files["lua/idle/engine"] = { not_globals = { "io", "os", "print", "debug", "package", "dofile", "loadfile" } }
files["spec"] = { std = "+busted" }
files["examples"] = { globals = { "arg" } }
files["lua/idle/meta"] = { ignore = { "2" } }
