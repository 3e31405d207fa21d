/* SPDX-License-Identifier: MIT */
/* Suggest: commands, policies, options, files (suggest.h). */
#define _DEFAULT_SOURCE /* DT_DIR */
#include "suggest.h"

#include <dirent.h>
#include <ouro.h>
#include <string.h>
#include <sys/stat.h>

typedef enum argument {
    ARGUMENT_NONE,
    ARGUMENT_LUA,
    ARGUMENT_FILE,
    ARGUMENT_POLICY,
    ARGUMENT_COMMAND,
    ARGUMENT_EVENTS,
    ARGUMENT_OPTION
} argument;

/* SYNC: prompt-commands. */
static const struct {
    const char *name;
    argument argument;
} commands[] = {
    {"apropos", ARGUMENT_LUA},   {"census", ARGUMENT_NONE},  {"cycles", ARGUMENT_NONE},
    {"doc", ARGUMENT_LUA},       {"draw", ARGUMENT_LUA},     {"events", ARGUMENT_EVENTS},
    {"gc", ARGUMENT_POLICY},     {"help", ARGUMENT_COMMAND}, {"history", ARGUMENT_NONE},
    {"load", ARGUMENT_FILE},     {"names", ARGUMENT_NONE},   {"quit", ARGUMENT_NONE},
    {"reset", ARGUMENT_NONE},    {"save", ARGUMENT_FILE},    {"set", ARGUMENT_OPTION},
    {"stack", ARGUMENT_NONE},    {"stats", ARGUMENT_NONE},   {"step", ARGUMENT_NONE},
    {"test", ARGUMENT_FILE},     {"time", ARGUMENT_LUA},     {"unwatch", ARGUMENT_LUA},
    {"watch", ARGUMENT_LUA},     {"why", ARGUMENT_LUA},
};
#define COMMANDS (sizeof commands / sizeof *commands)

void ouro__suggest_add(lua_State *L, const prefix *begun) {
    size_t length;
    const char *text = lua_tolstring(L, -1, &length);
    if (length > begun->length && memcmp(text, begun->text, begun->length) == 0) {
        lua_pushboolean(L, true);
        lua_rawset(L, 2);
    } else {
        lua_pop(L, 1);
    }
}

static void add_words(lua_State *L, const char *const *words, const prefix *begun) {
    for (; *words != NULL; words++) {
        lua_pushstring(L, *words);
        ouro__suggest_add(L, begun);
    }
}

/* ---- files ------------------------------------------------------------------------------- */

static bool is_folder(const char *path) {
    struct stat about;
    return stat(path, &about) == 0 && S_ISDIR(about.st_mode);
}

void ouro__suggest_files(lua_State *L, prefix *begun) {
    size_t folder = begun->length;
    while (folder > 0 && begun->text[folder - 1] != '/') folder--;
    const char *path = folder == 0 ? "./" : lua_pushlstring(L, begun->text, folder);
    begun->text += folder;
    begun->length -= folder;
    DIR *directory = opendir(path);
    if (directory == NULL) return;
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        const char *name = entry->d_name;
        if (name[0] == '.' && (begun->length == 0 || begun->text[0] != '.')) continue;
        if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0) continue;
        if (strncmp(name, begun->text, begun->length) != 0) continue;
        /* For want of memory the rest is missing, but the folder is closed. */
        if (!lua_checkstack(L, 4)) break;
        bool inside = is_folder(lua_pushfstring(L, "%s%s", path, name));
        lua_pop(L, 1);
        lua_pushfstring(L, inside ? "%s/" : "%s", name);
        ouro__suggest_add(L, begun);
    }
    closedir(directory);
}

/* ---- commands ---------------------------------------------------------------------------- */

bool ouro__suggest_is_command(const char *line, size_t length) {
    if (length == 0) return false;
    return line[0] == '?' || (line[0] == ':' && (length == 1 || line[1] != ':'));
}

static void add_commands(lua_State *L, const prefix *begun) {
    for (size_t i = 0; i < COMMANDS; i++) {
        lua_pushstring(L, commands[i].name);
        ouro__suggest_add(L, begun);
    }
}

static void add_policies(lua_State *L, const prefix *begun) {
    const char *name;
    for (size_t i = 0; (name = ouro_policy_at(i, NULL)) != NULL; i++) {
        lua_pushstring(L, name);
        ouro__suggest_add(L, begun);
    }
}

static argument find_argument(const prefix *name) {
    for (size_t i = 0; i < COMMANDS; i++) {
        if (strlen(commands[i].name) != name->length) continue;
        if (memcmp(commands[i].name, name->text, name->length) == 0) return commands[i].argument;
    }
    return ARGUMENT_NONE;
}

static suggestion add_arguments(lua_State *L, argument kind, prefix *begun) {
    static const char *const events[] = {"all", "deaths", "off", NULL};
    /* SYNC: prompt-options. */
    static const char *const options[] = {"colour", "count", "cycles", "depth", "events",
                                          "ids",    "items", "prompt", "width", NULL};
    switch (kind) {
    case ARGUMENT_NONE: return SUGGEST_NOTHING;
    case ARGUMENT_LUA: return SUGGEST_LUA;
    case ARGUMENT_FILE: ouro__suggest_files(L, begun); break;
    case ARGUMENT_POLICY: add_policies(L, begun); break;
    case ARGUMENT_COMMAND: add_commands(L, begun); break;
    case ARGUMENT_EVENTS: add_words(L, events, begun); break;
    case ARGUMENT_OPTION: add_words(L, options, begun); break;
    }
    return SUGGEST_FOUND;
}

suggestion ouro__suggest_command(lua_State *L, const char *line, size_t length,
                                 prefix *ret_begun) {
    const char *end = line + length, *at = line + 1;
    prefix name = {at, 0};
    if (line[0] == '?') {
        *ret_begun = (prefix){at, length - 1};
        return SUGGEST_LUA;
    }
    while (at < end && *at != ' ') at++;
    name.length = (size_t)(at - name.text);
    *ret_begun = name;
    if (at == end) {
        add_commands(L, &name);
        return SUGGEST_FOUND;
    }
    while (at < end && *at == ' ') at++;
    *ret_begun = (prefix){at, (size_t)(end - at)};
    return add_arguments(L, find_argument(&name), ret_begun);
}
