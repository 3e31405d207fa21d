/* SPDX-License-Identifier: MIT */
/* Tests of core/types/list.c and sort.c. */
#include "support.h"

static void grows(void **state) {
    ouro_object *list = new_list(*state, 1000);
    assert_int_equal(length_of(list), 1000);
    for (size_t i = 0; i < 1000; i++) assert_int_equal(whole(item(list, i)), i + 1);
    for (size_t i = 1000; i > 0; i--) {
        ouro_value v;
        OK(ouro_list_pop(list, i - 1, &v));
        assert_int_equal(whole(v), i);
    }
    assert_int_equal(length_of(list), 0);
    ouro_release(list);
}

static void shrinks(void **state) {
    support *s = *state;
    ouro_object *list = new_list(s, 10000);
    size_t big = ouro_object_size(list);
    OK(ouro_list_remove(list, 10, 9990));
    ouro_value v;
    for (int i = 0; i < 5; i++) OK(ouro_list_pop(list, 0, &v));
    for (int i = 0; i < 20; i++) {
        OK(ouro_list_append(list, num(1)));
        OK(ouro_list_pop(list, 0, &v));
    }
    assert_true(ouro_object_size(list) < big / 2);
    ouro_release(list);
}

static void inserts(void **state) {
    support *s = *state;
    ouro_object *list = new_list(s, 3), *node = new_node(s, 9);
    OK(ouro_list_insert(list, 0, obj(node)));
    OK(ouro_list_insert(list, 4, obj(node)));
    OK(ouro_list_insert(list, 2, obj(node)));
    assert_int_equal(node->count, 4);
    assert_int_equal(whole(item(list, 1)), 1);
    assert_int_equal(whole(item(list, 3)), 2);
    FAILS(OURO_E_INDEX, ouro_list_insert(list, 7, num(1)));
    FAILS(OURO_E_INDEX, ouro_list_set(list, 6, num(1)));
    ouro_value v;
    FAILS(OURO_E_INDEX, ouro_list_pop(list, 6, &v));
    FAILS(OURO_E_INDEX, ouro_list_remove(list, 5, 2));
    FAILS(OURO_E_INDEX, ouro_list_remove(list, SIZE_MAX, 2));
    assert_non_null(strstr(ouro_heap_message(s->heap), "6 items"));
    OK(ouro_list_pop(list, 0, &v));
    assert_ptr_equal(ouro_value_object(v), node);
    ouro_value_release(v);
    OK(ouro_list_set(list, 0, obj(node)));
    OK(ouro_list_reverse(list));
    assert_ptr_equal(ouro_value_object(item(list, 0)), node);
    assert_int_equal(whole(item(list, 1)), 3);
    ouro_release(list);
    assert_int_equal(node->count, 1);
    ouro_release(node);
}

static void others(void **state) {
    support *s = *state;
    ouro_heap *other;
    ouro_object *list = new_list(s, 1), *stranger, *tuple;
    OK(ouro_heap_open(NULL, &other));
    OK(ouro_list_new(other, NULL, 0, &stranger));
    FAILS(OURO_E_HEAP, ouro_list_append(list, obj(stranger)));
    FAILS(OURO_E_HEAP, ouro_list_insert(list, 0, obj(stranger)));
    FAILS(OURO_E_HEAP, ouro_list_set(list, 0, obj(stranger)));
    const ouro_value values[] = {obj(list), obj(stranger)};
    ouro_object *unmade = NULL;
    FAILS(OURO_E_HEAP, ouro_list_new(s->heap, values, 2, &unmade));
    FAILS(OURO_E_HEAP, ouro_tuple_new(s->heap, values, 2, &unmade));
    assert_null(unmade);
    assert_int_equal(list->count, 1);
    assert_int_equal(length_of(list), 1);
    OK(ouro_tuple_new(s->heap, NULL, 0, &tuple));
    FAILS(OURO_E_TYPE, ouro_list_append(tuple, num(1)));
    FAILS(OURO_E_TYPE, ouro_list_append(NULL, num(1)));
    ouro_release(tuple);
    ouro_release(list);
    ouro_release(stranger);
    OK(ouro_heap_close(other));
}

/* Finds the list without the nodes, and changes it. */
static void meddle(support *s, ouro_object *node) {
    (void)node;
    const ouro_value *items;
    size_t count;
    OK(ouro_sequence_items(s->subject, &items, &count));
    for (size_t i = 0; i < count; i++)
        if (ouro_value_is_object(items[i]))
            assert_int_not_equal(ouro_value_small(ouro_record_slot(ouro_value_object(items[i]), 0)),
                                 s->dead[s->dead_count - 1]);
    OK(ouro_list_append(s->subject, num(100)));
    OK(ouro_list_reserve(s->subject, 200));
}

static ouro_object *list_of_nodes(support *s, int n) {
    ouro_object *list;
    OK(ouro_list_new(s->heap, NULL, 0, &list));
    for (int i = 1; i <= n; i++) {
        ouro_object *node = new_node(s, i);
        OK(ouro_list_append(list, obj(node)));
        ouro_release(node);
    }
    return list;
}

static void finalizers(void **state) {
    support *s = *state;
    s->subject = list_of_nodes(s, 6);
    s->on_finalize = meddle;
    OK(ouro_list_set(s->subject, 0, num(1)));
    OK(ouro_list_remove(s->subject, 1, 3));
    assert_int_equal(s->dead_count, 4);
    for (int i = 0; i < 4; i++) assert_int_equal(s->dead[i], i + 1);
    assert_int_equal(length_of(s->subject), 7);
    ouro_object_clear(s->subject);
    assert_int_equal(s->dead_count, 6);
    assert_int_equal(s->dead[4], 5);
    assert_int_equal(length_of(s->subject), 2); /* what meddle appended */
    s->on_finalize = NULL;
    ouro_release(s->subject);
}

/* Removing may run a finalizer that lets go of the list itself. */
static void let_go(support *s, ouro_object *node) {
    (void)node;
    if (s->subject != NULL) ouro_release(s->subject);
    s->subject = NULL;
}

static void suicide(void **state) {
    support *s = *state;
    s->subject = list_of_nodes(s, 50);
    s->on_finalize = let_go;
    OK(ouro_list_remove(s->subject, 0, 40));
    assert_int_equal(s->dead_count, 50);
    assert_null(s->subject);
}

static void removes_without_memory(void **state) {
    support *s = *state;
    ouro_object *list = list_of_nodes(s, 60);
    s->fail_all = true;
    OK(ouro_list_remove(list, 5, 50));
    ouro_value v;
    OK(ouro_list_pop(list, 0, &v));
    ouro_value_release(v);
    s->fail_all = false;
    assert_int_equal(s->dead_count, 51);
    for (int i = 0; i < 50; i++) assert_int_equal(s->dead[i], i + 6);
    assert_int_equal(length_of(list), 9);
    ouro_release(list);
}

/* ---- sorting ----------------------------------------------------------------------------- */

typedef struct order {
    support *s;
    size_t calls;
    size_t give_up_at;
    void (*side)(support *s);
} order;

/* By the hundreds only, so that equal ones show whether the sort is stable. */
static int by_hundreds(ouro_value a, ouro_value b, void *context) {
    order *o = context;
    if (++o->calls == o->give_up_at) return -1;
    assert_int_equal(length_of(o->s->subject), 0);
    if (o->side != NULL) o->side(o->s);
    return ouro_value_small(a) / 100 < ouro_value_small(b) / 100;
}

static ouro_object *shuffled(support *s, size_t n) {
    ouro_object *list;
    uint64_t random = 12345 + n;
    OK(ouro_list_new(s->heap, NULL, 0, &list));
    for (size_t i = 0; i < n; i++) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        /* hundreds at random, below them ascending */
        OK(ouro_list_append(list, num((int64_t)((random >> 40) % 7 * 100000 + i))));
    }
    return list;
}

static int by_class(ouro_value a, ouro_value b, void *context) {
    order *o = context;
    if (++o->calls == o->give_up_at) return -1;
    return ouro_value_small(a) / 100000 < ouro_value_small(b) / 100000;
}

static void sorts(void **state) {
    support *s = *state;
    for (size_t n = 0; n < 200; n += n < 70 ? 1 : 13) {
        order o = {.s = s};
        ouro_object *list = shuffled(s, n);
        OK(ouro_list_sort(list, by_class, &o));
        assert_int_equal(length_of(list), n);
        for (size_t i = 1; i < n; i++) assert_true(whole(item(list, i - 1)) < whole(item(list, i)));
        assert_true(o.calls <= n * 9);
        o.calls = 0;
        OK(ouro_list_sort(list, by_class, &o));
        ouro_release(list);
    }
}

static void gives_up(void **state) {
    support *s = *state;
    for (size_t at = 1; at < 400; at += 7) {
        order o = {.s = s, .give_up_at = at};
        ouro_object *list = shuffled(s, 77);
        int64_t sum = 0, product = 0;
        for (size_t i = 0; i < 77; i++) sum += whole(item(list, i));
        ouro_status status = ouro_list_sort(list, by_class, &o);
        assert_int_equal(status, o.calls >= at ? OURO_E_USER : OURO_OK);
        assert_int_equal(length_of(list), 77);
        bool seen[77] = {false};
        for (size_t i = 0; i < 77; i++) {
            product += whole(item(list, i));
            seen[whole(item(list, i)) % 100000] = true;
        }
        assert_int_equal(sum, product);
        for (size_t i = 0; i < 77; i++) assert_true(seen[i]);
        ouro_release(list);
    }
}

static void append_meanwhile(support *s) {
    ouro_object *node = new_node(s, 5);
    OK(ouro_list_append(s->subject, obj(node)));
    ouro_release(node);
    ouro_value v;
    OK(ouro_list_pop(s->subject, 0, &v));
    ouro_value_release(v);
}

static void leave_one(support *s) {
    ouro_object *node = new_node(s, 5);
    if (length_of(s->subject) == 0) OK(ouro_list_append(s->subject, obj(node)));
    ouro_release(node);
}

static int leaving_one(ouro_value a, ouro_value b, void *context) {
    order *o = context;
    leave_one(o->s);
    return ouro_value_small(a) < ouro_value_small(b);
}

static void changed(void **state) {
    support *s = *state;
    order o = {.s = s, .side = append_meanwhile};
    s->subject = new_list(s, 30);
    FAILS(OURO_E_CHANGED, ouro_list_sort(s->subject, by_hundreds, &o));
    assert_int_equal(length_of(s->subject), 30);
    OK(ouro_list_reverse(s->subject));
    FAILS(OURO_E_CHANGED, ouro_list_sort(s->subject, leaving_one, &o));
    assert_int_equal(length_of(s->subject), 30);
    for (size_t i = 0; i < 30; i++) assert_int_equal(whole(item(s->subject, i)), i + 1);
    ouro_release(s->subject);
}

/* ---- refusals ---------------------------------------------------------------------------- */

static ouro_status make_list(support *s) {
    ouro_object *list;
    const ouro_value values[] = {num(1), obj(s->node_class)};
    ouro_status status = ouro_list_new(s->heap, values, 2, &list);
    if (status == OURO_OK) ouro_release(list);
    return status;
}

static ouro_status append_many(support *s) {
    ouro_status status = OURO_OK;
    ouro_object_clear(s->subject);
    while (status == OURO_OK && length_of(s->subject) < 100)
        status = ouro_list_append(s->subject, obj(s->node_class));
    if (status == OURO_OK) status = ouro_list_insert(s->subject, 1, num(7));
    if (status == OURO_OK) status = ouro_list_reserve(s->subject, 1000);
    return status;
}

static void counts_agree(support *s) {
    size_t references = 0;
    for (size_t i = 0; i < length_of(s->subject); i++)
        references += ouro_value_object(item(s->subject, i)) == s->node_class;
    assert_int_equal(s->node_class->count, references + 1);
}

static int less(ouro_value a, ouro_value b, void *context) {
    (void)context;
    return ouro_value_small(a) < ouro_value_small(b);
}

static ouro_status sort_subject(support *s) {
    return ouro_list_sort(s->subject, less, NULL);
}

static void still_descending(support *s) {
    assert_int_equal(whole(item(s->subject, 0)), 30);
}

static void refusals(void **state) {
    support *s = *state;
    assert_true(support_sweep(s, make_list, NULL) >= 1);
    assert_int_equal(s->node_class->count, 1);
    s->subject = new_list(s, 0);
    assert_true(support_sweep(s, append_many, counts_agree) >= 3);
    ouro_release(s->subject);
    s->subject = new_list(s, 30);
    OK(ouro_list_reverse(s->subject));
    assert_int_equal(support_sweep(s, sort_subject, still_descending), 1);
    assert_int_equal(whole(item(s->subject, 0)), 1);
    ouro_release(s->subject);
}

static void self(void **state) {
    support *s = *state;
    ouro_object *list = new_list(s, 0);
    OK(ouro_list_append(list, obj(list)));
    assert_int_equal(list->count, 2);
    drop_cycle(list);
}

static bool collect_labels(const ouro_label *label, ouro_value v, void *context) {
    size_t *next = context;
    assert_int_equal(label->kind, OURO_LABEL_INDEX);
    assert_int_equal(label->index, ++*next);
    assert_int_equal(ouro_value_small(v), *next);
    return *next < 4;
}

static void labels(void **state) {
    size_t next = 0;
    ouro_object *list = new_list(*state, 5);
    assert_false(ouro_object_refs(list, collect_labels, &next));
    assert_int_equal(next, 4);
    ouro_release(list);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SENTENCE(grows, "a list grows and shrinks item by item"),
        SENTENCE(shrinks, "a list gives memory back after many removals"),
        SENTENCE(inserts, "items are inserted, replaced, popped and reversed in place"),
        SENTENCE(others, "what belongs to another heap or type is refused"),
        SENTENCE(finalizers, "a finalizer that a removal runs finds the list without the item"),
        SENTENCE(suicide, "a list that is let go of while items are removed dies after that"),
        SENTENCE(removes_without_memory, "removing needs no memory"),
        SENTENCE(sorts, "sorting is stable at every length"),
        SENTENCE(gives_up, "a sort that is given up loses nothing"),
        SENTENCE(changed, "a list changed while it is sorted gets its items back"),
        SENTENCE(refusals, "an operation without memory has not happened"),
        SENTENCE(self, "a list may contain itself"),
        SENTENCE(labels, "items are labelled from one, and labelling can be stopped"),
    };
    return RUN(tests);
}
