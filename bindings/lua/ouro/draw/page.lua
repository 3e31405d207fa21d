-- SPDX-License-Identifier: MIT
local page = {}
function page.text() return nil, "not yet" end
return page
