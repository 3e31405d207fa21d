/* SPDX-License-Identifier: MIT */
/* Tests of core/types/record.c and class.c. */
#include "support.h"

static ouro_object *new_class(support *s, const char *name, const char *const *slots, size_t n,
                              ouro_object *base) {
    ouro_object *cls = NULL;
    OK(ouro_class_new(s->heap, name, slots, n, base, &cls));
    return cls;
}

static ouro_object *new_record(support *s, ouro_object *cls) {
    ouro_object *record = NULL;
    OK(ouro_record_new(s->heap, cls, &record));
    return record;
}

static ouro_value get(ouro_object *record, const char *name) {
    ouro_value v = OURO_NIL;
    OK(ouro_record_get(record, name, strlen(name), &v));
    return v;
}

static ouro_status set(ouro_object *record, const char *name, ouro_value v) {
    return ouro_record_set(record, name, strlen(name), v);
}

static void slots(void **state) {
    support *s = *state;
    ouro_object *node = new_node(s, 1), *other = new_node(s, 2);
    assert_int_equal(s->node_class->count, 3);
    assert_ptr_equal(ouro_record_class(node), s->node_class);
    assert_int_equal(ouro_object_size(node), 24);
    assert_true(ouro_value_is_nil(get(node, "next")));
    OK(set(node, "next", obj(other)));
    assert_ptr_equal(ouro_value_object(ouro_record_slot(node, 1)), other);
    assert_int_equal(other->count, 2);
    ouro_value v = num(3);
    FAILS(OURO_E_KEY, ouro_record_get(node, "nex", 3, &v));
    assert_non_null(strstr(ouro_heap_message(s->heap), "Node has no slot 'nex'"));
    assert_non_null(strstr(ouro_heap_message(s->heap), "id, next"));
    FAILS(OURO_E_KEY, set(node, "", num(1)));
    assert_int_equal(whole(v), 3);
    OK(set(node, "next", OURO_NIL));
    assert_int_equal(other->count, 1);
    support_check(s);
    ouro_release(other);
    ouro_release(node);
    assert_int_equal(s->node_class->count, 1);
}

static void many_slots(void **state) {
    support *s = *state;
    static char names[300][16];
    const char *slot_names[300];
    for (int i = 0; i < 300; i++) {
        snprintf(names[i], sizeof names[i], "s%d", i);
        slot_names[i] = names[i];
    }
    for (size_t n = 0; n <= 300; n += n < 20 ? 1 : 70) {
        ouro_object *cls = new_class(s, "Many", slot_names, n, NULL);
        assert_int_equal(ouro_class_slot_count(cls), n);
        assert_false(ouro_class_is_open(cls));
        for (size_t i = 0; i < 300; i++)
            assert_int_equal(ouro_class_slot_find(cls, names[i], strlen(names[i])),
                             i < n ? i : SIZE_MAX);
        ouro_object *record = new_record(s, cls);
        for (size_t i = 0; i < n; i++) OK(set(record, names[i], num((int64_t)i)));
        for (size_t i = 0; i < n; i++) {
            size_t length;
            assert_string_equal(ouro_class_slot_name(cls, i, &length), names[i]);
            assert_int_equal(length, strlen(names[i]));
            assert_int_equal(whole(get(record, names[i])), i);
        }
        FAILS(OURO_E_KEY, set(record, "none", num(1)));
        support_check(s);
        ouro_release(record);
        ouro_release(cls);
    }
}

static void inheritance(void **state) {
    support *s = *state;
    const char *const first[] = {"a", "b"}, *const second[] = {"c"}, *const twice[] = {"a"};
    ouro_object *base = new_class(s, "Base", first, 2, NULL);
    ouro_object *derived = new_class(s, "Derived", second, 1, base);
    ouro_object *open = new_class(s, "Open", NULL, 0, NULL), *refused = NULL;
    assert_int_equal(base->count, 2);
    assert_int_equal(ouro_class_slot_count(derived), 3);
    assert_int_equal(ouro_class_slot_find(derived, "c", 1), 2);
    assert_int_equal(ouro_class_slot_find(derived, "a", 1), 0);
    assert_true(ouro_class_derives(derived, base) && ouro_class_derives(base, base));
    assert_false(ouro_class_derives(base, derived));
    assert_string_equal(ouro_class_name(derived), "Derived");
    FAILS(OURO_E_TYPE, ouro_class_new(s->heap, "X", NULL, 0, base, &refused));
    FAILS(OURO_E_TYPE, ouro_class_new(s->heap, "X", first, 1, open, &refused));
    FAILS(OURO_E_VALUE, ouro_class_new(s->heap, "X", twice, 1, base, &refused));
    assert_non_null(strstr(ouro_heap_message(s->heap), "slot a"));
    FAILS(OURO_E_VALUE, ouro_class_new(s->heap, "X", NULL, 1, NULL, &refused));
    ouro_object *list = new_list(s, 0);
    FAILS(OURO_E_TYPE, ouro_class_new(s->heap, "X", NULL, 0, list, &refused));
    FAILS(OURO_E_TYPE, ouro_record_new(s->heap, list, &refused));
    assert_null(refused);
    assert_int_equal(base->count, 2);
    OK(ouro_class_set(base, "f", 1, num(1)));
    OK(ouro_class_set(base, "g", 1, num(2)));
    OK(ouro_class_set(derived, "f", 1, num(3)));
    assert_int_equal(whole(ouro_class_lookup(derived, "f", 1)), 3);
    assert_int_equal(whole(ouro_class_lookup(derived, "g", 1)), 2);
    OK(ouro_class_set(derived, "f", 1, OURO_NIL));
    assert_int_equal(whole(ouro_class_lookup(derived, "f", 1)), 1);
    assert_true(ouro_value_same(ouro_class_lookup(derived, "h", 1), OURO_ABSENT));
    support_check(s);
    ouro_release(list);
    ouro_release(open);
    ouro_release(base);
    ouro_release(derived);
}

static void open_attributes(void **state) {
    support *s = *state;
    ouro_object *bag, *node = new_node(s, 1);
    OK(ouro_bag_new(s->heap, &bag));
    assert_string_equal(ouro_class_name(ouro_record_class(bag)), "object");
    assert_true(ouro_value_same(get(bag, "a"), OURO_ABSENT));
    OK(set(bag, "a", obj(node)));
    OK(set(bag, "b", num(2)));
    OK(set(bag, "a", obj(node)));
    assert_int_equal(node->count, 2);
    support_check(s);
    OK(set(bag, "a", OURO_NIL));
    OK(set(bag, "never", OURO_NIL));
    assert_int_equal(node->count, 1);
    assert_int_equal(whole(get(bag, "b")), 2);
    ouro_release(bag);
    ouro_release(node);
}

static bool note_name(const ouro_label *label, ouro_value v, void *context) {
    (void)v;
    char *text = context;
    assert_int_equal(label->kind, OURO_LABEL_NAME);
    assert_int_equal(strlen(label->text), label->length);
    strcat(text, label->text);
    strcat(text, " ");
    return true;
}

static void labels(void **state) {
    support *s = *state;
    const char *const names[] = {"x"};
    ouro_object *node = new_node(s, 1), *bag, *base = new_class(s, "B", names, 1, NULL);
    ouro_object *derived = new_class(s, "D", names, 0, base);
    char text[64] = "";
    OK(ouro_bag_new(s->heap, &bag));
    OK(set(bag, "p", num(1)));
    OK(set(bag, "q", num(1)));
    OK(ouro_class_set(derived, "method", 6, num(1)));
    ouro_object *const all[] = {node, bag, derived};
    const char *const expected[] = {"id next class ", "p q class ", "base method "};
    for (int i = 0; i < 3; i++) {
        text[0] = '\0';
        assert_true(ouro_object_refs(all[i], note_name, text));
        assert_string_equal(text, expected[i]);
    }
    support_check(s);
    const ouro_value owned[] = {obj(node), obj(bag), obj(base), obj(derived)};
    for (int i = 0; i < 4; i++) ouro_value_release(owned[i]);
}

/* ---- finalizers -------------------------------------------------------------------------- */

static int finalized_plain;

static void finalize_plain(ouro_object *instance) {
    (void)instance;
    finalized_plain++;
}

static void finalizers(void **state) {
    support *s = *state;
    const char *const names[] = {"x"};
    ouro_object *base = new_class(s, "Base", names, 1, NULL);
    ouro_object *derived = new_class(s, "Derived", names, 0, base);
    finalized_plain = 0;
    ouro_object *early = new_record(s, derived);
    OK(ouro_class_set_finalizer(base, finalize_plain));
    ouro_release(early);
    assert_int_equal(finalized_plain, 1);
    ouro_release(new_record(s, derived));
    assert_int_equal(finalized_plain, 2);
    OK(ouro_class_set_finalizer(base, NULL));
    ouro_release(new_record(s, derived));
    assert_int_equal(finalized_plain, 2);
    OK(ouro_class_set_finalizer(base, finalize_plain));
    ouro_object *last = new_record(s, derived);
    ouro_object_clear(derived); /* it inherits nothing from now on */
    assert_null(ouro_class_base(derived));
    ouro_release(base);
    ouro_release(last);
    assert_int_equal(finalized_plain, 2);
    ouro_release(derived);
}

static void look(support *s, ouro_object *node) {
    assert_ptr_not_equal(ouro_value_object(get(s->subject, "a")), node);
    OK(set(s->subject, "a", num((int64_t)s->dead_count)));
}

static void stores(void **state) {
    support *s = *state;
    OK(ouro_bag_new(s->heap, &s->subject));
    s->on_finalize = look;
    for (int i = 1; i < 4; i++) {
        ouro_object *node = new_node(s, i);
        OK(set(s->subject, "a", obj(node)));
        ouro_release(node);
    }
    OK(set(s->subject, "a", OURO_NIL));
    assert_int_equal(s->dead_count, 3);
    assert_int_equal(whole(get(s->subject, "a")), 3);
    s->on_finalize = NULL;
    ouro_release(s->subject);
}

/* A class dies with its last instance; in a cycle, with the cycle. */
static void lifetime(void **state) {
    support *s = *state;
    const char *const names[] = {"x"};
    ouro_object *cls = new_class(s, "C", names, 1, NULL), *open;
    ouro_object *record = new_record(s, cls);
    size_t live = ouro_heap_live(s->heap);
    ouro_release(cls);
    assert_int_equal(ouro_heap_live(s->heap), live);
    assert_string_equal(ouro_class_name(ouro_record_class(record)), "C");
    ouro_release(record);
    assert_int_equal(ouro_heap_live(s->heap), live - 2);
    for (int i = 0; i < 3; i++) {
        open = new_class(s, "Open", i < 2 ? NULL : names, i == 2, NULL);
        record = new_record(s, open);
        OK(ouro_class_set(open, "instance", 8, obj(record)));
        if (i == 1) OK(ouro_class_set_finalizer(open, finalize_plain));
        ouro_release(record);
        ouro_release(open);
        size_t found = 0;
        OK(ouro_collect(s->heap, 2, &found));
        assert_int_equal(found, 2);
        support_check(s);
    }
}

/* A whole family of classes and instances, one dying set, oldest first. */
static void families(void **state) {
    support *s = *state;
    const char *const names[] = {"x"};
    ouro_object *base = new_class(s, "Base", names, 1, NULL);
    ouro_object *derived = new_class(s, "Derived", names, 0, base);
    ouro_object *first = new_record(s, base), *second = new_record(s, derived);
    finalized_plain = 0;
    OK(ouro_class_set_finalizer(base, finalize_plain));
    OK(set(first, "x", obj(derived)));
    OK(set(second, "x", obj(first)));
    OK(ouro_class_set(base, "last", 4, obj(second)));
    ouro_object *const owned[] = {base, derived, first, second};
    for (int i = 0; i < 4; i++) ouro_release(owned[i]);
    size_t found = 0;
    OK(ouro_collect(s->heap, 2, &found));
    assert_int_equal(found, 4);
    assert_int_equal(finalized_plain, 2);
}

/* ---- refusals ---------------------------------------------------------------------------- */

static ouro_status make_class(support *s) {
    const char *const names[] = {"c", "d", "e", "f", "g", "h", "i", "j"};
    ouro_object *cls;
    ouro_status status = ouro_class_new(s->heap, "C", names, 8, s->node_class, &cls);
    if (status == OURO_OK) ouro_release(cls);
    return status;
}

static void base_is_free(support *s) {
    assert_int_equal(s->node_class->count, 1);
}

static ouro_status fill_bag(support *s) {
    ouro_object *bag;
    ouro_status status = ouro_bag_new(s->heap, &bag);
    if (status != OURO_OK) return status;
    for (int i = 0; status == OURO_OK && i < 30; i++) {
        char name[16];
        snprintf(name, sizeof name, "n%d", i);
        status = set(bag, name, obj(s->node_class));
        assert_int_equal(s->node_class->count, i + (status == OURO_OK ? 2 : 1));
    }
    ouro_release(bag);
    return status;
}

static ouro_status set_on_class(support *s) {
    ouro_status status = OURO_OK;
    for (int i = 0; status == OURO_OK && i < 30; i++) {
        char name[16];
        snprintf(name, sizeof name, "n%d", i);
        status = ouro_class_set(s->node_class, name, strlen(name), num(1));
    }
    return status;
}

static void refusals(void **state) {
    support *s = *state;
    assert_true(support_sweep(s, make_class, base_is_free) >= 2);
    base_is_free(s);
    assert_true(support_sweep(s, fill_bag, base_is_free) >= 4);
    support_sweep(s, set_on_class, NULL);
    for (int i = 0; i < 30; i++) {
        char name[16];
        snprintf(name, sizeof name, "n%d", i);
        assert_int_equal(whole(ouro_class_lookup(s->node_class, name, strlen(name))), 1);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SENTENCE(slots, "a slotted record has its slots and no others"),
        SENTENCE(many_slots, "slots are found however many there are"),
        SENTENCE(inheritance, "a class has its base's slots first and looks up in its bases"),
        SENTENCE(open_attributes, "open attributes come by setting and go with nil"),
        SENTENCE(labels, "references are labelled with slots, attributes, base and class"),
        SENTENCE(finalizers, "finalizers are inherited, looked up at death, lost with the base"),
        SENTENCE(stores, "a finalizer sees the new value in place of its object"),
        SENTENCE(lifetime, "a class lives as long as its instances, and dies in cycles"),
        SENTENCE(families, "classes, derived classes and instances die together in a cycle"),
        SENTENCE(refusals, "what there is no memory for has not happened"),
    };
    return RUN(tests);
}
