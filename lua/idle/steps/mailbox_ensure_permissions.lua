--- IdLE.Step.Mailbox.EnsurePermissions: who may use a mailbox, and how.
local data = require("idle.engine.data")
local mailbox = require("idle.steps.mailbox")
local one_call = require("idle.steps.one_call")
local value = require("idle.engine.value")
local with = require("idle.steps.with")

local WORD = "Mailbox.EnsurePermissions"

---@type idle.WithKey[]
local KEYS = {
  { key = "AssignedUser", read = with.text, required = true },
  { key = "Right", read = with.word({ "FullAccess", "SendAs", "SendOnBehalf" }), required = true },
  { key = "Ensure", read = with.word({ "Present", "Absent" }), required = true },
}

local function permissions(v)
  if type(v) ~= "table" then return nil, "a list of hashtables" end
  local list = value.list()
  for index, entry in ipairs(data.items(v)) do
    list[index] = with.read(WORD, entry, KEYS, ("With.Permissions[%d]"):format(index - 1))
  end
  return list
end

local ENSURE = mailbox.one_call(WORD, "EnsureMailboxPermissions",
  { key = "Permissions", read = permissions, required = true })

-- A provider that has the member `EventSink` reports each change of a right there.
function ENSURE.prepare(call, context)
  if call.provider.EventSink ~= nil then call.provider.EventSink = context.EventSink end
end

return one_call.step(ENSURE)
