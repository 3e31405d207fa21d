/* SPDX-License-Identifier: MIT */
/* Threads: a heap belongs to one thread at a time, and two heaps share nothing. Eight threads
 * at once do everything on heaps of their own; the thread sanitizer watches (scripts/check).
 * Threads do not assert: cmocka's way out of a failed assertion is not for another thread's
 * stack. They note what went wrong, and the main thread asserts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ouro.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#define THREADS 8
#define ROUNDS 60
#define RING 50

typedef struct worker {
    pthread_t thread;
    ouro_heap *heap;
    ouro_object *node; /* a class: two slots, number and next */
    uint64_t random;
    size_t callbacks;
    size_t emptied; /* weak references that were empty within their callback */
    ouro_stats stats;
    char fault[160];
} worker;

/* Notes the first call that fails; false then, so that calls can be chained by &&. */
static bool fine(worker *self, ouro_status status, const char *what) {
    if (status == OURO_OK) return true;
    if (self->fault[0]) return false;
    const char *message = self->heap ? ouro_heap_message(self->heap) : "";
    snprintf(self->fault, sizeof self->fault, "%s: %s: %s", what, ouro_status_name(status),
             message);
    return false;
}

static bool expect(worker *self, bool condition, const char *what) {
    if (!condition && !self->fault[0]) snprintf(self->fault, sizeof self->fault, "%s", what);
    return condition;
}

static uint64_t next_random(worker *self) {
    self->random ^= self->random << 13;
    self->random ^= self->random >> 7;
    self->random ^= self->random << 17;
    return self->random;
}

static void count_callback(ouro_object *weak, ouro_value argument) {
    worker *self = ouro_heap_user(ouro_object_heap(weak));
    (void)argument;
    self->callbacks++;
    if (!ouro_weak_get(weak)) self->emptied++;
}

/* A ring dies in a collection, and the weak reference to it is told. */
static bool run_ring(worker *self) {
    ouro_object *first, *weak;
    size_t found, before = self->callbacks;
    if (!fine(self, ouro_build_ring(self->heap, self->node, RING, &first), "ring")) return false;
    if (!fine(self, ouro_weak_new(first, count_callback, OURO_NIL, &weak), "weak")) return false;
    bool ok = expect(self, ouro_weak_get(weak) == first, "a live target is not seen");
    ouro_release(first);
    ok = ok && fine(self, ouro_collect(self->heap, 2, &found), "collect") &&
         expect(self, found >= RING, "a ring was not found") &&
         expect(self, !ouro_weak_get(weak), "a dead target is seen") &&
         expect(self, self->callbacks == before + 1, "the callback did not run once");
    ouro_release(weak);
    return ok;
}

/* The key is a string made of the number; the value is owned by the caller. */
static bool make_key(worker *self, uint64_t number, ouro_value *ret_key) {
    char text[24];
    int length = snprintf(text, sizeof text, "key %u", (unsigned)(number % 100));
    return fine(self, ouro_string(self->heap, text, (size_t)length, ret_key), "string");
}

/* One entry: the list goes into the dict under a random key, and the dict into the list,
 * which is a cycle until the key is taken again. */
static bool add_entry(worker *self, ouro_object *dict) {
    ouro_value key, boxed;
    ouro_object *list;
    if (!make_key(self, next_random(self), &key)) return false;
    if (!fine(self, ouro_list_new(self->heap, &key, 1, &list), "list")) {
        ouro_value_release(key);
        return false;
    }
    bool ok = fine(self, ouro_list_append(list, ouro_value_of_object(dict)), "append") &&
              fine(self, ouro_dict_set(dict, key, ouro_value_of_object(list)), "dict set");
    if (ok && fine(self, ouro_integer(self->heap, INT64_MAX, &boxed), "integer")) {
        ok = fine(self, ouro_list_append(list, boxed), "append");
        ouro_value_release(boxed);
    }
    ouro_release(list);
    ouro_value_release(key);
    ouro_safe_point(self->heap);
    return ok;
}

static bool run_containers(worker *self) {
    ouro_object *dict;
    if (!fine(self, ouro_dict_new(self->heap, &dict), "dict")) return false;
    bool ok = true;
    for (int i = 0; ok && i < 200; i++) ok = add_entry(self, dict);
    ok = ok && expect(self, ouro_dict_count(dict) <= 100, "equal keys are kept apart");
    ouro_release(dict);
    return ok;
}

/* A long chain dies by count, within the release, and so does a name's value. */
static bool run_names(worker *self) {
    ouro_object *chain, *frame = ouro_frame_main(self->heap);
    if (!fine(self, ouro_build_chain(self->heap, self->node, 1000, &chain), "chain")) return false;
    size_t live = ouro_heap_live(self->heap);
    bool ok = fine(self, ouro_frame_set(frame, "x", 1, ouro_value_of_object(chain)), "set");
    ouro_release(chain);
    ok = ok && fine(self, ouro_frame_unset(frame, "x", 1), "unset") &&
         expect(self, ouro_heap_live(self->heap) + 1000 == live, "the chain did not die");
    return ok;
}

static bool open_worker(worker *self, const char *policy) {
    static const char *const slots[] = {"number", "next"};
    ouro_heap_options options = {.struct_size = sizeof options, .user = self};
    self->random = 88172645463325252u;
    return fine(self, ouro_heap_open(&options, &self->heap), "open") &&
           fine(self, ouro_policy_set(self->heap, policy), "policy") &&
           fine(self, ouro_class_new(self->heap, "Node", slots, 2, NULL, &self->node), "class");
}

static void close_worker(worker *self) {
    if (!self->heap) return;
    size_t leaked = 0;
    if (self->node) ouro_release(self->node);
    fine(self, ouro_heap_shut(self->heap, &leaked), "shut");
    expect(self, leaked == 0, "something leaked");
    fine(self, ouro_heap_close(self->heap), "close");
    self->heap = NULL;
}

static bool work(worker *self) {
    bool ok = true;
    for (int i = 0; ok && i < ROUNDS; i++) {
        ok = run_ring(self) && run_containers(self) && run_names(self);
    }
    ok = ok && fine(self, ouro_heap_check(self->heap, NULL), "heap check");
    self->stats.struct_size = sizeof self->stats;
    ouro_heap_stats(self->heap, &self->stats);
    return ok;
}

static void *live_a_life(void *argument) {
    worker *self = argument;
    if (open_worker(self, ouro_policy_at(0, NULL))) work(self);
    close_worker(self);
    return NULL;
}

static void *only_work(void *argument) {
    work(argument);
    return NULL;
}

static void run_all(worker *workers, void *(*life)(void *)) {
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&workers[i].thread, NULL, life, &workers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) assert_int_equal(pthread_join(workers[i].thread, NULL), 0);
    for (int i = 0; i < THREADS; i++) assert_string_equal(workers[i].fault, "");
}

static void eight_heaps_live_side_by_side(void **state) {
    (void)state;
    worker workers[THREADS] = {0};
    run_all(workers, live_a_life);
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(workers[i].callbacks, ROUNDS);
        assert_int_equal(workers[i].emptied, ROUNDS);
    }
}

/* If anything were shared, the interleaving would show in the numbers. */
static void equal_work_gives_equal_histories(void **state) {
    (void)state;
    worker workers[THREADS] = {0};
    run_all(workers, live_a_life);
    for (int i = 1; i < THREADS; i++) {
        const ouro_stats *stats = &workers[i].stats, *first = &workers[0].stats;
        assert_int_equal(stats->births, first->births);
        assert_int_equal(stats->deaths, first->deaths);
        assert_int_equal(stats->bytes, first->bytes);
        assert_int_equal(stats->peak_bytes, first->peak_bytes);
        for (int g = 0; g < OURO_GENERATIONS; g++) {
            assert_int_equal(stats->collections[g], first->collections[g]);
            assert_int_equal(stats->collected[g], first->collected[g]);
        }
    }
}

/* A heap may go from thread to thread, as long as one has it at a time. */
static void a_heap_moves_to_another_thread(void **state) {
    (void)state;
    worker workers[THREADS] = {0};
    for (int i = 0; i < THREADS; i++) {
        assert_true(open_worker(&workers[i], ouro_policy_at(0, NULL)));
    }
    run_all(workers, only_work);
    run_all(workers, only_work);
    for (int i = 0; i < THREADS; i++) {
        close_worker(&workers[i]);
        assert_string_equal(workers[i].fault, "");
    }
}

/* One policy a thread, as many as there are. */
static void every_policy_works_beside_the_others(void **state) {
    (void)state;
    worker workers[THREADS] = {0};
    size_t policies = 0;
    while (ouro_policy_at(policies, NULL)) policies++;
    assert_true(policies > 0);
    for (size_t i = 0; i < THREADS; i++) {
        assert_true(open_worker(&workers[i], ouro_policy_at(i % policies, NULL)));
    }
    run_all(workers, only_work);
    for (int i = 0; i < THREADS; i++) {
        close_worker(&workers[i]);
        assert_string_equal(workers[i].fault, "");
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(eight_heaps_live_side_by_side),
        cmocka_unit_test(equal_work_gives_equal_histories),
        cmocka_unit_test(a_heap_moves_to_another_thread),
        cmocka_unit_test(every_policy_works_beside_the_others),
    };
    return cmocka_run_group_tests_name("threads", tests, NULL, NULL);
}
