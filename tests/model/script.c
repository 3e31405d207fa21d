/* SPDX-License-Identifier: MIT */
/* Script: see script.h. The model, without any planted mistake, runs along and says what is to
 * be expected. What has no counterpart in Lua stands as a comment. */
#include "script.h"

#include <stdlib.h>
#include <string.h>

#include "real.h"

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

static void print_line(printer *p, const char *line) {
    begin_line(p, p->depth);
    fprintf(p->out, "%s\n", line);
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
    static const char *const classes[] = {"Node", "Plain", "Bag"};
    char name[16];
    if (n >= CLASS_NODE && n <= CLASS_BAG) return strcpy(t, classes[n - CLASS_NODE]);
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
    if (n >= 0 && n < NUMBERS && p->model.objects[n].held) {
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
        [A_DICT] = "dict {} --[[ %d ]]",       [A_SET] = "set {} --[[ %d ]]",
        [A_WEAK_KEYS] = "weak.keys {} --[[ %d ]]",
        [A_WEAK_VALUES] = "weak.values {} --[[ %d ]]",
        [A_WEAK_SET] = "weak.set {} --[[ %d ]]"};
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

static void print_placed(printer *p, const act *a, const char *made) {
    char name[16];
    int place = a->k % WHERES;
    if (place == HELD || place == TEMPORARY) fprintf(p->out, "held[%d] = %s", a->number, made);
    else if (place == IN_A_NAME)
        fprintf(p->out, "%s = %s", name_text(a->k / WHERES % NAMES, name), made);
    else fprintf(p->out, "main.n%d = %s", a->number, made);
}

static void print_make(printer *p, const act *a, const char *target, const char *argument) {
    text thing_text;
    print_placed(p, a, maker(a, target, thing_text));
    if (is_watcher(a->what) && strcmp(argument, "nil") != 0)
        fprintf(p->out, " -- in C it counts %s as well, its argument", argument);
}

static void print_class(printer *p, const act *a, const char *base) {
    const char *slots = a->k & 1 ? "" : a->a != NOBODY ? ", {}" : ", { 'a', 'b', 'c', 'n' }";
    bool derived = a->a != NOBODY;
    fprintf(p->out, "main.n%d = class('C%d'%s%s%s)", a->number, a->number, slots,
            derived ? ", " : "", derived ? base : "");
    if (a->k & 2) fprintf(p->out, " main.n%d.__del = last", a->number);
}

static void print_instance(printer *p, const act *a, const char *cls) {
    text made;
    bool open = a->a >= 0 && p->model.objects[a->a].open;
    snprintf(made, sizeof made, open ? "%s { n = %d }" : "%s(nil, nil, nil, %d)", cls, a->number);
    print_placed(p, a, made);
}

static void print_copy(printer *p, const act *a, const char *x) {
    const char *how = a->kind == OP_DEEPCOPY ? "deepcopy" : "copy";
    fprintf(p->out, "main.n%d = %s(%s)", a->number, how, x);
    if (a->kind == OP_DEEPCOPY || p->model.objects[a->a].cls != NOBODY)
        fprintf(p->out, " number(%s, main.n%d, %d)", x, a->number, a->number);
}

static void print_watch(printer *p, const act *a, const char *x, const char *y, const char *z) {
    what w = a->a >= 0 ? p->model.objects[a->a].what : A_WEAK_SET;
    if (w == A_WEAK_SET) fprintf(p->out, "%s[%s] = true", x, y);
    else if (w == A_WEAK_KEYS)
        fprintf(p->out, "%s[%s] = %s", x, y, a->k == NOBODY ? "true" : z);
    else if (is_object_key(a->k)) fprintf(p->out, "%s[%s] = %s", x, z, y);
    else fprintf(p->out, "%s[%d] = %s", x, a->k & 3, y);
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
    else if ((w == A_SET || is_weak_table(w)) && unset)
        fprintf(p->out, "%s[key(%s, %d)] = nil", x, x, a->k % (count + !count) + 1);
    else if (w == A_SET) fprintf(p->out, "%s[%s] = true", x, y);
    else
        fprintf(p->out, "%s.%c = %s", x, 'a' + a->k % (is_open(w) || w == A_CLASS ? 4 : 3),
                unset ? "nil" : y);
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
        if (a->k & QUIET) fprintf(p->out, "gc.disable() ");
        fprintf(p->out, "gc.policy '%s'%s",
                ouro_policy_at((size_t)(a->k % ANY_TIME % p->model.policies), NULL),
                a->k & ANY_TIME ? " -- and the model does not know when it collects" : "");
        break;
    case OP_LIMIT:
        if (a->k % 3 == 1)
            fprintf(p->out, "heap.limits { max_objects = heap.live() + %d }", a->k / 3);
        else if (a->k % 3 == 2) fprintf(p->out, "heap.limits { max_frames = #stack() }");
        else fprintf(p->out, "heap.limits { max_objects = 0, max_frames = 0 }");
        break;
    case OP_SAVEALL: fprintf(p->out, "gc.saveall(%s)", a->k & 1 ? "true" : "false"); break;
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

/* x, y, z: a, b and k as Lua has to say them. */
static void print_act(printer *p, const act *a, const char *x, const char *y, const char *z) {
    switch (a->kind) {
    case OP_MAKE: print_make(p, a, x, y); break;
    case OP_CLASS: print_class(p, a, x); break;
    case OP_INSTANCE: print_instance(p, a, x); break;
    case OP_FINALIZER: fprintf(p->out, "%s.__del = %s", x, a->k & 1 ? "last" : "nil"); break;
    case OP_COPY:
    case OP_DEEPCOPY: print_copy(p, a, x); break;
    case OP_WATCH: print_watch(p, a, x, y, z); break;
    case OP_TAKE: fprintf(p->out, "take(%s)", x); break;
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
    bool speaks = o->act.kind == OP_INSTANCE || has_finalizer(o->act.what) ||
                  is_watcher(o->act.what);
    if (!any || !speaks) return;
    begin_line(p, p->depth);
    fprintf(p->out, "words[%d] = function(self)\n", o->act.number);
    for (int i = 0; i < WORDS; i++) {
        act a = o->words[i];
        text x, y, z;
        if (a.kind == OP_NONE) continue;
        if (a.kind == OP_MAKE) a.number = (int16_t)(o->act.number + OFFSPRING);
        begin_line(p, p->depth + 1);
        print_act(p, &a, whom_later(a.a, x), whom_later(a.b, y), whom_later(a.k, z));
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
    return a->kind != OP_NONE &&
           (a->a == n || a->b == n || (a->kind == OP_WATCH && a->k == n));
}

/* Whether somewhere n is spoken of where no name may do: in last words, or without one. */
static bool is_looked_for(const op *ops, int count, int n) {
    for (int i = 0; i < count; i++) {
        const act *a = &ops[i].act;
        bool looked = a->a == n && (a->kind == OP_PIN || a->kind == OP_SET || a->kind == OP_TAKE);
        looked |= a->kind == OP_WATCH && (a->a == n || a->b == n || a->k == n);
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
    text x, y, z;
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
    if (after.refused) fprintf(p->out, "refused(function() ");
    print_act(p, &o->act, whom(p, o->act.a, x), whom(p, o->act.b, y), whom(p, o->act.k, z));
    if (after.refused) fprintf(p->out, o->act.kind == OP_PUSH ? " end) end)" : " end)");
    fprintf(p->out, "%s\n", o->starved ? " -- in C without memory" : "");
    if (after.refused) print_line(p, "--> refused");
    if (o->act.kind == OP_MAKE) print_tuple_items(p, o);
    p->depth += (o->act.kind == OP_PUSH && !after.refused) - pops;
    p->model = after;
    bool made = o->act.kind == OP_MAKE || (o->act.kind >= OP_CLASS && o->act.kind <= OP_DEEPCOPY);
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
    "    local function last(self) say('del', self.n, self) end\n"
    "    local function refused(f)\n"
    "        local on = gc.isenabled()\n"
    "        gc.disable()\n"
    "        print(pcall(f) and 'done' or 'refused')\n"
    "        if on then gc.enable() end\n"
    "    end\n"
    "    local function take(x)\n"
    "        for i = 1, #gc.garbage do\n"
    "            if same(gc.garbage[i], x) then return del(gc.garbage, i) end\n"
    "        end\n"
    "    end\n"
    "    local function number(x, y, n)\n"
    "        local from, to, at = { x }, { y }, 1\n"
    "        while from[at] do\n"
    "            pcall(function() to[at].n = n + at - 1 end)\n"
    "            local old, new = {}, {}\n"
    "            for _, v in attrs(from[at]) do old[#old + 1] = v end\n"
    "            for _, v in attrs(to[at]) do new[#new + 1] = v end\n"
    "            for i = 1, #new do\n"
    "                local copied = type(new[i]) == 'userdata' and not same(old[i], new[i])\n"
    "                for j = 1, #to do copied = copied and not same(to[j], new[i]) end\n"
    "                if copied then from[#from + 1], to[#to + 1] = old[i], new[i] end\n"
    "            end\n"
    "            at = at + 1\n"
    "        end\n"
    "    end\n"
    "    local Node = class('Node', { 'a', 'b', 'c', 'n' })\n"
    "    local Plain = class('Plain', { 'a', 'b', 'c', 'n' })\n"
    "    local Bag = class 'Bag'\n"
    "    Node.__del, Bag.__del = last, last\n";

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

/* As the driver does before the close. */
static void print_end(printer *p) {
    op all[2] = {{.act = {.kind = OP_SAVEALL}}, {.act = {.kind = OP_LIMIT}}};
    if (p->model.saveall) print_operation(p, &all[0], 1, 0);
    if (p->model.max_objects + p->model.max_frames > 0) print_operation(p, &all[1], 1, 0);
    for (int n = 0; n < NUMBERS; n++)
        while (p->model.saved[n] > 0) {
            op o = {.act = {.kind = OP_TAKE, .a = (int16_t)n}};
            print_operation(p, &o, 1, 0);
        }
}

void script_print(FILE *out, const char *prefix, const op *ops, int count) {
    printer *p = calloc(1, sizeof *p);
    if (p == NULL) return;
    p->out = out;
    p->prefix = prefix;
    pace_kind paces[POLICIES];
    int policies = real_policies(paces);
    model_init(&p->model, &p->trace, WRONG_NOTHING, paces, policies);
    print_prologue(p);
    for (int i = 0; i < count; i++) print_operation(p, ops, count, i);
    print_end(p);
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
