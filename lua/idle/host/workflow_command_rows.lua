--- The commands on workflow files, as rows of the table of commands.

local request = { name = "request", value = "FILE",
  help = "the request: who joins, moves or leaves (.json, .psd1, or .lua that returns a table)",
  example = "--request examples/workflows/joiner-request.json" }

local setup = { name = "setup", value = "FILE", default = "./idle-setup.lua, if it is there",
  help = "a Lua file that returns { Providers = …, EventSink = …, ExecutionOptions = … }",
  example = "--setup examples/workflows/setup.lua" }

---@type idle.CommandRow[]
return {
  {
    name = "check", usage = "check FILE… [--request FILE] [--setup FILE]", module = "idle.host.check_command",
    words = { what = "workflow file", at_most = math.huge },
    summary = "say everything that is wrong with workflow files",
    details = [[
Checks workflow files (.psd1, or .lua that returns a table) and prints every
violation on a line of its own: file, line, column, the path in the workflow,
and what is wrong. Nothing is executed; exit status 65 if there is any.]],
    groups = { { title = "What to check with",
      { name = "request", value = "FILE", help = "the workflow must be for the event of this request",
        example = request.example },
      { name = "setup", value = "FILE", default = setup.default,
        help = "step types of your own are described there, in Providers.StepMetadata", example = setup.example },
    } },
  },
  {
    name = "plan", usage = "plan FILE --request FILE [--setup FILE] [--out FILE]", module = "idle.host.plan_command",
    words = { what = "workflow file", at_most = 1 },
    summary = "show what a workflow would do for a request, and change nothing",
    details = [[
Plans a workflow for a request: which steps apply, with which provider, what
their conditions compared, and what is missing. Providers are asked what they
can do, and what they know of the identity; nothing is changed. With --out the
plan is written to a file, sealed, to be reviewed and run later.]],
    groups = { { title = "The plan", request, setup,
      { name = "out", value = "FILE", help = "write the plan to FILE, as JSON", example = "--out joiner.plan.json" },
      { name = "schema", value = "VERSION", choices = { "1.0", "1.1" }, default = "1.1",
        help = "1.0: IdLE's own export, which cannot be run; 1.1: complete and sealed",
        example = "--schema 1.0 --json" },
    } },
  },
  {
    name = "run", usage = "run FILE --request FILE [--setup FILE] [--what-if]", module = "idle.host.run_command",
    words = { what = "workflow file, or an exported plan", at_most = 1 },
    summary = "run a workflow, or a plan that was exported",
    details = [[
Plans a workflow for a request and executes the plan: its steps in their order,
and the steps for a failure if one fails. FILE may also be a plan exported
before (.json, without --request): it runs exactly as it was reviewed, or not
at all.]],
    groups = { { title = "The run", request, setup,
      { name = "what-if", help = "check everything, show the steps, and run none of them",
        example = "idle-lua run joiner.psd1 --request ann.json --what-if" },
    } },
  },
}
