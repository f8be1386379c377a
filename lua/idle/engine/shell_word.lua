--- A text as one word of a shell's command line.

---@param text string
---@return string
return function(text)
  return text:find("^[%w_@%%+=:,./-]+$") and text or "'" .. text:gsub("'", "'\\''") .. "'"
end
