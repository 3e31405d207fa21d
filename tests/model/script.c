/* SPDX-License-Identifier: MIT */
/* Script: see script.h. The model, without any planted mistake, runs along and says what is to
 * be expected. What has no counterpart in Lua stands as a comment. */
#include "script.h"

#include <stdlib.h>
#include <string.h>

typedef struct printer {
    FILE *out;
    const char *prefix;
    model model;
    trace trace;
    int depth; /* of frames */
} printer;

typedef char text[96];

static void begin_line(printer *p, int indent) {
    fprintf(p->out, "%s%*s", p->prefix, 4 * (indent + 1), "");
}

/* ---- whom ---------------------------------------------------------------------------------*/

/* In last words: nobody knows where it will be, so by a weak reference. */
static const char *whom_later(int n, text t) {
    if (n == NOBODY) snprintf(t, sizeof(text), "nil");
    else if (n == SELF) snprintf(t, sizeof(text), "self");
    else if (n <= CHILD) snprintf(t, sizeof(text), "child(self, %d)", CHILD - n + 1);
    else snprintf(t, sizeof(text), "look[%d]()", n);
    return t;
}

static const char *name_text(int label, char name[16]) {
    bool own = label >= OWN_NAME;
    snprintf(name, 16, own ? "n%d" : "v%d", own ? label - OWN_NAME : label);
    return name;
}

/* By a name, the holder's table, or else by a weak reference. */
static const char *whom(printer *p, int n, text t) {
    char name[16];
    for (int which = 1; n >= 0 && which >= 0; which--) {
        const thing *frame =
            &p->model.objects[which == 1 ? p->model.frames[p->model.depth - 1] : MAIN_FRAME];
        for (int i = 0; i < frame->count; i++) {
            if (frame->entry[i].value != n) continue;
            bool far = which == 0 && p->depth > 0;
            snprintf(t, sizeof(text), "%s%s", far ? "main." : "",
                     name_text(frame->entry[i].label, name));
            return t;
        }
    }
    if (n >= 0 && p->model.objects[n].held) {
        snprintf(t, sizeof(text), "held[%d]", n);
        return t;
    }
    return whom_later(n, t);
}

/* ---- acts, in the order of op_kind ------------------------------------------------------- */

static const char *maker(const act *a, const char *target, text t) {
    static const char *const made[WHATS] = {
        [A_NODE] = "Node(nil, nil, nil, %d)",  [A_PLAIN] = "Plain(nil, nil, nil, %d)",
        [A_BAG] = "Bag { n = %d }",            [AN_OPEN] = "object {} --[[ %d ]]",
        [AN_OWN] = "Node(nil, nil, nil, %d)",  [AN_ITEM] = "Plain(nil, nil, nil, %d)",
        [A_LIST] = "list {} --[[ %d ]]",       [A_TUPLE] = "tuple {} --[[ %d ]]",
        [A_DICT] = "dict {} --[[ %d ]]",       [A_SET] = "set {} --[[ %d ]]"};
    if (a->what == A_WEAK) snprintf(t, sizeof(text), "weak(%s)", target);
    else if (a->what == A_CALLBACK)
        snprintf(t, sizeof(text), "weak(%s, callback(%d))", target, a->number);
    else if (a->what == A_RECORD)
        snprintf(t, sizeof(text), "finalize(%s, callback(%d))", target, a->number);
    else {
        size_t length = strcspn(made[a->what], "%");
        snprintf(t, sizeof(text), "%.*s%d%s", (int)length, made[a->what], a->number,
                 made[a->what] + length + 2);
    }
    return t;
}

static void print_make(printer *p, const act *a, const char *target, const char *argument) {
    text thing_text;
    char name[16];
    int place = a->k % WHERES;
    const char *made = maker(a, target, thing_text);
    if (place == HELD || place == TEMPORARY) fprintf(p->out, "held[%d] = %s", a->number, made);
    else if (place == IN_A_NAME)
        fprintf(p->out, "%s = %s", name_text(a->k / WHERES % NAMES, name), made);
    else fprintf(p->out, "main.n%d = %s", a->number, made);
    if (is_watcher(a->what) && strcmp(argument, "nil") != 0)
        fprintf(p->out, " -- in C it counts %s as well, its argument", argument);
}

static void print_set(printer *p, const act *a, const char *x, const char *y) {
    what w = a->a >= 0 ? p->model.objects[a->a].what : A_NODE;
    int count = a->a >= 0 ? p->model.objects[a->a].count : 1;
    bool unset = a->kind == OP_UNSET;
    if (w == A_LIST && unset) fprintf(p->out, "del(%s, %d)", x, a->k % (count + !count) + 1);
    else if (w == A_LIST) fprintf(p->out, "%s[%d] = %s", x, a->k % (count + !count) + 1, y);
    else if (w == A_DICT && unset)
        fprintf(p->out, "%s[key(%s, %d)] = nil", x, x, a->k % (count + !count) + 1);
    else if (w == A_DICT) fprintf(p->out, "%s[%d] = %s", x, a->k % 4, y);
    else if (w == A_SET && unset)
        fprintf(p->out, "%s[key(%s, %d)] = nil", x, x, a->k % (count + !count) + 1);
    else if (w == A_SET) fprintf(p->out, "%s[%s] = true", x, y);
    else fprintf(p->out, "%s.%c = %s", x, 'a' + a->k % (is_open(w) ? 4 : 3), unset ? "nil" : y);
}

static void print_name(printer *p, const act *a, const char *y) {
    char name[16];
    name_text(a->kind == OP_BIND ? a->k % NAMES : a->k, name);
    bool far = a->a == 0 && p->depth > 0;
    if (a->kind == OP_BIND) fprintf(p->out, "%s%s = %s", far ? "main." : "", name, y);
    else fprintf(p->out, "%s%s = nil", far ? "main." : "", name);
}

static void print_list(printer *p, const act *a, const char *x, const char *y) {
    int count = a->a >= 0 ? p->model.objects[a->a].count : 1, k = a->k;
    if (a->kind == OP_INSERT) fprintf(p->out, "%s:insert(%d, %s)", x, k % (count + 1) + 1, y);
    else if (a->kind == OP_POP) fprintf(p->out, "%s:pop(%d)", x, k % (count + !count) + 1);
    else if (a->kind == OP_REVERSE) fprintf(p->out, "%s:reverse()", x);
    else
        fprintf(p->out, "for i = 1, %d do del(%s, %d) end -- in C: at once", k % 3 + 1, x,
                k % (count + !count) + 1);
}

static void print_management(printer *p, const act *a, const char *x) {
    switch (a->kind) {
    case OP_COLLECT: fprintf(p->out, "print('found ' .. collect(%d))", a->k % 3); break;
    case OP_ENABLE: fprintf(p->out, "gc.%s()", a->k & 1 ? "enable" : "disable"); break;
    case OP_POLICY:
        fprintf(p->out, "gc.policy '%s'", a->k & 1 ? "generational" : "refcount");
        break;
    case OP_FREEZE: fprintf(p->out, "gc.freeze()"); break;
    case OP_UNFREEZE: fprintf(p->out, "gc.unfreeze()"); break;
    case OP_THRESHOLD:
        fprintf(p->out, "gc.threshold(%d, %d, %d)", a->k % 5 * 150, a->k % 3 + 1, a->k % 4 + 1);
        break;
    case OP_SETTLE: fprintf(p->out, "settle()"); break;
    case OP_LITTER:
        fprintf(p->out, "for i = 1, %d do local x = Plain() x.a = x end", a->k);
        break;
    case OP_LISTEN:
        fprintf(p->out, "gc.%s('death', listener)", a->k & 1 ? "on" : "off");
        break;
    case OP_ID: fprintf(p->out, "id(%s)", x); break;
    default: fprintf(p->out, "-- a safe point, where automatic collections start");
    }
}

/* x, y: a and b as Lua has to say them. */
static void print_act(printer *p, const act *a, const char *x, const char *y) {
    switch (a->kind) {
    case OP_MAKE: print_make(p, a, x, y); break;
    case OP_COPY: fprintf(p->out, "main.n%d = copy(%s)", a->number, x); break;
    case OP_SET:
    case OP_UNSET: print_set(p, a, x, y); break;
    case OP_KEY: fprintf(p->out, "%s[%s] = %s", x, y, a->k % 2 ? y : "true"); break;
    case OP_INSERT:
    case OP_POP:
    case OP_CUT:
    case OP_REVERSE: print_list(p, a, x, y); break;
    case OP_CLEAR: fprintf(p->out, "clear(%s)", x); break;
    case OP_BIND:
    case OP_UNBIND: print_name(p, a, y); break;
    case OP_PUSH: fprintf(p->out, "call(function(_ENV)"); break;
    case OP_POP_FRAME: fprintf(p->out, "end)"); break;
    case OP_PIN: fprintf(p->out, "pin(%s)", x); break;
    case OP_UNPIN: fprintf(p->out, "unpin(%s)", x); break;
    case OP_HOLD:
        if (a->a >= 0) fprintf(p->out, "held[%d] = %s", a->a, x);
        else fprintf(p->out, "held[#held + 1] = %s", x);
        break;
    case OP_LOSE: fprintf(p->out, "-- held[%d] is to go when it is asked for next", a->a); break;
    case OP_UNHOLD:
        if (a->a >= 0) fprintf(p->out, "held[%d] = nil settle()", a->a);
        else fprintf(p->out, "-- what holds %s goes", x);
        break;
    case OP_DETACH: fprintf(p->out, "%s:detach()", x); break;
    case OP_ATEXIT: fprintf(p->out, "%s.atexit = %s", x, a->k & 1 ? "true" : "false"); break;
    default: print_management(p, a, x);
    }
}

/* ---- operations -------------------------------------------------------------------------- */

static void print_words(printer *p, const op *o) {
    bool any = false;
    for (int i = 0; i < WORDS; i++) any |= o->words[i].kind != OP_NONE;
    if (!any || !(has_finalizer(o->act.what) || is_watcher(o->act.what))) return;
    begin_line(p, p->depth);
    fprintf(p->out, "words[%d] = function(self)\n", o->act.number);
    for (int i = 0; i < WORDS; i++) {
        act a = o->words[i];
        text x, y;
        if (a.kind == OP_NONE) continue;
        if (a.kind == OP_MAKE) a.number = (int16_t)(o->act.number + OFFSPRING);
        begin_line(p, p->depth + 1);
        print_act(p, &a, whom_later(a.a, x), whom_later(a.b, y));
        fprintf(p->out, "\n");
    }
    begin_line(p, p->depth);
    fprintf(p->out, "end\n");
}

static void print_expectation(printer *p, int depth) {
    for (int i = 0; i < p->trace.count; i++) {
        const step *s = &p->trace.steps[i];
        const char *format = s->kind == STEP_FINALIZE   ? "--> del n%d\n"
                             : s->kind == STEP_CALLBACK ? "--> callback n%d\n"
                             : s->kind == STEP_GOT      ? "--> found %d\n"
                                                        : NULL;
        if (format == NULL || (s->kind == STEP_GOT && s->n < 0)) continue;
        begin_line(p, depth);
        fprintf(p->out, format, s->n);
    }
}

static bool concerns(const act *a, int n) {
    return a->kind != OP_NONE && (a->a == n || a->b == n);
}

/* Whether somewhere n is spoken of where no name may do: in last words, or without one. */
static bool is_looked_for(const op *ops, int count, int n) {
    for (int i = 0; i < count; i++) {
        bool looked = ops[i].act.a == n && (ops[i].act.kind == OP_PIN || ops[i].act.kind == OP_SET);
        for (int w = 0; w < WORDS; w++) looked |= concerns(&ops[i].words[w], n);
        if (looked) return true;
    }
    return false;
}

static void print_tuple_items(printer *p, const op *o) {
    text x, y;
    if (o->items == 0) return;
    begin_line(p, p->depth);
    fprintf(p->out, "-- its items: %s, %s\n", whom(p, o->act.a, x),
            o->items > 1 ? whom(p, o->act.b, y) : "none");
}

/* In C the holder lets go when it is asked. */
static void print_lost(printer *p, const op *o) {
    bool asks = o->act.kind == OP_COLLECT || o->act.kind == OP_SETTLE ||
                o->act.kind == OP_SAFE_POINT;
    for (int n = FIRST_NUMBER; asks && n < NUMBERS; n++) {
        if (!p->model.objects[n].alive || !p->model.objects[n].stale) continue;
        begin_line(p, p->depth);
        fprintf(p->out, "held[%d] = nil\n", n);
    }
}

static void print_operation(printer *p, const op *ops, int count, int i) {
    const op *o = &ops[i];
    model before = p->model;
    text x, y;
    p->trace.count = 0;
    p->model.bell = 7;
    if (!model_do(&p->model, o) || p->model.ambiguous) {
        p->model = before;
        return;
    }
    model after = p->model;
    p->model = before;
    print_lost(p, o);
    print_words(p, o);
    bool pops = o->act.kind == OP_POP_FRAME;
    begin_line(p, p->depth - pops);
    print_act(p, &o->act, whom(p, o->act.a, x), whom(p, o->act.b, y));
    fprintf(p->out, "\n");
    if (o->act.kind == OP_MAKE) print_tuple_items(p, o);
    p->depth += (o->act.kind == OP_PUSH) - pops;
    p->model = after;
    bool made = o->act.kind == OP_MAKE || o->act.kind == OP_COPY;
    if (made && is_alive(&p->model, o->act.number) &&
        is_looked_for(ops, count, o->act.number)) {
        begin_line(p, p->depth);
        fprintf(p->out, "look[%d] = weak(%s)\n", o->act.number, whom(p, o->act.number, x));
    }
    print_expectation(p, p->depth);
}

static const char prologue[] =
    "do\n"
    "    local main, held, look, words = frame(), {}, {}, {}\n"
    "    package.loaded.held = held -- until the close\n"
    "    local function say(what, n, self)\n"
    "        print(what .. ' n' .. n)\n"
    "        if words[n] then words[n](self) end\n"
    "    end\n"
    "    local function callback(n) return function(self) say('callback', n, self) end end\n"
    "    local function nth(x, n, keys)\n"
    "        for k, v in (keys and pairs or attrs)(x) do\n"
    "            local found = keys and k or v\n"
    "            if keys or type(found) == 'userdata' then n = n - 1 end\n"
    "            if n == 0 then return found end\n"
    "        end\n"
    "    end\n"
    "    local function child(x, n) return nth(x, n) end\n"
    "    local function key(x, n) return nth(x, n, true) end\n"
    "    local function listener() end\n"
    "    local Node = class('Node', { 'a', 'b', 'c', 'n' })\n"
    "    local Plain = class('Plain', { 'a', 'b', 'c', 'n' })\n"
    "    local Bag = class 'Bag'\n"
    "    function Node:__del() say('del', self.n, self) end\n"
    "    function Bag:__del() say('del', self.n, self) end\n";

static void print_prologue(printer *p) {
    for (const char *line = prologue; *line != '\0'; line = strchr(line, '\n') + 1)
        fprintf(p->out, "%s%.*s\n", p->prefix, (int)strcspn(line, "\n"), line);
}

/* What the names that are left show. */
static void print_state(printer *p) {
    text x;
    for (int n = FIRST_NUMBER; n < NUMBERS; n++) {
        const thing *o = &p->model.objects[n];
        if (!o->alive || o->what == A_FRAME) continue;
        if (strncmp(whom(p, n, x), "look", 4) == 0) continue;
        begin_line(p, p->depth);
        fprintf(p->out, "print('refcount of n%d: ' .. refcount(%s))\n", n, x);
        begin_line(p, p->depth);
        fprintf(p->out, "--> refcount of n%d: %d\n", n, model_count(&p->model, n));
        if (o->what != A_WEAK && o->what != A_CALLBACK) continue;
        begin_line(p, p->depth);
        fprintf(p->out, "print('n%d is alive: ' .. tostring(%s.alive))\n", n, x);
        begin_line(p, p->depth);
        fprintf(p->out, "--> n%d is alive: %s\n", n, o->target != NOBODY ? "true" : "false");
    }
}

void script_print(FILE *out, const char *prefix, const op *ops, int count) {
    printer *p = calloc(1, sizeof *p);
    if (p == NULL) return;
    p->out = out;
    p->prefix = prefix;
    model_init(&p->model, &p->trace, WRONG_NOTHING);
    print_prologue(p);
    for (int i = 0; i < count; i++) print_operation(p, ops, count, i);
    print_state(p);
    while (p->depth > 0) {
        begin_line(p, --p->depth);
        fprintf(out, "end)\n");
    }
    fprintf(out, "%send\n%ssettle()\n%s-- the close:\n", prefix, prefix, prefix);
    p->trace.count = 0;
    for (int n = CLASS_NODE; n < CLASS_OPEN; n++) model_lose(&p->model, n);
    model_close(&p->model);
    print_expectation(p, -1);
    free(p);
}
