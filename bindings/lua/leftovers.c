/* SPDX-License-Identifier: MIT */
/* Leftovers: registers of a Lua function that still refer to something nobody will read.
 *
 * After `print(x)` a register of the caller still holds x. Lua's collector marks all registers
 * of a function that waits for a metamethod, dead ones too, so `x = nil` would find x still
 * held and its finalizer would run late. Therefore, before a settle within a metamethod, the
 * registers that the function which needed it will not read again are cleared.
 *
 * Which those are only its code tells. Registers of variables have a name (lua_getlocal);
 * unnamed ones, temporaries, live no longer than a statement; and within an assignment they
 * can only be values still to be assigned: `x, y = y, x`. That rest of the statement is a run
 * of moves and stores that follows the present instruction, and what it reads is kept. Where a
 * field or a length is read, into register A, the temporaries of the statement are below A.
 *
 * The present instruction is found through the field i_ci of lua_Debug, which is in lua.h but
 * meant for Lua itself. So the layout is checked in each state, by a function whose code is
 * known, before it is trusted (ouro_lua_probe_leftovers); where it differs nothing is cleared,
 * and such deaths come a little later. Rejected: clearing without looking at the code, which
 * destroys swaps; reading the code through lua_dump, which does not tell the position. */
#include <string.h>

#include "internal.h"

/* SYNC: Lua 5.4's instructions (the ones used here). */
enum {
    OP_MOVE = 0,
    OP_SETUPVAL = 10,
    OP_GETTABUP = 11,
    OP_GETFIELD = 14,
    OP_SETTABUP = 15,
    OP_SETTABLE = 16,
    OP_SETI = 17,
    OP_SETFIELD = 18,
    OP_SELF = 20,
    OP_LEN = 52,
    OP_CLOSE = 54,
    OP_RETURN = 70
};

static unsigned op_of(uint32_t i) {
    return i & 0x7f;
}
static unsigned a_of(uint32_t i) {
    return i >> 7 & 0xff;
}
static bool k_of(uint32_t i) {
    return i >> 15 & 1;
}
static unsigned b_of(uint32_t i) {
    return i >> 16 & 0xff;
}
static unsigned c_of(uint32_t i) {
    return i >> 24;
}

/* CallInfo begins with func, top, previous, next; then for a Lua function the saved pc. */
#define SAVED_PC 4

/* The instruction after the one the function is at. */
static const uint32_t *next_instruction(const lua_Debug *function) {
    void *const *fields = (void *const *)(const void *)function->i_ci;
    return fields[SAVED_PC];
}

/* ---- which registers live ---------------------------------------------------------------- */

typedef struct registers {
    bool read[256];
    bool written[256];
} registers;

static void note_read(registers *r, unsigned index) {
    if (!r->written[index]) r->read[index] = true;
}

/* What the rest of an assignment reads, before it writes it. */
static void scan_assignment(const uint32_t *code, registers *r) {
    for (;; code++) {
        uint32_t i = *code;
        switch (op_of(i)) {
        case OP_MOVE:
            note_read(r, b_of(i));
            r->written[a_of(i)] = true;
            break;
        case OP_SETUPVAL: note_read(r, a_of(i)); break;
        case OP_SETTABLE: note_read(r, b_of(i)); /* fall through */
        case OP_SETI: /* fall through */
        case OP_SETFIELD: note_read(r, a_of(i)); /* fall through */
        case OP_SETTABUP:
            if (!k_of(i)) note_read(r, c_of(i));
            break;
        default: return;
        }
    }
}

static bool is_assignment(uint32_t i) {
    return op_of(i) >= OP_SETTABUP && op_of(i) <= OP_SETFIELD;
}

static bool is_read(uint32_t i) {
    unsigned op = op_of(i);
    return (op >= OP_GETTABUP && op <= OP_GETFIELD) || op == OP_SELF || op == OP_LEN;
}

/* The Lua function that called the running C function by way of one of the metamethods, which
 * end with NULL. */
static bool find_caller(lua_State *L, const char *const *metamethods, lua_Debug *caller) {
    lua_Debug running;
    if (!lua_checkstack(L, 4)) return false;
    if (!lua_getstack(L, 0, &running) || !lua_getstack(L, 1, caller)) return false;
    lua_getinfo(L, "n", &running);
    if (strcmp(running.namewhat, "metamethod") != 0 || running.name == NULL) return false;
    const char *name = running.name;
    if (strncmp(name, "__", 2) == 0) name += 2; /* as some releases write it */
    while (*metamethods != NULL && strcmp(name, *metamethods) != 0) metamethods++;
    if (*metamethods == NULL) return false;
    lua_getinfo(L, "Sl", caller);
    /* Without debug information variables cannot be told from temporaries. */
    return strcmp(caller->what, "C") != 0 && caller->currentline >= 0;
}

static bool is_temporary(const char *name) {
    return strcmp(name, "(temporary)") == 0;
}

/* Clears the register; index from 1. */
static void clear_register(lua_State *L, const lua_Debug *function, int index) {
    lua_pushnil(L);
    if (lua_setlocal(L, function, index) == NULL) lua_pop(L, 1);
}

void ouro_lua_forget_leftovers(lua_State *L, const handle_pool *pool) {
    static const char *const metamethods[] = {"newindex", "index", "len", NULL};
    lua_Debug caller;
    if (!ouro_lua_reads_code(pool) || !find_caller(L, metamethods, &caller)) return;
    const uint32_t *code = next_instruction(&caller);
    if (!is_assignment(code[-1]) && !is_read(code[-1])) return;
    int first = is_read(code[-1]) ? (int)a_of(code[-1]) + 2 : 1;
    if (op_of(code[-1]) == OP_SELF) first++; /* writes two registers */
    registers live;
    memset(&live, 0, sizeof live);
    scan_assignment(code, &live);
    const char *name;
    for (int i = first; i <= 256 && (name = lua_getlocal(L, &caller, i)) != NULL; i++) {
        bool dead = is_temporary(name) && !live.read[i - 1] && !lua_isnil(L, -1);
        lua_pop(L, 1);
        if (dead) clear_register(L, &caller, i);
    }
}

/* The variable being closed is, among the named ones with this value, the last; or one before
 * it, and then the last is out of scope as well. 0: none. */
static int find_closed(lua_State *L, const lua_Debug *caller, int limit) {
    int found = 0;
    const char *name;
    for (int i = 1; i <= limit && (name = lua_getlocal(L, caller, i)) != NULL; i++) {
        if (name[0] != '(' && lua_rawequal(L, -1, 1)) found = i;
        lua_pop(L, 1);
    }
    return found;
}

static int close_nothing(lua_State *L) {
    (void)L;
    return 0;
}

/* Something whose closing does nothing, for registers of variables that may still be closed. */
static void push_closed(lua_State *L) {
    if (luaL_newmetatable(L, "ouro.closed")) {
        lua_pushcfunction(L, close_nothing);
        lua_setfield(L, -2, "__close");
    }
    lua_newtable(L);
    lua_insert(L, -2);
    lua_setmetatable(L, -2);
}

/* A block left by break is closed where its variables have lost their names: all registers
 * from `first` on that have the value are leftovers, or variables to be closed with nothing
 * more to do. */
static void replace_value(lua_State *L, const lua_Debug *caller, int first) {
    push_closed(L);
    int closed = lua_gettop(L);
    for (int i = first; lua_getlocal(L, caller, i) != NULL; i++) {
        bool same = lua_rawequal(L, -1, 1);
        lua_pop(L, 1);
        if (!same) continue;
        lua_pushvalue(L, closed);
        if (lua_setlocal(L, caller, i) == NULL) lua_pop(L, 1);
    }
    lua_pop(L, 1);
}

void ouro_lua_forget_closed(lua_State *L, const handle_pool *pool, bool more_to_do) {
    static const char *const metamethods[] = {"close", NULL};
    lua_Debug caller;
    if (!ouro_lua_reads_code(pool) || !find_caller(L, metamethods, &caller)) return;
    uint32_t at = next_instruction(&caller)[-1];
    bool ends_block = op_of(at) == OP_CLOSE;
    /* At the end of a block all registers from the variable's on are dead; at a return those
     * from A on are the results. */
    int limit = op_of(at) == OP_RETURN ? (int)a_of(at) : ends_block ? 256 : 0;
    int first = find_closed(L, &caller, limit);
    if (first == 0 && ends_block && !more_to_do) replace_value(L, &caller, (int)a_of(at) + 1);
    for (int i = first; first != 0 && i <= limit; i++) {
        if (lua_getlocal(L, &caller, i) == NULL) break;
        lua_pop(L, 1);
        clear_register(L, &caller, i);
    }
}

/* ---- the self-check ---------------------------------------------------------------------- */

typedef struct probe {
    handle_pool *pool;
    block_record record;
    bool fits;
} probe;

static bool is_recorded(const block_record *record, const void *from, size_t size) {
    const char *p = from;
    for (size_t i = record->count; i-- > 0;) {
        const char *block = record->block[i];
        if (p >= block && p + size <= block + record->size[i]) return true;
    }
    return false;
}

/* __newindex of the table that the function below assigns to: at `t.a, t.b = t, t` the second
 * store comes first, and the one that follows reads the temporary behind t. */
static int check_layout(lua_State *L) {
    probe *p = lua_touserdata(L, lua_upvalueindex(1));
    static const char *const metamethods[] = {"newindex", NULL};
    lua_Debug caller;
    if (p->fits || !find_caller(L, metamethods, &caller)) return 0;
    const uint32_t *code = next_instruction(&caller);
    uintptr_t address = (uintptr_t)code;
    if (code == NULL || address % sizeof *code != 0) return 0;
    if (!is_recorded(&p->record, code - 1, 2 * sizeof *code)) return 0;
    bool first = op_of(code[-1]) == OP_SETFIELD && a_of(code[-1]) == 0;
    bool second = op_of(code[0]) == OP_SETFIELD && a_of(code[0]) == 0 && !k_of(code[0]);
    p->fits = first && second && c_of(code[0]) == 1;
    return 0;
}

static int run_probe(lua_State *L) {
    static const char text[] = "local t = ... t.a, t.b = t, t";
    probe *p = lua_touserdata(L, 1);
    ouro_lua_record_blocks(p->pool, &p->record);
    int status = luaL_loadbufferx(L, text, sizeof text - 1, "=ouro", "t");
    ouro_lua_record_blocks(p->pool, NULL);
    if (status != LUA_OK) return lua_error(L);
    lua_newtable(L);
    lua_createtable(L, 0, 1);
    lua_pushvalue(L, 1);
    lua_pushcclosure(L, check_layout, 1);
    lua_setfield(L, -2, "__newindex");
    lua_setmetatable(L, -2);
    lua_call(L, 1, 0);
    return 0;
}

void ouro_lua_probe_leftovers(lua_State *L, handle_pool *pool) {
    probe p = {.pool = pool};
    lua_pushcfunction(L, run_probe);
    lua_pushlightuserdata(L, &p);
    int status = lua_pcall(L, 1, 0, 0);
    ouro_lua_record_blocks(pool, NULL);
    ouro_lua_set_reads_code(pool, status == LUA_OK && p.fits);
    if (status != LUA_OK) lua_pop(L, 1);
}
