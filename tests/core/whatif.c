/* SPDX-License-Identifier: MIT */
/* Whatif: what would die, in which order, against doing it. */
#include "digraph.h"

typedef struct forecast {
    const digraph *g;
    int dies[MOST_NODES], stays[MOST_NODES], lives[MOST_NODES];
    size_t die_count, stay_count, live_count;
    char reasons[256];
} forecast;

static bool take_verdict(const ouro_verdict *v, void *context) {
    forecast *f = context;
    int i = f->g != NULL ? number_of_node(f->g, v->object) : 0;
    if (i < 0) return true; /* the class */
    if (v->fate == OURO_FATE_DIES) f->dies[f->die_count++] = i;
    else if (v->fate == OURO_FATE_STAYS) f->stays[f->stay_count++] = i;
    else {
        static const char *const names[] = {"", "name ", "pin", "heap ", "held", "code"};
        size_t used = strlen(f->reasons);
        f->lives[f->live_count++] = i;
        snprintf(f->reasons + used, sizeof f->reasons - used, "%s%.*s%s; ", names[v->root],
                 (int)v->length, v->text, v->root == OURO_ROOT_NONE ? "object" : "");
        if (v->root == OURO_ROOT_NONE) assert_non_null(v->referrer);
    }
    return true;
}

/* ---- small ones -------------------------------------------------------------------------- */

static void bind_name(ouro_heap *heap, const char *name, ouro_value v) {
    expect(heap, ouro_frame_set(ouro_frame_main(heap), name, strlen(name), v));
}

static void unbind(ouro_heap *heap, const char *name) {
    expect(heap, ouro_frame_unset(ouro_frame_main(heap), name, strlen(name)));
}

static forecast foresee(ouro_heap *heap, ouro_object *from, const char *name,
                        ouro_object *target) {
    forecast f = {.g = NULL};
    ouro_removal r = {.struct_size = sizeof r, .from = from, .targets = &target, .count = 1};
    r.name = name;
    r.length = name != NULL ? strlen(name) : 0;
    expect(heap, ouro_would_free(heap, &r, take_verdict, &f));
    return f;
}

static void another_name_is_the_reason(void **state) {
    ouro_heap *heap = *state;
    ouro_value v = LIST(heap);
    bind_name(heap, "x", v);
    bind_name(heap, "y", v);
    ouro_value_release(v);
    forecast f = foresee(heap, ouro_frame_main(heap), "x", ouro_value_object(v));
    assert_string_equal(f.reasons, "name y; ");
    f = foresee(heap, ouro_frame_main(heap), "y", ouro_value_object(v));
    assert_string_equal(f.reasons, "name x; ");
    f = foresee(heap, NULL, NULL, ouro_value_object(v));
    assert_int_equal(f.die_count, 1);
    unbind(heap, "y");
    unbind(heap, "x");
}

static void without_such_a_reference_it_is_refused(void **state) {
    ouro_heap *heap = *state;
    ouro_value a = LIST(heap), b = LIST(heap);
    ouro_object *target = ouro_value_object(b);
    ouro_removal r = {.struct_size = sizeof r, .from = ouro_value_object(a),
                      .targets = &target, .count = 1};
    assert_int_equal(ouro_would_free(heap, &r, take_verdict, NULL), OURO_E_KEY);
    ouro_value_release(a);
    ouro_value_release(b);
}

static void an_item_that_is_there_twice_stays_once(void **state) {
    ouro_heap *heap = *state;
    ouro_value v = LIST(heap), list = LIST(heap, again(v), again(v));
    bind_name(heap, "l", list);
    ouro_value_release(list);
    ouro_value_release(v);
    forecast f = foresee(heap, ouro_value_object(list), NULL, ouro_value_object(v));
    assert_string_equal(f.reasons, "object; ");
    expect(heap, ouro_list_remove(ouro_value_object(list), 0, 1));
    f = foresee(heap, ouro_value_object(list), NULL, ouro_value_object(v));
    assert_int_equal(f.die_count, 1);
    unbind(heap, "l");
}

/* Ephemerons: the value goes with its key, once, though the table counts it still. */
static void the_value_of_a_weak_key_goes_with_the_key(void **state) {
    ouro_heap *heap = *state;
    ouro_object *dict;
    ouro_value key = LIST(heap), v = LIST(heap);
    expect(heap, ouro_weak_dict_new(heap, OURO_WEAK_KEYS, &dict));
    expect(heap, ouro_weak_dict_set(dict, key, v));
    bind_name(heap, "dict", value_of(dict));
    bind_name(heap, "key", key);
    ouro_release(dict);
    ouro_value_release(key);
    ouro_value_release(v);
    assert_int_equal(foresee(heap, NULL, NULL, ouro_value_object(key)).die_count, 2);
    assert_int_equal(foresee(heap, NULL, NULL, dict).die_count, 2);
    size_t before = ouro_heap_live(heap);
    unbind(heap, "key");
    assert_int_equal(ouro_heap_live(heap), before - 2);
    assert_int_equal(foresee(heap, NULL, NULL, dict).die_count, 1);
    unbind(heap, "dict");
}

/* ---- at random, against doing it --------------------------------------------------------- */

typedef struct deaths {
    const digraph *g;
    int order[MOST_NODES];
    size_t count;
} deaths;

static void note_death(ouro_heap *heap, const ouro_event *event, void *user) {
    deaths *d = user;
    (void)heap;
    int i = number_of_node(d->g, event->object);
    if (i >= 0) d->order[d->count++] = i;
}

/* Removes what the forecast was about; slot < 0: the roots of the target. */
static void do_it(digraph *g, int from, int slot, int target) {
    char name[16];
    if (from >= 0) {
        ouro_record_set_slot(node_at(g, from), (size_t)slot, OURO_NIL);
        g->to[from][slot] = -1;
        return;
    }
    name_of(target, name);
    if (g->held[target]) ouro_object_unhold(node_at(g, target));
    g->held[target] = false;
    bool named = g->named[target];
    g->named[target] = false;
    if (g->pinned[target]) {
        g->pinned[target] = false;
        expect(g->heap, ouro_object_unpin(node_at(g, target)));
    }
    if (named) unbind(g->heap, name);
}

static void expect_same(const digraph *g, const forecast *f, const deaths *d,
                        const bool before[MOST_NODES]) {
    bool after[MOST_NODES], stays[MOST_NODES] = {false};
    size_t stay = 0;
    assert_int_equal(d->count, f->die_count);
    for (size_t i = 0; i < d->count; i++) assert_int_equal(d->order[i], f->dies[i]);
    reach(g, -1, after);
    for (size_t i = 0; i < f->stay_count; i++) stays[f->stays[i]] = true;
    for (int i = 0; i < g->count; i++) {
        assert_int_equal(stays[i], before[i] && !after[i] && node_at(g, i) != NULL);
        stay += stays[i];
    }
    assert_int_equal(stay, f->stay_count);
    for (size_t i = 0; i < f->live_count; i++) assert_true(after[f->lives[i]]);
}

static void try_one(digraph *g, uint64_t *seed) {
    deaths d = {.g = g};
    forecast f = {.g = g};
    bool before[MOST_NODES];
    int from = (int)draw(seed, (unsigned)g->count), slot = (int)draw(seed, SLOTS);
    int target = node_at(g, from) != NULL ? g->to[from][slot] : -1;
    if (target < 0) {
        target = from;
        from = -1;
    }
    ouro_object *object = node_at(g, target);
    if (object == NULL) return;
    ouro_removal r = {.struct_size = sizeof r, .targets = &object, .count = 1};
    if (from >= 0) r.from = node_at(g, from);
    reach(g, -1, before);
    expect(g->heap, ouro_would_free(g->heap, &r, take_verdict, &f));
    ouro_listen(g->heap, 1u << OURO_EVENT_DEATH, note_death, &d);
    do_it(g, from, slot, target);
    ouro_listen(g->heap, 0, NULL, NULL);
    expect_same(g, &f, &d, before);
}

static void random_removals_do_what_was_foreseen(void **state) {
    ouro_heap *heap = *state;
    uint64_t seed = 11;
    for (int run = 0; run < 1500; run++) {
        digraph g;
        make_digraph(&g, heap, &seed, 4 + draw(&seed, 30), 1 + draw(&seed, 6), 3);
        ouro_object *cls = ouro_record_class(node_at(&g, 0));
        expect(heap, ouro_object_pin(cls));
        for (int i = 0; i < 4; i++) try_one(&g, &seed);
        drop_digraph(&g);
        expect(heap, ouro_object_unpin(cls));
    }
}

static void without_memory_nothing_changes(void **state) {
    ouro_heap *heap = *state;
    uint64_t seed = 7;
    digraph g;
    make_digraph(&g, heap, &seed, 30, 3, 3);
    ouro_object *target = node_at(&g, 0);
    ouro_removal r = {.struct_size = sizeof r, .targets = &target, .count = 1};
    size_t before = ouro_heap_bytes(heap), refused = 0;
    for (size_t request = 1;; request++) {
        forecast f = {.g = &g};
        refuse_from(heap, request);
        ouro_status status = ouro_would_free(heap, &r, take_verdict, &f);
        refuse_from(heap, 0);
        assert_int_equal(ouro_heap_bytes(heap), before);
        if (status == OURO_OK) break;
        assert_int_equal(status, OURO_E_NOMEM);
        assert_int_equal(f.die_count + f.live_count + f.stay_count, 0);
        refused++;
    }
    assert_true(refused >= 10);
    drop_digraph(&g);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, open_heap, close_heap)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(another_name_is_the_reason),
        TEST(without_such_a_reference_it_is_refused),
        TEST(an_item_that_is_there_twice_stays_once),
        TEST(the_value_of_a_weak_key_goes_with_the_key),
        TEST(random_removals_do_what_was_foreseen),
        TEST(without_memory_nothing_changes),
    };
    return cmocka_run_group_tests_name("whatif", tests, NULL, NULL);
}
