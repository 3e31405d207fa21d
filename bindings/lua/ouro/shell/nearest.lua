-- SPDX-License-Identifier: MIT
-- Nearest: which of some words was meant. Edit distance with swaps of neighbours (Damerau and
-- Levenshtein, restricted), by bytes.

-- The distance, or `most` + 1 for any larger one.
local function distance(a, b, most)
    if math.abs(#a - #b) > most then return most + 1 end
    local before, above = {}, {}
    for j = 0, #b do above[j] = j end
    for i = 1, #a do
        local row = { [0] = i }
        for j = 1, #b do
            local same = a:byte(i) == b:byte(j)
            local cost = math.min(above[j] + 1, row[j - 1] + 1, above[j - 1] + (same and 0 or 1))
            local swapped = i > 1 and j > 1 and a:byte(i) == b:byte(j - 1)
                and a:byte(i - 1) == b:byte(j)
            if swapped then cost = math.min(cost, before[j - 2] + 1) end
            row[j] = cost
        end
        before, above = above, row
    end
    return above[#b]
end

-- The nearest of the words (an array), nil if none is near. Equally near ones: the one that
-- begins alike, then by the alphabet.
return function(word, words)
    if #word > 64 then return nil end
    local most = math.max(1, math.min(3, (#word - 1) // 3))
    local best, best_rank
    for _, candidate in ipairs(words) do
        local far = distance(word, candidate, most)
        if candidate:lower() == word:lower() then far = 0.5 end
        if far <= most and far < #word then
            local alike = candidate:byte() == word:byte() and 0 or 0.25
            local rank = far + alike
            if not best or rank < best_rank or rank == best_rank and candidate < best then
                best, best_rank = candidate, rank
            end
        end
    end
    return best
end
