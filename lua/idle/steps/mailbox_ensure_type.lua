--- IdLE.Step.Mailbox.EnsureType: a mailbox is one of a user, a shared one, a room or a piece of equipment.
local mailbox = require("idle.steps.mailbox")
local with = require("idle.steps.with")

return mailbox.step("Mailbox.EnsureType", "EnsureMailboxType",
  { key = "MailboxType", read = with.word({ "User", "Shared", "Room", "Equipment" }), required = true })
