--- The command `test`, as a row of the table of commands.

---@type idle.CommandRow
return {
  name = "test", usage = "test [PATH…] [options]", module = "idle.host.test_command", passes_arguments = true,
  summary = "run specs with busted, inside the host: they may wait, connect and spawn",
  details = [[
Runs the specs in PATH (./spec, if there is none) with busted 2.1. All of
busted's options may be given, too: --filter, -t TAGS, -o TAP, -o junit and so
on, and its file .busted counts; 'idle-lua test -h' shows them. A spec that
leaves a task, a session, a process or a file open fails, with the line that
made it; what setup() makes may live until teardown(). One that calls os.exit
fails, too. Exit status 0, or 1 if a spec failed, as busted's.

Under 'busted --lua=idle-lua', and in a spec that runs itself, all this and
the assertions (assert.ran_steps and so on) come with a helper:
  busted --lua=idle-lua --helper=idle.test.busted spec
  idle-lua a_spec.lua --helper=idle.test.busted]],
  groups = { { title = "The specs",
    { name = "seed", value = "NUMBER", default = "a random one, shown if a spec fails",
      help = "makes chance repeatable: jitter, ids, math.random, the simulator, and busted's --shuffle",
      example = "idle-lua test --seed 4711 spec/joiner_spec.lua" },
    { name = "coverage", value = "FILE", is_value_optional = true, default = "lcov.info",
      help = "count the lines of the scripts below this folder, without the specs, and write them as lcov does",
      example = "idle-lua test --coverage && genhtml lcov.info" },
    { name = "coverage-specs", help = "count the lines of the specs, too",
      example = "idle-lua test --coverage --coverage-specs" },
    { name = "no-leak-check", help = "let specs leave things open", example = "idle-lua test --no-leak-check" },
  } },
}
