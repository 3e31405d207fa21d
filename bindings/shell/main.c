/* SPDX-License-Identifier: MIT */
/* Main: the command `ouro`. Options in the order of the command line, then the script or
 * the prompt, then the heap closes, whatever has happened.
 *
 * All of it runs in one protected call; what is left outside is opening and closing the
 * Lua state. docs/ouro.1 is the manual. */
#include <lauxlib.h>
#include <ouro.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "exact.h"
#include "limit.h"
#include "options.h"
#include "progress.h"
#include "repl.h"
#include "script.h"
#include "state.h"
#include "stress.h"
#include "strict.h"
#include "transcript.h"

typedef struct command {
    char **argv;
    options options;
    strict strict;
    bool failed;
    stress stress;
    progress progress;
    int signal; /* that ended the prompt, or 0 */
} command;

static void print_version(void) {
    printf("ouro " OURO_VERSION " (" LUA_RELEASE ")\n");
    fflush(stdout);
}

/* The global `arg`: the script is 0, its arguments count up from 1, and what stands before
 * it counts down. */
static void set_arguments(lua_State *L, const command *c) {
    int count = 0;
    while (c->argv[count] != NULL) count++;
    int zero = c->options.script;
    lua_createtable(L, count - zero, zero + 1);
    for (int i = 0; i < count; i++) {
        lua_pushstring(L, c->argv[i]);
        lua_rawseti(L, -2, i - zero);
    }
    lua_setglobal(L, "arg");
}

/* The script's arguments are what the table `arg` has by now, as in lua5.4. */
static int push_arguments(lua_State *L) {
    if (lua_getglobal(L, "arg") != LUA_TTABLE) luaL_error(L, "'arg' is not a table");
    int count = (int)luaL_len(L, -1);
    luaL_checkstack(L, count + LUA_MINSTACK, "too many arguments to script");
    for (int i = 1; i <= count; i++) lua_rawgeti(L, -i, i);
    lua_remove(L, -count - 1);
    return count;
}

static bool run_initialization(lua_State *L) {
    const char *text = getenv("OURO_INIT");
    if (text == NULL || text[0] == '\0') return true;
    if (text[0] == '@') return ouro__script_run_file(L, text + 1, 0);
    return ouro__script_run_string(L, text, "=OURO_INIT");
}

/* The user's own file, for the prompt. What goes wrong in it is told, and the prompt comes. */
static void run_user_file(lua_State *L) {
    const char *folder = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
    if (folder != NULL && folder[0] == '/') lua_pushfstring(L, "%s/ouro/init.lua", folder);
    else if (home != NULL && home[0] == '/') lua_pushfstring(L, "%s/.config/ouro/init.lua", home);
    else return;
    const char *path = lua_tostring(L, -1);
    if (access(path, F_OK) == 0) ouro__script_run_file(L, path, 0);
    lua_settop(L, 0);
}

static void set_limits(lua_State *L, const options *o) {
    lua_Hook line_hook = o->exact ? ouro__exact_install(L) : NULL;
    ouro__state_limit(L, o->max_objects, o->max_bytes, o->max_frames);
    ouro__limit_steps(L, o->max_steps, line_hook);
    ouro__limit_time(o->timeout);
}

/* -e, -l and -W, in their order. */
static bool run_options(lua_State *L, const command *c) {
    for (int i = 1; i < c->options.end; i++) {
        char letter = c->argv[i][0] == '-' ? c->argv[i][1] : '\0';
        if (letter == 'W') lua_warning(L, "@on", 0);
        if (letter != 'e' && letter != 'l') continue;
        const char *value = ouro__options_value(c->argv, &i);
        bool fine = letter == 'e' ? ouro__script_run_string(L, value, "=(command line)")
                                  : ouro__script_require(L, value);
        if (!fine) return false;
    }
    return true;
}

static bool run_script(lua_State *L, const command *c) {
    const char *name = c->argv[c->options.script];
    bool input = strcmp(name, "-") == 0 && strcmp(c->argv[c->options.script - 1], "--") != 0;
    return ouro__script_run_file(L, input ? NULL : name, push_arguments(L));
}

static void prompt(lua_State *L, command *c) {
    if (!c->options.bare && !c->options.no_init) run_user_file(L);
    if (!c->options.quiet)
        printf("ouro " OURO_VERSION " (" LUA_RELEASE "). Help: :help. Leave: Ctrl-D.\n");
    c->signal = ouro__repl_run(L);
}

static bool run_all(lua_State *L, command *c) {
    const options *o = &c->options;
    if (o->version && !o->interactive) print_version();
    set_arguments(L, c);
    set_limits(L, o);
    ouro__stress_begin(&c->stress, L);
    if (!o->bare && !o->no_init && !run_initialization(L)) return false;
    if (!run_options(L, c)) return false;
    if (o->transcript != NULL) return ouro__transcript_check(L, o->transcript, o->update);
    if (o->script != 0 && !run_script(L, c)) return false;
    if (o->interactive) {
        prompt(L, c);
    } else if (o->script == 0 && !o->statement && !o->version) {
        if (!isatty(STDIN_FILENO)) return ouro__script_run_file(L, NULL, 0);
        prompt(L, c);
    }
    return true;
}

/* Argument: the command. */
static int run_protected(lua_State *L) {
    command *c = lua_touserdata(L, 1);
    lua_settop(L, 0);
    if (c->options.bare) {
        lua_pushboolean(L, true);
        lua_setfield(L, LUA_REGISTRYINDEX, "LUA_NOENV");
    }
    ouro__progress_install(L, &c->progress);
    ouro__state_open(L, &c->strict);
    c->failed = !run_all(L, c);
    if (!ouro__stress_end(&c->stress, L)) c->failed = true;
    return 0;
}

static void run(lua_State *L, command *c) {
    lua_pushcfunction(L, run_protected);
    lua_pushlightuserdata(L, c);
    if (!ouro__script_report(L, lua_pcall(L, 1, 0, 0), "ouro")) c->failed = true;
    lua_settop(L, 0);
    if (!ouro__state_close(L)) c->failed |= !ouro__script_report(L, LUA_ERRRUN, "ouro");
}

/* Options after which nothing runs. True: *ret_status is the exit status. */
static bool answer(const options *o, int *ret_status) {
    *ret_status = EXIT_SUCCESS;
    if (o->bad != NULL) {
        const char *text = o->needs_value     ? "ouro: '%s' needs an argument\n"
                           : o->wants != NULL ? "ouro: '%s' needs %s\n"
                                              : "ouro: unrecognized option '%s'\n";
        fprintf(stderr, text, o->bad, o->wants);
        fputs(ouro__options_usage(), stderr);
        *ret_status = EXIT_FAILURE;
    } else if (o->help) {
        fputs(ouro__options_usage(), stdout);
    } else if (o->about) {
        print_version();
    } else {
        return false;
    }
    return true;
}

int main(int argc, char **argv) {
    static char name[] = "ouro";
    char *alone[] = {name, NULL};
    command c = {.argv = argc > 0 ? argv : alone};
    int status;
    ouro__options_read(&c.options, c.argv);
    c.strict.on = c.options.strict;
    if (answer(&c.options, &status)) return status;
    if (ouro__stress_is_series(c.options.stress)) return ouro__stress_run_series(c.argv);
    ouro__stress_read(&c.stress, c.options.stress);
    lua_State *L = ouro__stress_new_state(&c.stress);
    if (L == NULL) {
        fputs("ouro: cannot begin: not enough memory\n", stderr);
        return EXIT_FAILURE;
    }
    run(L, &c);
    lua_close(L);
    status = ouro__strict_status(&c.strict, c.failed ? EXIT_FAILURE : EXIT_SUCCESS);
    if (c.signal != 0) {
        signal(c.signal, SIG_DFL);
        raise(c.signal);
    }
    return status;
}
