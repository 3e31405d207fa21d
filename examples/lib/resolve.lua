-- SPDX-License-Identifier: MIT
-- Resolve: from dependency fields to references between installed packages.
--
-- The rules are those of apt's autoremove, so that the answers can be compared:
--   * Every installed alternative that satisfies `a | b` is kept, not only the first (unless
--     the option `first` says so), and every installed provider of a virtual package.
--   * Of several packages from one source that satisfy one item, only those of the highest
--     source version are kept: the others are older generations of the same thing.
--   * A version restriction must hold: for a package its version, for `Provides: x (= 2)`
--     the version given there; a Provides without a version meets no restriction.
--   * Architectures as in multi-arch: without a qualifier the depending package's own (`all`
--     counts as the native one), or any if the target is `Multi-Arch: foreign`; `:any` needs
--     `allowed` or `foreign`.
-- Input and output are plain Lua tables; see debian.lua for a package's fields.

local debian = ...
local resolve = {}

-- dpkg is built for the native architecture; without it, what most packages have.
local function guess_native(packages)
    local counts, best = {}, nil
    for _, package in ipairs(packages) do
        local arch = package.arch
        if package.name == "dpkg" and arch ~= "all" then return arch end
        if arch ~= "all" then
            counts[arch] = (counts[arch] or 0) + 1
            local lead = best and counts[arch] - counts[best] or 1
            if lead > 0 or (lead == 0 and arch < best) then best = arch end
        end
    end
    return best or "all"
end

-- Display name and the architecture that counts for each package.
local function settle_architectures(packages, native)
    local by_label = {}
    for _, package in ipairs(packages) do
        package.effective = package.arch == "all" and native or package.arch
        local foreign = package.effective ~= native
        package.label = foreign and package.name .. ":" .. package.arch or package.name
        by_label[package.label] = package
    end
    return by_label
end

-- name -> array of { package, version, or false }: what may satisfy a dependency on it, the
-- packages of that name first.
local function index_offers(packages)
    local offers = {}
    local function add(name, offer)
        offers[name] = offers[name] or {}
        table.insert(offers[name], offer)
    end
    for _, package in ipairs(packages) do
        add(package.name, { package = package, version = package.version })
    end
    for _, package in ipairs(packages) do
        for _, group in ipairs(package.provides) do
            add(group[1].name, { package = package, version = group[1].version or false })
        end
    end
    return offers
end

local function architecture_fits(atom, from, target, native)
    if atom.arch == "any" then
        return target.multiarch == "allowed" or target.multiarch == "foreign"
    end
    if not atom.arch and target.multiarch == "foreign" then return true end
    local wanted = atom.arch or from.effective
    if wanted == "native" or wanted == "all" then wanted = native end
    return target.effective == wanted
end

local function version_fits(atom, version)
    if not atom.version then return true end
    return version and debian.satisfies(version, atom.relation, atom.version)
end

-- Drops what is older than another package of the same source.
local function newest_of_each_source(targets)
    if #targets < 2 then return targets end
    local newest, kept = {}, {}
    for _, target in ipairs(targets) do
        local best = newest[target.source]
        if not best or debian.compare(target.source_version, best) > 0 then
            newest[target.source] = target.source_version
        end
    end
    for _, target in ipairs(targets) do
        if debian.compare(target.source_version, newest[target.source]) == 0 then
            kept[#kept + 1] = target
        end
    end
    return kept
end

-- The installed packages that satisfy one alternative.
local function targets_of(graph, from, atom)
    local targets = {}
    for _, offer in ipairs(graph.offers[atom.name] or {}) do
        if architecture_fits(atom, from, offer.package, graph.native)
            and version_fits(atom, offer.version) then
            targets[#targets + 1] = offer.package
        end
    end
    return newest_of_each_source(targets)
end

-- Adds the group's targets to the package's references, each package once.
local function add_group(graph, from, group, first, seen)
    local met = false
    for _, atom in ipairs(group) do
        for _, target in ipairs(targets_of(graph, from, atom)) do
            met = true
            if not seen[target] then
                seen[target] = true
                table.insert(from.references, target)
            end
            if first then return true end
        end
    end
    return met
end

local function add_references(graph, from, kinds, first)
    local seen = {}
    from.references = {}
    for _, kind in ipairs(kinds) do
        for _, group in ipairs(from.fields[kind]) do
            local met = add_group(graph, from, group, first, seen)
            -- A broken installation is worth a word; a missing recommendation is none.
            if not met and kind:find("Depends$") then graph.unmet = graph.unmet + 1 end
        end
    end
    graph.edges = graph.edges + #from.references
end

-- Who is a name: "hand" for what somebody asked for, else why it is protected, else nil.
local function add_reason(graph, package, automatic)
    local auto = automatic[package.name .. ":" .. package.effective]
        or automatic[package.name .. ":" .. package.arch]
        or (package.effective == graph.native and automatic[package.name .. ":"])
    package.by_hand = not auto
    package.named = package.by_hand or package.protection ~= nil
end

-- Resolves in place. Each package gets: label, references (array of packages, in the order
-- of the fields), by_hand, named. options: native, recommends, suggests, first.
-- Returns { packages, by_label, native, edges, unmet }. Takes the packages' fields away.
function resolve.graph(packages, automatic, options)
    local graph = { packages = packages, edges = 0, unmet = 0 }
    graph.native = options.native or guess_native(packages)
    graph.by_label = settle_architectures(packages, graph.native)
    graph.offers = index_offers(packages)
    local kinds = { "Pre-Depends", "Depends" }
    if options.recommends then kinds[#kinds + 1] = "Recommends" end
    if options.suggests then kinds[#kinds + 1] = "Suggests" end
    for _, package in ipairs(packages) do
        add_references(graph, package, kinds, options.first)
        add_reason(graph, package, automatic)
    end
    -- The fields have served; a small Lua heap makes every look at it quick.
    graph.offers = nil
    for _, package in ipairs(packages) do package.fields, package.provides = nil, nil end
    return graph
end

-- The package that a user's word means: a label, or name:arch of a native one; else nil.
function resolve.find(graph, word)
    local name, arch = word:match("^([^:]+):([^:]+)$")
    if name and (arch == graph.native or arch == "all") then word = name end
    local package = graph.by_label[word]
    if package and name and arch == "all" and package.arch ~= "all" then return nil end
    return package
end

-- Direct dependents of a package, and the names that keep it alive; both arrays of labels,
-- in the order of the file.
function resolve.keepers(graph, package)
    local dependents, reached, queue = {}, { [package] = true }, { package }
    local back = {}
    for _, from in ipairs(graph.packages) do
        for _, target in ipairs(from.references) do
            back[target] = back[target] or {}
            table.insert(back[target], from)
            if target == package and from ~= package then
                dependents[#dependents + 1] = from.label
            end
        end
    end
    for at = 1, math.huge do
        if not queue[at] then break end
        for _, from in ipairs(back[queue[at]] or {}) do
            if not reached[from] then
                reached[from] = true
                queue[#queue + 1] = from
            end
        end
    end
    local names = {}
    for _, from in ipairs(graph.packages) do
        if from.named and reached[from] and from ~= package then
            names[#names + 1] = from.label
        end
    end
    return dependents, names
end

-- Edit distance (Levenshtein 1966), a row at a time.
local function distance(a, b)
    local row = {}
    for j = 0, #b do row[j] = j end
    for i = 1, #a do
        local diagonal = row[0]
        row[0] = i
        for j = 1, #b do
            local change = a:byte(i) == b:byte(j) and 0 or 1
            local best = math.min(diagonal + change, row[j] + 1, row[j - 1] + 1)
            diagonal, row[j] = row[j], best
        end
    end
    return row[#b]
end

-- Up to five labels that a mistyped word may have meant, the nearest first.
function resolve.near(graph, word)
    local found = {}
    for _, package in ipairs(graph.packages) do
        local label = package.label
        local far = distance(word:lower(), label:lower())
        local inside = #word >= 3 and label:find(word, 1, true)
        if inside or far <= math.max(1, #word // 4) then
            found[#found + 1] = { label = label, far = far }
        end
    end
    table.sort(found, function(a, b)
        if a.far ~= b.far then return a.far < b.far end
        return a.label < b.label
    end)
    local labels = {}
    for i = 1, math.min(5, #found) do labels[i] = found[i].label end
    return labels
end

return resolve
