--- IdLE.Step.Mailbox.EnsureOutOfOffice: whether and what a mailbox answers by itself.
local errors = require("idle.engine.errors")
local mailbox = require("idle.steps.mailbox")
local with = require("idle.steps.with")

local WORD = "Mailbox.EnsureOutOfOffice"

---@type idle.WithKey[]
local KEYS = {
  { key = "Mode", read = with.word({ "Disabled", "Enabled", "Scheduled" }), required = true },
  { key = "Start", read = with.text },
  { key = "End", read = with.text },
  { key = "InternalMessage", read = with.any_text },
  { key = "ExternalMessage", read = with.any_text },
  { key = "ExternalAudience", read = with.word({ "None", "Known", "All" }) },
  { key = "MessageFormat", read = with.word({ "Text", "Html" }) },
}

local function config(v)
  local map, what = with.map(v)
  if not map then return nil, what end
  local values = with.read(WORD, map, KEYS, "With.Config")
  for _, key in ipairs(values.Mode == "Scheduled" and { "Start", "End" } or {}) do
    if not values[key] then
      errors.raise("input.with", ("%s: Mode 'Scheduled' requires With.Config.%s"):format(WORD, key))
    end
  end
  return values
end

return mailbox.step(WORD, "EnsureOutOfOffice", { key = "Config", read = config, required = true })
