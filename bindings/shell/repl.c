/* SPDX-License-Identifier: MIT */
/* Repl: read, evaluate, print, settle (repl.h).
 *
 * Each turn is one protected call of take_turn, so that whatever goes wrong in it, memory
 * included, costs that turn and not the heap. A statement may take several lines: as long
 * as Lua complains about nothing but the end of the text, more is asked for. */
#include "repl.h"

#include <errno.h>
#include <lauxlib.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "complete.h"
#include "delstat.h"
#include "edit.h"
#include "interrupt.h"
#include "script.h"
#include "state.h"

static const char chunk[] = "=stdin";
static const char end_mark[] = "<eof>";

typedef struct repl {
    editor *editor; /* NULL: the input is no terminal */
    char *line;     /* without an editor: the last line, owned */
    size_t capacity;
    edit_result last;
} repl;

static void complete(void *L, const char *text, size_t length, completion *ret) {
    ouro__complete_find(L, text, length, ret);
}

/* Without an editor: prompts all the same, as lua5.4 -i does. */
static edit_result read_plain(repl *r, const char *prompt, size_t *ret_length) {
    fputs(prompt, stdout);
    fflush(stdout);
    errno = 0;
    ssize_t length = getline(&r->line, &r->capacity, stdin);
    if (length < 0 && errno == EINTR) {
        clearerr(stdin);
        fputs("\n", stdout);
        return EDIT_CANCELLED;
    }
    if (length < 0) {
        fputs("\n", stdout);
        return EDIT_END;
    }
    if (length > 0 && r->line[length - 1] == '\n') length--;
    *ret_length = (size_t)length;
    return EDIT_LINE;
}

/* Pushes the next line, if there is one. */
static bool push_line(lua_State *L, repl *r, const char *prompt) {
    const char *line = NULL;
    size_t length = 0;
    if (r->editor != NULL) {
        r->last = ouro__edit_read(r->editor, prompt, &line, &length);
    } else {
        r->last = read_plain(r, prompt, &length);
        line = r->line;
    }
    if (r->last != EDIT_LINE) return false;
    lua_pushlstring(L, line, length);
    return true;
}

/* Whether the message at the top says that only more text is missing. */
static bool is_unfinished(lua_State *L, int status) {
    size_t length, mark = sizeof end_mark - 1;
    if (status != LUA_ERRSYNTAX) return false;
    const char *message = lua_tolstring(L, -1, &length);
    return length >= mark && strcmp(message + length - mark, end_mark) == 0;
}

/* The text at index 1 as an expression, "= x" as in older versions included. */
static int load_expression(lua_State *L) {
    size_t length;
    const char *text = lua_tolstring(L, 1, &length);
    size_t skipped = text[0] == '=' ? 1 : 0;
    lua_pushliteral(L, "return ");
    lua_pushlstring(L, text + skipped, length - skipped);
    lua_concat(L, 2);
    text = lua_tolstring(L, -1, &length);
    int status = ouro__script_load(L, text, length, chunk);
    lua_remove(L, -2);
    return status;
}

static int load_statement(lua_State *L) {
    size_t length;
    const char *text = lua_tolstring(L, 1, &length);
    ouro__delstat_push(L, text, length);
    text = lua_tolstring(L, -1, &length);
    int status = ouro__script_load(L, text, length, chunk);
    lua_remove(L, -2);
    return status;
}

/* Compiles the text at index 1. The function, or the message, is then at the top.
 * *ret_unfinished: whether more text might help. */
static int load(lua_State *L, bool *ret_unfinished) {
    int status = load_expression(L);
    *ret_unfinished = is_unfinished(L, status);
    if (status == LUA_OK) return status;
    lua_pop(L, 1);
    status = load_statement(L);
    *ret_unfinished = *ret_unfinished || is_unfinished(L, status);
    if (status == LUA_OK) *ret_unfinished = false;
    return status;
}

/* Reads a whole statement and compiles it. False: nothing is to be run; what was wrong has
 * been reported. Else the function is alone on the stack. */
static bool read_statement(lua_State *L, repl *r) {
    lua_settop(L, 0);
    if (!push_line(L, r, "> ")) return false;
    bool unfinished;
    int status;
    while ((status = load(L, &unfinished)) != LUA_OK && unfinished) {
        if (!push_line(L, r, ">> ")) {
            if (r->last != EDIT_END) return false;
            /* Ctrl-D in the middle: the statement is given up, not the session. */
            if (r->editor != NULL) r->last = EDIT_CANCELLED;
            break;
        }
        lua_remove(L, 2); /* the message */
        lua_pushliteral(L, "\n");
        lua_insert(L, 2);
        lua_concat(L, 3);
    }
    lua_remove(L, 1);
    return ouro__script_report(L, status, NULL);
}

/* A C function for the stack: prints its arguments as print does, whatever the name `print`
 * may mean by now. */
static int print_values(lua_State *L) {
    int count = lua_gettop(L);
    for (int i = 1; i <= count; i++) {
        size_t length;
        const char *text = luaL_tolstring(L, i, &length);
        if (i > 1) putchar('\t');
        fwrite(text, 1, length, stdout);
        lua_pop(L, 1);
    }
    if (count > 0) putchar('\n');
    fflush(stdout);
    return 0;
}

static void print_results(lua_State *L) {
    luaL_checkstack(L, LUA_MINSTACK, "too many results to print");
    lua_pushcfunction(L, print_values);
    lua_insert(L, 1);
    ouro__script_report(L, ouro__script_call(L, lua_gettop(L) - 1, 0), NULL);
}

/* Argument: the repl. */
static int take_turn(lua_State *L) {
    repl *r = lua_touserdata(L, 1);
    ouro__state_redefine(L);
    if (read_statement(L, r)) {
        int status = ouro__script_call(L, 0, LUA_MULTRET);
        if (ouro__script_report(L, status, NULL) && lua_gettop(L) > 0) print_results(L);
    }
    /* Whatever this turn has left behind dies before the next prompt. */
    lua_settop(L, 0);
    lua_pushcfunction(L, ouro__state_settle);
    ouro__script_report(L, ouro__script_call(L, 0, 0), NULL);
    return 0;
}

int ouro__repl_run(lua_State *L) {
    bool terminal = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
    repl r = {.editor = terminal ? ouro__edit_open(complete, L) : NULL};
    ouro__interrupt_session(true);
    do {
        lua_settop(L, 0);
        lua_pushcfunction(L, take_turn);
        lua_pushlightuserdata(L, &r);
        ouro__script_report(L, lua_pcall(L, 1, 0, 0), NULL);
    } while (r.last == EDIT_LINE || r.last == EDIT_CANCELLED);
    ouro__interrupt_session(false);
    int signal = r.last == EDIT_SIGNAL ? ouro__edit_signal(r.editor) : 0;
    if (r.editor != NULL) ouro__edit_close(r.editor);
    free(r.line);
    return signal;
}
