/* SPDX-License-Identifier: MIT */
/* Complete: finds words for the Tab key (complete.h). Only chains of names are followed
 * (a.b.c, a.b:m, and a.b["k); what stands before a call's or an index's bracket would have to
 * be run. Fields of tables are read raw, and through __index only where that is a table; those
 * of managed objects by going through all their references, which runs nothing. The handles
 * that come of it are let go of before the key is answered. */
#include "complete.h"

#include <lauxlib.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "lex.h"
#include "state.h"
#include "suggest.h"

#define CHAIN_MAX 16
/* How many tables an __index chain is followed through. */
#define INDEX_MAX 8
/* How many references of an object are looked at: nobody waits for a million. */
#define REFERENCES_MAX 20000

static const char *const keywords[] = {
    "break", "else", "elseif", "false",  "function", "goto",  "local",
    "nil",   "not",  "repeat", "return", "true",     "until", "while",
};

/* The names before the cursor that belong together, the last one perhaps still empty. */
typedef struct chain {
    token names[CHAIN_MAX];
    size_t count;
    bool method; /* a colon before the last one */
} chain;

static void add_name(chain *c, const token *t) {
    if (c->count < CHAIN_MAX) c->names[c->count++] = *t;
}

/* False: nothing can be completed here. */
static bool read_chain(const char *text, size_t length, chain *ret_chain) {
    lexer lx;
    token previous = {.kind = TOKEN_START, .text = text}, t;
    chain c = {.count = 0};
    bool joined = false;  /* a dot or colon came last */
    bool foreign = false; /* the chain starts with something else than a name */
    ouro__lex_open(&lx, text, length);
    for (ouro__lex_next(&lx, &t); t.kind != TOKEN_END; ouro__lex_next(&lx, &t)) {
        bool sign = ouro__lex_is(&t, ".") || ouro__lex_is(&t, ":");
        bool name = t.kind == TOKEN_NAME || t.kind == TOKEN_KEYWORD;
        if (!sign && !joined) {
            c = (chain){.count = 0};
            foreign = false;
        }
        if (name) add_name(&c, &t);
        if (sign && previous.kind != TOKEN_NAME) foreign = true;
        if (sign) c.method = ouro__lex_is(&t, ":");
        joined = sign;
        previous = t;
    }
    token nothing = {.kind = TOKEN_NAME, .text = text + length};
    if (joined) add_name(&c, &nothing);
    *ret_chain = c;
    bool touches = previous.text + previous.length == text + length;
    return touches && !foreign && c.count > 0 && c.count < CHAIN_MAX;
}

/* Adds the string at the top, popped, to the set at index 2 if it begins with the word. */
static void add_candidate(lua_State *L, const token *word) {
    size_t length;
    const char *text = lua_tolstring(L, -1, &length);
    lexer lx;
    token t;
    ouro__lex_open(&lx, text, length);
    ouro__lex_next(&lx, &t);
    bool fits = t.length == length && (t.kind == TOKEN_NAME || t.kind == TOKEN_KEYWORD)
        && length > word->length && memcmp(text, word->text, word->length) == 0;
    /* Names with underscores in front are offered to those who ask for them. */
    if (fits && (text[0] != '_' || word->length > 0)) {
        lua_pushboolean(L, true);
        lua_rawset(L, 2);
    } else {
        lua_pop(L, 1);
    }
}

/* Adds the string keys of the table at the top and of those behind it. */
static void add_keys(lua_State *L, const token *word) {
    lua_pushvalue(L, -1);
    for (int i = 0; i < INDEX_MAX && lua_type(L, -1) == LUA_TTABLE; i++) {
        lua_pushnil(L);
        while (lua_next(L, -2)) {
            lua_pop(L, 1);
            if (lua_type(L, -1) != LUA_TSTRING) continue;
            lua_pushvalue(L, -1);
            add_candidate(L, word);
        }
        if (luaL_getmetafield(L, -1, "__index") == LUA_TNIL) break;
        lua_remove(L, -2);
    }
    lua_pop(L, 1);
}

/* Adds the strings of the array at the top. */
static void add_strings(lua_State *L, const token *word) {
    lua_Integer count = luaL_len(L, -1);
    for (lua_Integer i = 1; i <= count; i++) {
        if (lua_geti(L, -1, i) == LUA_TSTRING) add_candidate(L, word);
        else lua_pop(L, 1);
    }
}

static void add_free_names(lua_State *L, const token *word) {
    ouro__state_push(L, "names");
    lua_call(L, 0, 1);
    add_strings(L, word);
    ouro__state_push_module(L);
    add_keys(L, word);
    lua_pushglobaltable(L);
    add_keys(L, word);
    for (size_t i = 0; i < sizeof keywords / sizeof *keywords; i++) {
        lua_pushstring(L, keywords[i]);
        add_candidate(L, word);
    }
}

/* What is done with each reference of an object: label and value are the two at the top, and
 * stay. False: stop. */
typedef bool (*reference_fn)(lua_State *L, const token *word);

/* The object at the top. */
static void each_reference(lua_State *L, reference_fn each, const token *word) {
    int object = lua_gettop(L);
    ouro__state_push(L, "attrs");
    lua_pushvalue(L, object);
    lua_call(L, 1, 3);
    bool more = true;
    for (int i = 0; i < REFERENCES_MAX && more; i++) {
        lua_pushvalue(L, object + 1);
        lua_pushvalue(L, object + 2);
        lua_pushvalue(L, object + 3);
        lua_call(L, 2, 2);
        if (lua_isnil(L, -2)) break;
        lua_pushvalue(L, -2);
        lua_replace(L, object + 3);
        more = each(L, word);
        lua_settop(L, more ? object + 3 : object + 5);
    }
}

static bool is_behind(lua_State *L) {
    const char *label = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : "";
    return (strcmp(label, "class") == 0 || strcmp(label, "base") == 0)
        && lua_type(L, -1) == LUA_TUSERDATA;
}

static bool add_label(lua_State *L, const token *word) {
    if (lua_type(L, -2) != LUA_TSTRING || is_behind(L)) return true;
    lua_pushvalue(L, -2);
    add_candidate(L, word);
    return true;
}

static bool is_not_behind(lua_State *L, const token *word) {
    (void)word;
    return !is_behind(L);
}

static bool has_other_label(lua_State *L, const token *word) {
    size_t length;
    if (lua_type(L, -2) != LUA_TSTRING) return true;
    const char *label = lua_tolstring(L, -2, &length);
    return length != word->length || memcmp(label, word->text, length) != 0;
}

/* Replaces the object at the top by the value of the reference at which `each` stopped, or by
 * nil. */
static void find_reference(lua_State *L, reference_fn each, const token *word) {
    int object = lua_gettop(L);
    each_reference(L, each, word);
    if (lua_gettop(L) < object + 5) lua_pushnil(L);
    lua_replace(L, object);
    lua_settop(L, object);
}

/* Adds what the object at the top has, and replaces it by its class, or by the base of a class,
 * or by nil. */
static void add_attributes(lua_State *L, const token *word) {
    int object = lua_gettop(L);
    each_reference(L, add_label, word);
    lua_settop(L, object);
    find_reference(L, is_not_behind, word);
}

/* What can be asked of the managed object at the top. */
static void add_members(lua_State *L, const token *word) {
    static const char *const list_methods[] = {"append", "extend", "index",   "insert",
                                               "pop",    "remove", "reverse", "sort"};
    ouro__state_push(L, "typeof");
    lua_pushvalue(L, -2);
    lua_call(L, 1, 1);
    bool list = strcmp(luaL_tolstring(L, -1, NULL), "list") == 0;
    lua_pop(L, 2);
    for (size_t i = 0; list && i < sizeof list_methods / sizeof *list_methods; i++) {
        lua_pushstring(L, list_methods[i]);
        add_candidate(L, word);
    }
    for (int i = 0; i < INDEX_MAX && lua_type(L, -1) == LUA_TUSERDATA; i++)
        add_attributes(L, word);
}

/* Replaces the managed object at the top by what it, its class or a base has under the name. */
static void step_into_object(lua_State *L, const token *name) {
    for (int i = 0; i < INDEX_MAX && lua_type(L, -1) == LUA_TUSERDATA; i++) {
        lua_pushvalue(L, -1);
        find_reference(L, has_other_label, name);
        if (!lua_isnil(L, -1)) {
            lua_remove(L, -2);
            return;
        }
        lua_pop(L, 1);
        find_reference(L, is_not_behind, name);
    }
    lua_pop(L, 1);
    lua_pushnil(L);
}

/* Replaces the value at the top by its field. */
static void step_into(lua_State *L, const token *name) {
    lua_pushlstring(L, name->text, name->length);
    if (lua_type(L, -2) == LUA_TUSERDATA) {
        lua_pop(L, 1);
        step_into_object(L, name);
        return;
    }
    for (int i = 0; i < INDEX_MAX && lua_type(L, -2) == LUA_TTABLE; i++) {
        lua_pushvalue(L, -1);
        if (lua_rawget(L, -3) != LUA_TNIL) {
            lua_replace(L, -3);
            lua_pop(L, 1);
            return;
        }
        lua_pop(L, 1);
        if (luaL_getmetafield(L, -2, "__index") == LUA_TNIL) break;
        lua_replace(L, -3);
    }
    lua_pop(L, 2);
    lua_pushnil(L);
}

/* Pushes what the first names of the chain lead to. */
static void push_path(lua_State *L, const chain *c, size_t names) {
    ouro__state_push_frame(L);
    step_into_object(L, &c->names[0]);
    for (int i = 0; i < 2 && lua_isnil(L, -1); i++) {
        lua_pop(L, 1);
        if (i == 0) ouro__state_push_module(L);
        else lua_pushglobaltable(L);
        step_into(L, &c->names[0]);
    }
    for (size_t i = 1; i < names; i++) step_into(L, &c->names[i]);
}

static void add_fields(lua_State *L, const chain *c) {
    const token *word = &c->names[c->count - 1];
    push_path(L, c, c->count - 1);
    if (lua_type(L, -1) == LUA_TUSERDATA) {
        add_members(L, word);
    } else if (lua_type(L, -1) == LUA_TTABLE) {
        add_keys(L, word);
    } else if (lua_type(L, -1) == LUA_TSTRING && c->method) {
        lua_getglobal(L, "string");
        if (lua_type(L, -1) == LUA_TTABLE) add_keys(L, word);
    }
}

/* ---- within strings ---------------------------------------------------------------------- */

/* Adds the string at the top, popped, if it can stand in quotes as it is. */
static void add_key(lua_State *L, const token *begun) {
    size_t length;
    const char *text = lua_tolstring(L, -1, &length);
    bool plain = strlen(text) == length && strpbrk(text, "\"'\\\n\r\t") == NULL;
    prefix w = {begun->text, begun->length};
    if (plain) ouro__suggest_add(L, &w);
    else lua_pop(L, 1);
}

static bool add_string_label(lua_State *L, const token *begun) {
    if (lua_type(L, -2) != LUA_TSTRING || is_behind(L)) return true;
    lua_pushvalue(L, -2);
    add_key(L, begun);
    return true;
}

/* Of the value at the top. */
static void add_string_keys(lua_State *L, const token *begun) {
    if (lua_type(L, -1) == LUA_TUSERDATA) each_reference(L, add_string_label, begun);
    if (lua_type(L, -1) != LUA_TTABLE) return;
    lua_pushnil(L);
    while (lua_next(L, -2)) {
        lua_pop(L, 1);
        if (lua_type(L, -1) != LUA_TSTRING) continue;
        lua_pushvalue(L, -1);
        add_key(L, begun);
    }
}

/* Whether the text ends within a string in quotes; *ret_inside: what of it is there. *ret_before:
 * the token before the string. */
static bool ends_in_string(const char *text, size_t length, token *ret_inside,
                           token *ret_before) {
    lexer lx;
    token before = {.kind = TOKEN_START, .text = text}, last = before, t;
    ouro__lex_open(&lx, text, length);
    for (ouro__lex_next(&lx, &t); t.kind != TOKEN_END; ouro__lex_next(&lx, &t)) {
        before = last;
        last = t;
    }
    if (last.kind != TOKEN_STRING || last.text + last.length != text + length) return false;
    char quote = last.text[0];
    if (quote != '"' && quote != '\'') return false;
    size_t escapes = 0;
    while (escapes + 2 < last.length && last.text[last.length - 2 - escapes] == '\\') escapes++;
    bool closed = last.length > 1 && last.text[last.length - 1] == quote && escapes % 2 == 0;
    *ret_inside = (token){.kind = TOKEN_STRING, .text = last.text + 1, .length = last.length - 1};
    *ret_before = before;
    return !closed;
}

/* Returns the word that is begun. */
static token find_in_string(lua_State *L, const char *text, token inside, const token *before) {
    chain c;
    if (!ouro__lex_is(before, "[")) {
        prefix begun = {inside.text, inside.length};
        ouro__suggest_files(L, &begun);
        return (token){.text = begun.text, .length = begun.length};
    }
    if (read_chain(text, (size_t)(before->text - text), &c)) {
        push_path(L, &c, c.count);
        add_string_keys(L, &inside);
    }
    return inside;
}

static token find_in_code(lua_State *L, const char *text, size_t length) {
    chain c;
    token inside, before, nothing = {.text = text + length};
    if (ends_in_string(text, length, &inside, &before))
        return find_in_string(L, text, inside, &before);
    if (!read_chain(text, length, &c)) return nothing;
    if (c.count == 1) add_free_names(L, &c.names[0]);
    else add_fields(L, &c);
    return c.names[c.count - 1];
}

static token find(lua_State *L, const char *text, size_t length) {
    size_t blanks = 0;
    while (blanks < length && text[blanks] == ' ') blanks++;
    if (!ouro__suggest_is_command(text + blanks, length - blanks))
        return find_in_code(L, text, length);
    prefix begun;
    if (ouro__suggest_command(L, text + blanks, length - blanks, &begun) == SUGGEST_LUA)
        return find_in_code(L, begun.text, begun.length);
    return (token){.text = begun.text, .length = begun.length};
}

/* The keys of the set at index 2, sorted. */
static void push_sorted(lua_State *L) {
    lua_settop(L, 2);
    lua_newtable(L);
    lua_Integer count = 0;
    lua_pushnil(L);
    while (lua_next(L, 2)) {
        lua_pop(L, 1);
        lua_pushvalue(L, -1);
        lua_rawseti(L, 3, ++count);
    }
    lua_getglobal(L, "table");
    lua_getfield(L, -1, "sort");
    lua_pushvalue(L, 3);
    lua_call(L, 1, 0);
}

/* Argument: the text. Returns the length of the word that is begun, and a sorted array of
 * the words that begin so. */
static int find_words(lua_State *L) {
    size_t length;
    const char *text = luaL_checklstring(L, 1, &length);
    lua_newtable(L); /* 2: a set of candidates */
    token begun = find(L, text, length);
    push_sorted(L);
    lua_pushinteger(L, (lua_Integer)begun.length);
    lua_pushvalue(L, 3);
    return 2;
}

/* Cuts what is to be inserted down to what it has in common with the word's rest. */
static void agree(completion *c, const char *rest) {
    size_t i = 0;
    while (c->insert[i] != '\0' && c->insert[i] == rest[i]) i++;
    c->insert[i] = '\0';
}

/* False: there is no room for more. */
static bool add_to_list(completion *c, const char *word) {
    static const char more[] = " ...";
    size_t used = strlen(c->list), left = sizeof c->list - used;
    const char *gap = used > 0 ? "  " : "";
    bool fits = strlen(gap) + strlen(word) + sizeof more <= left;
    if (fits) snprintf(c->list + used, left, "%s%s", gap, word);
    else snprintf(c->list + used, left, "%s", more);
    return fits;
}

/* Arguments: the request, the completion. */
static int fill(lua_State *L) {
    const token *request = lua_touserdata(L, 1);
    completion *ret = lua_touserdata(L, 2);
    lua_pushcfunction(L, find_words);
    lua_pushlstring(L, request->text, request->length);
    lua_call(L, 1, 2);
    size_t begun = (size_t)lua_tointeger(L, 3);
    lua_Integer count = luaL_len(L, 4);
    bool room = true;
    for (lua_Integer i = 1; i <= count; i++) {
        lua_geti(L, 4, i);
        const char *word = lua_tostring(L, -1);
        if (i == 1) snprintf(ret->insert, sizeof ret->insert, "%s", word + begun);
        agree(ret, word + begun);
        room = room && add_to_list(ret, word);
        lua_pop(L, 1);
    }
    return 0;
}

void ouro__complete_find(lua_State *L, const char *text, size_t length, completion *ret) {
    int top = lua_gettop(L);
    token request = {.text = text, .length = length};
    ret->insert[0] = ret->list[0] = '\0';
    if (!lua_checkstack(L, LUA_MINSTACK)) return;
    lua_pushcfunction(L, fill);
    lua_pushlightuserdata(L, &request);
    lua_pushlightuserdata(L, ret);
    if (lua_pcall(L, 2, 0, 0) != LUA_OK) ret->insert[0] = ret->list[0] = '\0';
    lua_settop(L, top);
    /* Handles that were made on the way keep nothing. */
    lua_pushcfunction(L, ouro__state_settle);
    if (lua_pcall(L, 0, 0, 0) != LUA_OK) lua_settop(L, top);
}
