/* SPDX-License-Identifier: MIT */
/* Repl: read, evaluate, print, settle (repl.h).
 *
 * Each turn is one protected call of take_turn, so that whatever goes wrong in it, memory
 * included, costs that turn and not the heap. A statement may take several lines: as long
 * as Lua complains about nothing but the end of the text, more is asked for.
 *
 * What is printed, beside text as it is, and all commands are the business of the Lua half
 * (half.h), which is called with everything protected: the loop goes on without it. */
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
#include "half.h"
#include "interrupt.h"
#include "lex.h"
#include "script.h"
#include "session.h"
#include "state.h"
#include "traceback.h"
#include "whole.h"

static const char chunk[] = "=stdin";
static const char end_mark[] = "<eof>";

typedef struct repl {
    const repl_source *source; /* NULL: the standard input */
    editor *editor; /* NULL: the input is no terminal */
    char *line;     /* without an editor: the last line, owned */
    size_t capacity;
    edit_result last;
    session *session; /* kept by the Lua state */
    error_place place;
    char prompt[16];
} repl;

static void complete(void *L, const char *text, size_t length, completion *ret) {
    ouro__complete_find(L, text, length, ret);
}

static bool accept(void *L, const char *text, size_t length) {
    return ouro__whole_is_chunk(L, text, length);
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
    if (r->source != NULL) {
        r->last = r->source->read(r->source->user, prompt, &line, &length);
    } else if (r->editor != NULL) {
        if (ouro__interrupt_came()) ouro__edit_drop_pasted(r->editor);
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

/* Whether Lua complains, in the message at the top, about the first word of the text already:
 * as a statement it has no beginning, and what is wrong with the expression says more. */
static bool is_about_first(lua_State *L) {
    size_t length, message_length;
    const char *text = lua_tolstring(L, 1, &length);
    const char *message = lua_tolstring(L, -1, &message_length);
    lexer lx;
    token first;
    ouro__lex_open(&lx, text, length);
    ouro__lex_next(&lx, &first);
    if (first.length + 2 > message_length || message[message_length - 1] != '\'') return false;
    const char *near = message + message_length - 1 - first.length;
    return near[-1] == '\'' && memcmp(near, first.text, first.length) == 0;
}

/* Compiles the text at index 1. The function, or the message, is then at the top.
 * *ret_unfinished: whether more text might help. */
static int load(lua_State *L, bool *ret_unfinished, bool *ret_expression) {
    int status = load_expression(L);
    *ret_expression = status == LUA_OK;
    *ret_unfinished = is_unfinished(L, status);
    if (status == LUA_OK) return status;
    status = load_statement(L);
    *ret_unfinished = status != LUA_OK && (*ret_unfinished || is_unfinished(L, status));
    if (status != LUA_ERRSYNTAX || !is_about_first(L)) lua_remove(L, -2);
    else lua_pop(L, 1);
    return status;
}

/* Tells of the error at the top, popped; the text is at index 1. Returns whether there is
 * none. */
static bool report(lua_State *L, repl *r, int status) {
    const error_place *place = &r->place;
    if (status == LUA_OK) return true;
    if (lua_type(L, -1) != LUA_TSTRING || !ouro__half_push(L, "explain"))
        return ouro__script_report(L, status, NULL);
    lua_pushvalue(L, -2);
    lua_pushinteger(L, (lua_Integer)place->message);
    lua_pushinteger(L, place->line);
    lua_pushboolean(L, place->own);
    lua_pushstring(L, place->file);
    lua_pushvalue(L, 1);
    bool told = lua_pcall(L, 6, 0, 0) == LUA_OK;
    if (told) lua_pop(L, 1);
    else lua_pop(L, 1), ouro__script_report(L, status, NULL);
    return false;
}

static void forget_place(lua_State *L, repl *r) {
    memset(&r->place, 0, sizeof r->place);
    ouro__traceback_point_out(L, &r->place);
}

/* The text at index 1 has begun a statement: reads the rest of it. False: nothing is to be run;
 * what was wrong has been reported. Else the function is above the text. */
static bool read_statement(lua_State *L, repl *r, bool more, bool *ret_expression) {
    bool unfinished;
    int status;
    while ((status = load(L, &unfinished, ret_expression)) != LUA_OK && unfinished && more) {
        if (!push_line(L, r, OURO_EDIT_MORE)) {
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
    if (r->editor != NULL && more) ouro__edit_keep(r->editor);
    return report(L, r, status);
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

/* Prints all values above the text. */
static void print_results(lua_State *L, repl *r) {
    luaL_checkstack(L, LUA_MINSTACK, "too many results to print");
    if (!ouro__half_push(L, "show")) lua_pushcfunction(L, print_values);
    lua_insert(L, 2);
    forget_place(L, r);
    int status = ouro__script_call_with(L, ouro__traceback_prompt, lua_gettop(L) - 2, 0);
    report(L, r, status);
}

/* Whatever a turn has left behind dies before the next prompt. That the heap is closed is no
 * news. */
static void settle(lua_State *L, repl *r) {
    lua_settop(L, 1);
    lua_pushcfunction(L, ouro__state_settle);
    forget_place(L, r);
    int status = ouro__script_call_with(L, ouro__traceback_prompt, 0, 0);
    if (status == LUA_ERRRUN && strcmp(lua_tostring(L, -1), "heap is closed") == 0) lua_pop(L, 1);
    else report(L, r, status);
}

/* The text is at index 1, the function above it. */
static void run_statement(lua_State *L, repl *r, bool expression) {
    size_t length;
    const char *text = lua_tolstring(L, 1, &length);
    ouro__session_begin(r->session, text, length, expression);
    ouro__half_call(L, "before", 0, 0);
    forget_place(L, r);
    r->place.chunk = lua_topointer(L, 2);
    bool fine = report(L, r, ouro__script_call_with(L, ouro__traceback_prompt, 0, LUA_MULTRET));
    int values = fine ? lua_gettop(L) - 1 : 0;
    if (values > 0) print_results(L, r);
    settle(L, r);
    ouro__session_end(r->session, fine, values);
    lua_pushboolean(L, fine);
    lua_pushvalue(L, 1);
    ouro__half_call(L, "after", 2, 0);
}

/* Whether the text at index 1 is for the Lua half: ":word", "?name", and words that in other
 * languages one leaves or gets help by. */
static bool is_command(lua_State *L) {
    static const char *const words[] = {"help", "help()", "exit", "exit()", "quit", "quit()"};
    const char *text = lua_tostring(L, 1);
    text += strspn(text, " \t");
    if (text[0] == '?' || (text[0] == ':' && text[1] != ':')) return true;
    size_t length = strcspn(text, " \t");
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (strlen(words[i]) == length && strncmp(text, words[i], length) == 0
            && text[length + strspn(text + length, " \t")] == '\0')
            return true;
    }
    return false;
}

static void reset(lua_State *L, repl *r) {
    (void)r;
    ouro__state_reset(L);
    ouro__half_renew(L);
}

/* Lets the half obey the text at index 1. True: it is a statement that is to be run, and has
 * taken the text's place. */
static bool run_command(lua_State *L, repl *r) {
    lua_pushvalue(L, 1);
    if (!ouro__half_call(L, "command", 1, 2)) return false;
    const char *action = lua_tostring(L, 2);
    if (action == NULL) return false;
    if (strcmp(action, "quit") == 0) r->last = EDIT_END;
    if (strcmp(action, "reset") == 0) reset(L, r);
    if (strcmp(action, "run") != 0) return false;
    lua_replace(L, 1);
    lua_settop(L, 1);
    return true;
}

static void read_prompt(lua_State *L, repl *r) {
    strcpy(r->prompt, "> ");
    if (ouro__half_call(L, "prompt", 0, 1) && lua_isstring(L, 1))
        snprintf(r->prompt, sizeof r->prompt, "%s", lua_tostring(L, 1));
    lua_settop(L, 0);
}

/* Argument: the repl. */
static int take_turn(lua_State *L) {
    repl *r = lua_touserdata(L, 1);
    lua_settop(L, 0);
    read_prompt(L, r);
    if (!push_line(L, r, r->prompt)) return 0;
    bool command = is_command(L), expression = false;
    forget_place(L, r);
    if (command && r->editor != NULL) ouro__edit_keep(r->editor);
    if (!command || run_command(L, r)) {
        if (read_statement(L, r, !command, &expression)) run_statement(L, r, expression);
    }
    settle(L, r);
    return 0;
}

int ouro__repl_run(lua_State *L) {
    return ouro__repl_run_from(L, NULL);
}

int ouro__repl_run_from(lua_State *L, const repl_source *source) {
    bool terminal = source != NULL || (isatty(STDIN_FILENO) && isatty(STDOUT_FILENO));
    repl r = {.source = source};
    if (terminal && source == NULL) r.editor = ouro__edit_open(complete, L);
    if (r.editor != NULL) ouro__edit_accept(r.editor, accept);
    r.session = ouro__session_open(L);
    ouro__half_open(L, r.session, terminal);
    ouro__interrupt_session(true);
    int signal;
    do {
        lua_settop(L, 0);
        lua_pushcfunction(L, take_turn);
        lua_pushlightuserdata(L, &r);
        ouro__script_report(L, lua_pcall(L, 1, 0, 0), NULL);
        signal = ouro__interrupt_signal();
    } while (signal == 0 && (r.last == EDIT_LINE || r.last == EDIT_CANCELLED));
    ouro__interrupt_session(false);
    ouro__traceback_point_out(L, NULL);
    if (r.last == EDIT_SIGNAL) signal = ouro__edit_signal(r.editor);
    if (r.editor != NULL) ouro__edit_close(r.editor);
    free(r.line);
    return signal;
}
