/* SPDX-License-Identifier: MIT */
/* Progress: what is told of long work, and that stopping it at any question loses nothing. */
#include "looking.h"

#define NODES 110000u

typedef struct watch {
    size_t asked, stop_at, ended; /* stop_at: the question answered with no; 0: none */
    size_t last_done, last_total;
    char phases[200];
} watch;

static bool listen(ouro_heap *heap, const ouro_progress *progress, void *user) {
    watch *w = user;
    (void)heap;
    if (progress->ended) {
        w->ended++;
        return true;
    }
    char name[40];
    snprintf(name, sizeof name, "%s:%s ", progress->work, progress->phase);
    if (strstr(w->phases, name) == NULL && strlen(w->phases) + sizeof name < sizeof w->phases)
        strcat(w->phases, name);
    w->last_done = progress->done;
    w->last_total = progress->total;
    if (progress->total != 0) assert_true(progress->done <= progress->total);
    return ++w->asked != w->stop_at;
}

static ouro_status build_chain(ouro_heap *heap, ouro_object *cls, ouro_object **ret) {
    return ouro_build_chain(heap, cls, NODES, ret);
}
static ouro_status build_ring(ouro_heap *heap, ouro_object *cls, ouro_object **ret) {
    return ouro_build_ring(heap, cls, NODES, ret);
}
static ouro_status build_tree(ouro_heap *heap, ouro_object *cls, ouro_object **ret) {
    return ouro_build_tree(heap, cls, 16, 2, ret);
}
static ouro_status build_grid(ouro_heap *heap, ouro_object *cls, ouro_object **ret) {
    return ouro_build_grid(heap, cls, 330, 330, ret);
}
static ouro_status build_graph(ouro_heap *heap, ouro_object *cls, ouro_object **ret) {
    return ouro_build_graph(heap, cls, NODES, 2, 7, ret);
}

typedef ouro_status (*build_fn)(ouro_heap *heap, ouro_object *cls, ouro_object **ret);
static const build_fn builds[] = {build_chain, build_ring, build_tree, build_grid, build_graph};

static void a_building_stopped_at_any_question_leaves_nothing(void **state) {
    ouro_heap *heap = *state;
    ouro_object *cls = new_class(heap, "Node", 3), *made = NULL;
    for (size_t i = 0; i < sizeof builds / sizeof *builds; i++) {
        watch whole = {0};
        ouro_progress_listen(heap, listen, &whole);
        expect(heap, builds[i](heap, cls, &made));
        ouro_release(made);
        collect_all(heap);
        assert_true(whole.asked >= 3);
        assert_int_equal(whole.last_total >= 90000, 1);
        for (size_t stop = 1; stop <= 3; stop++) {
            watch w = {.stop_at = stop};
            ouro_object *untouched = cls;
            ouro_progress_listen(heap, listen, &w);
            assert_int_equal(builds[i](heap, cls, &untouched), OURO_E_STOPPED);
            assert_ptr_equal(untouched, cls);
            assert_int_equal(w.asked, stop);
            assert_int_equal(w.ended, 1);
            assert_non_null(strstr(ouro_heap_message(heap), "nothing has changed"));
            assert_int_equal(ouro_heap_live(heap), 1);
            check_heap(heap);
        }
    }
    ouro_progress_listen(heap, NULL, NULL);
    ouro_release(cls);
}

static void a_collection_stopped_at_any_question_collects_nothing(void **state) {
    ouro_heap *heap = *state;
    ouro_object *cls = new_class(heap, "Node", 2), *ring, *kept;
    expect(heap, ouro_build_ring(heap, cls, NODES, &ring));
    expect(heap, ouro_build_chain(heap, cls, NODES, &kept));
    ouro_release(ring);
    size_t found = 1, stop = 1;
    for (;; stop++) {
        watch w = {.stop_at = stop};
        ouro_progress_listen(heap, listen, &w);
        if (ouro_collect(heap, 2, &found) == OURO_OK) break;
        assert_int_equal(w.asked, stop);
        assert_int_equal(found, 0);
        assert_false(ouro_collect_is_running(heap));
        assert_int_equal(ouro_heap_live(heap), 2 * NODES + 1);
        if (stop % 4 == 0) check_heap(heap);
    }
    /* It was stopped in each phase that is long enough to ask. */
    assert_true(stop > 12);
    assert_int_equal(found, NODES);
    assert_int_equal(ouro_heap_live(heap), NODES + 1);
    ouro_progress_listen(heap, NULL, NULL);
    ouro_release(kept);
    ouro_release(cls);
}

static void a_collection_tells_its_phases(void **state) {
    ouro_heap *heap = *state;
    ouro_object *cls = new_class(heap, "Node", 2), *kept;
    expect(heap, ouro_build_chain(heap, cls, NODES, &kept));
    watch w = {0};
    ouro_progress_listen(heap, listen, &w);
    assert_int_equal(collect_all(heap), 0);
    assert_string_equal(w.phases,
                        "collect:scope collect:count collect:roots collect:restore ");
    assert_int_equal(w.ended, 1);
    ouro_progress_listen(heap, NULL, NULL);
    ouro_release(kept);
    ouro_release(cls);
}

static bool pass_by(const ouro_dominator *row, void *context) {
    (void)row;
    (void)context;
    return true;
}

static void a_look_at_the_heap_stopped_at_any_question_gives_its_memory_back(void **state) {
    ouro_heap *heap = *state;
    supply *s = ouro_heap_user(heap);
    ouro_object *cls = new_class(heap, "Node", 2), *kept;
    expect(heap, ouro_build_chain(heap, cls, NODES, &kept));
    size_t bytes = s->bytes, stop = 1;
    for (;; stop++) {
        watch w = {.stop_at = stop};
        ouro_progress_listen(heap, listen, &w);
        ouro_status status = ouro_dominators(heap, 3, pass_by, NULL);
        assert_int_equal(s->bytes, bytes);
        if (status == OURO_OK) break;
        assert_int_equal(status, OURO_E_STOPPED);
        assert_int_equal(w.ended, stop > 3 ? 2 : 1);
    }
    assert_true(stop > 3);
    ouro_progress_listen(heap, NULL, NULL);
    ouro_release(kept);
    ouro_release(cls);
}

static void a_collection_that_came_by_itself_stops_and_comes_again(void **state) {
    ouro_heap *heap = *state;
    ouro_object *cls = new_class(heap, "Node", 2), *ring;
    expect(heap, ouro_build_ring(heap, cls, NODES, &ring));
    ouro_release(ring);
    watch w = {.stop_at = 1};
    ouro_progress_listen(heap, listen, &w);
    ouro_collect_enable(heap, true);
    ouro_safe_point(heap);
    assert_int_equal(w.asked, 1);
    assert_int_equal(ouro_heap_live(heap), NODES + 1);
    expect(heap, ouro_build_chain(heap, cls, 20000, &ring));
    ouro_safe_point(heap);
    assert_int_equal(ouro_heap_live(heap), 20001);
    ouro_release(ring);
    ouro_progress_listen(heap, NULL, NULL);
    ouro_release(cls);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, open_heap, close_heap)

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(a_building_stopped_at_any_question_leaves_nothing),
        CASE(a_collection_stopped_at_any_question_collects_nothing),
        CASE(a_collection_tells_its_phases),
        CASE(a_look_at_the_heap_stopped_at_any_question_gives_its_memory_back),
        CASE(a_collection_that_came_by_itself_stops_and_comes_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
