--- IdLE.Step.Mailbox.GetInfo: looks at a mailbox; what was seen is in the result's State.
local mailbox = require("idle.steps.mailbox")
local one_call = require("idle.steps.one_call")

local GET = mailbox.one_call("Mailbox.GetInfo", "GetMailbox")

---@type idle.StepHandler
return function(context, with, step)
  local result, answer = one_call.run(GET, context, with, step)
  result.Changed = false
  result.State = { Mailbox = answer }
  return result
end
