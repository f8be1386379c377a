--- What the steps on mailboxes have in common.
local one_call = require("idle.steps.one_call")
local with = require("idle.steps.with")

local mailbox = {}

--- The alias of their provider, if With names none.
mailbox.PROVIDER = "ExchangeOnline"

--- Names the mailbox; providers are handed a text.
---@type idle.WithKey
mailbox.KEY = { key = "IdentityKey", read = with.name, required = true }

--- Describes a step that calls one method with the mailbox and, perhaps, one more value.
--- By convention its session is called like the provider, unless With names another.
---@param word   string
---@param method string
---@param key?   idle.WithKey
---@return idle.OneCall
function mailbox.one_call(word, method, key)
  return { word = word, method = method, keys = { mailbox.KEY, key }, provider = mailbox.PROVIDER, by_alias = true }
end

--- Makes the handler of such a step.
---@param word   string
---@param method string
---@param key?   idle.WithKey
---@return idle.StepHandler
function mailbox.step(word, method, key)
  return one_call.step(mailbox.one_call(word, method, key))
end

return mailbox
