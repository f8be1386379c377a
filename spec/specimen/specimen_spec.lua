--- All specimens: the program as a person calls it, against a real sshd with a simulated sync server
--- behind it. They start together, since most of their time is waiting, and the longest takes most of
--- a minute. IDLE_SPECIMENS="busy doubt" runs only these subjects.
local specimen = require("spec.support.specimen")

local SUBJECTS = "busy cycle going doubt baseline foreign script reaching refusal input session transport"

for name in (os.getenv("IDLE_SPECIMENS") or SUBJECTS):gmatch("%w+") do
  local subject = require("spec.specimen." .. name)
  subject.runs = specimen.start(subject.cases)
  describe("a specimen: " .. subject.title, function()
    teardown(function()
      for _, run in pairs(subject.runs) do run:close() end
    end)
    subject.specs(subject.runs)
  end)
end
