/* SPDX-License-Identifier: MIT */
/* Tests of core/types/table.c: against a model that is a plain array. */
#include "types/types.h"

#include "support.h"

static uint32_t hash_of(support *s, ouro_value key) {
    uint32_t hash = 0;
    OK(ouro__hash_value(s->heap, key, &hash));
    return hash;
}

static size_t find(support *s, const ouro__table *table, ouro_value key) {
    size_t position = 0;
    OK(ouro__table_find(s->heap, table, key, hash_of(s, key), &position));
    return position;
}

static void add(support *s, ouro__table *table, int64_t key, int64_t value) {
    OK(ouro__table_reserve(s->heap, table, 1));
    ouro__table_add(table, num(key), hash_of(s, num(key)), num(value));
}

static void take(support *s, ouro__table *table, int64_t key) {
    size_t position = find(s, table, num(key));
    assert_true(position != OURO__NOWHERE);
    assert_int_equal(whole(ouro__table_take(s->heap, table, position).key), key);
}

/* ---- the model: keys in order ------------------------------------------------------------ */

#define MODEL_MAX 600

typedef struct model {
    int64_t keys[MODEL_MAX];
    size_t count;
} model;

static void compare(support *s, const ouro__table *table, const model *m) {
    assert_int_equal(table->count, m->count);
    size_t position = 0, backwards = table->used;
    for (size_t i = 0; i < m->count; i++) {
        const ouro__entry *entry = ouro__table_next(table, &position);
        assert_non_null(entry);
        assert_int_equal(whole(entry->key), m->keys[i]);
        assert_int_equal(whole(entry->value), -m->keys[i]);
        assert_int_equal(find(s, table, entry->key), position - 1);
        entry = ouro__table_previous(table, &backwards);
        assert_non_null(entry);
        assert_int_equal(whole(entry->key), m->keys[m->count - 1 - i]);
    }
    assert_null(ouro__table_next(table, &position));
    assert_null(ouro__table_previous(table, &backwards));
}

static void random_operations(void **state) {
    support *s = *state;
    ouro__table table = {0};
    static model m;
    uint64_t random = 1;
    m.count = 0;
    for (int step = 0; step < 6000; step++) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        int64_t key = (int64_t)(random >> 33) % MODEL_MAX;
        size_t i = 0;
        while (i < m.count && m.keys[i] != key) i++;
        bool growing = step / 1000 % 2 == 0;
        if (i == m.count && (growing || step % 4 == 0)) {
            assert_true(find(s, &table, num(key)) == OURO__NOWHERE);
            add(s, &table, key, -key);
            m.keys[m.count++] = key;
        } else if (i < m.count && (!growing || step % 4 == 0)) {
            take(s, &table, key);
            m.count--;
            memmove(m.keys + i, m.keys + i + 1, (m.count - i) * sizeof *m.keys);
        }
        if (step % 100 == 0) compare(s, &table, &m);
    }
    compare(s, &table, &m);
    ouro__table_dispose(s->heap, &table);
}

static void sizes(void **state) {
    support *s = *state;
    ouro__table table = {0};
    for (int64_t i = 0; i < 120000; i++) add(s, &table, i * 4096, i);
    for (int64_t i = 0; i < 120000; i += 7)
        assert_int_equal(whole(table.entries[find(s, &table, num(i * 4096))].value), i);
    assert_true(find(s, &table, num(5)) == OURO__NOWHERE);
    for (int64_t i = 0; i < 120000; i++) take(s, &table, i * 4096);
    assert_int_equal(ouro__table_bytes(&table), 0);
    ouro__table_dispose(s->heap, &table);
}

static void small(void **state) {
    support *s = *state;
    ouro__table table = {0};
    add(s, &table, 1, 1);
    assert_true(ouro__table_bytes(&table) <= 96);
    for (int64_t i = 2; i <= 8; i++) add(s, &table, i, i);
    assert_true(ouro__table_bytes(&table) <= 160);
    size_t bytes = ouro__table_bytes(&table);
    for (int64_t i = 9; i < 200; i++) {
        take(s, &table, i - 8);
        add(s, &table, i, i);
    }
    assert_int_equal(ouro__table_bytes(&table), bytes);
    ouro__table_dispose(s->heap, &table);
}

static void queue(void **state) {
    support *s = *state;
    ouro__table table = {0};
    for (int64_t i = 0; i < 1000; i++) add(s, &table, i, i);
    size_t bytes = ouro__table_bytes(&table);
    for (int64_t i = 1000; i < 50000; i++) {
        size_t position = 0;
        const ouro__entry *first = ouro__table_next(&table, &position);
        assert_int_equal(whole(first->key), i - 1000);
        ouro__table_take(s->heap, &table, position - 1);
        add(s, &table, i, i);
    }
    assert_true(ouro__table_bytes(&table) <= 2 * bytes);
    ouro__table_dispose(s->heap, &table);
}

static void shrinks(void **state) {
    support *s = *state;
    ouro__table table = {0};
    for (int64_t i = 0; i < 12288; i++) add(s, &table, i, i);
    size_t bytes = ouro__table_bytes(&table);
    for (int64_t i = 0; i < 12280; i++) take(s, &table, i);
    for (int64_t i = 0; i < 10; i++) add(s, &table, i, i);
    assert_true(ouro__table_bytes(&table) < bytes / 8);
    for (int64_t i = 0; i < 10; i++) assert_true(find(s, &table, num(i)) != OURO__NOWHERE);
    ouro__table_dispose(s->heap, &table);
}

static void names(void **state) {
    support *s = *state;
    ouro__table table = {0};
    char name[16];
    for (int i = 0; i < 100; i++) {
        int length = snprintf(name, sizeof name, "n%d", i);
        OK(ouro__table_set_name(s->heap, &table, name, (size_t)length, num(i)));
    }
    OK(ouro__table_set_name(s->heap, &table, "a\0b", 3, num(-1)));
    size_t calls = s->calls;
    for (int i = 0; i < 100; i++) {
        size_t length = (size_t)snprintf(name, sizeof name, "n%d", i);
        const ouro__entry *entry =
            ouro__table_find_name(&table, name, length, ouro__hash_name(name, length));
        assert_int_equal(whole(entry->value), i);
    }
    assert_null(ouro__table_find_name(&table, "a", 1, ouro__hash_name("a", 1)));
    assert_non_null(ouro__table_find_name(&table, "a\0b", 3, ouro__hash_name("a\0b", 3)));
    assert_int_equal(s->calls, calls);
    assert_true(ouro__table_remove_name(s->heap, &table, "n50", 3));
    assert_false(ouro__table_remove_name(s->heap, &table, "n50", 3));
    ouro__table_clear(s->heap, &table);
    assert_int_equal(table.count, 0);
}

/* ---- refusals ---------------------------------------------------------------------------- */

static ouro__table grown;

static ouro_status grow_it(support *s) {
    ouro_status status = OURO_OK;
    ouro__table_clear(s->heap, &grown);
    while (status == OURO_OK && grown.count < 300) {
        char name[16];
        size_t length = (size_t)snprintf(name, sizeof name, "n%u", (unsigned)grown.count);
        status = ouro__table_set_name(s->heap, &grown, name, length, obj(s->node_class));
    }
    return status;
}

static void is_whole(support *s) {
    assert_int_equal(s->node_class->count, grown.count + 1);
    for (uint32_t i = 0; i < grown.count; i++) {
        char name[16];
        size_t length = (size_t)snprintf(name, sizeof name, "n%u", (unsigned)i);
        assert_non_null(
            ouro__table_find_name(&grown, name, length, ouro__hash_name(name, length)));
    }
}

static void refusals(void **state) {
    support *s = *state;
    memset(&grown, 0, sizeof grown);
    assert_true(support_sweep(s, grow_it, is_whole) > 6);
    is_whole(s);
    s->fail_all = true;
    for (uint32_t i = 0; i < 300; i += 2) {
        char name[16];
        size_t length = (size_t)snprintf(name, sizeof name, "n%u", (unsigned)i);
        assert_true(ouro__table_remove_name(s->heap, &grown, name, length));
    }
    assert_int_equal(s->node_class->count, 151);
    s->fail_all = false;
    ouro__table_clear(s->heap, &grown);
}

static void makes_do(void **state) {
    support *s = *state;
    ouro__table table = {0};
    for (int64_t i = 0; i < 96; i++) add(s, &table, i, i);
    assert_int_equal(table.used, table.capacity);
    take(s, &table, 40);
    s->fail_all = true;
    add(s, &table, 200, 1);
    ouro_status status = ouro__table_reserve(s->heap, &table, 1);
    s->fail_all = false;
    assert_int_equal(status, OURO_E_NOMEM);
    assert_int_equal(table.count, 96);
    for (int64_t i = 0; i < 96; i++)
        assert_int_equal(find(s, &table, num(i)) == OURO__NOWHERE, i == 40);
    ouro__table_dispose(s->heap, &table);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SENTENCE(random_operations, "a table agrees with a plain list of keys in order"),
        SENTENCE(sizes, "a table of any size finds what is in it"),
        SENTENCE(small, "a small table is small and stays so"),
        SENTENCE(queue, "a table used as a queue neither grows nor slows down"),
        SENTENCE(shrinks, "a table gives memory back when little is left in it"),
        SENTENCE(names, "names are found without memory, whatever their bytes"),
        SENTENCE(refusals, "a name for which there is no memory is not added"),
        SENTENCE(makes_do, "without memory to grow the places of removed entries are used"),
    };
    return RUN(tests);
}
