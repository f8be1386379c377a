--- Whether what was raised is a failed assertion: busted's errors for those have a type of their own.
---@param raised any
---@return boolean
return function(raised)
  local metatable = type(raised) == "table" and debug.getmetatable(raised)
  return metatable and metatable.__type == "failure" or false
end
