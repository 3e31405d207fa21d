/* SPDX-License-Identifier: MIT */
/* Equal: equality of values. Containers are compared by content, without recursion; two
 * structures are equal when no sequence of steps tells them apart.
 *
 * The method is that of Hopcroft and Karp (1971) for automata: what is being compared is
 * assumed equal, in a union-find over the objects, and a pair whose two sides are assumed
 * equal already is not looked at again. All must agree in the end, so the assumptions are
 * right or the answer is no. With n objects there are at most n unions, so it ends.
 *
 * Assumptions cost memory, and a list of ten million lists need not pay: a pair is written
 * down only if one side has several references, or it is the first pair. An object with one
 * reference is reached again only through its one referrer; a cycle of such objects leads
 * back to the first pair, and from then on every pair is written down.
 *
 * An embedder's equal, or a class's, may run anything: what is on the stack or in the union-find is
 * retained, and containers are asked again after each step. */
#include "ouro/containers.h"
#include "ouro/heap.h"
#include "ouro/scalar.h"
#include "types/types.h"

/* ---- what can be said at once ------------------------------------------------------------ */

typedef struct number {
    bool is_integer;
    int64_t i;
    double d;
} number;

static bool read_number(ouro_value v, number *ret_number) {
    ret_number->is_integer = ouro_value_as_integer(v, &ret_number->i);
    return ret_number->is_integer || ouro_value_as_float(v, &ret_number->d);
}

/* By mathematical value: an integer is not rounded to a float. */
static bool integer_equals_float(int64_t i, double d) {
    return d >= -0x1p63 && d < 0x1p63 && (double)(int64_t)d == d && (int64_t)d == i;
}

static bool numbers_equal(ouro_value a, ouro_value b) {
    number x, y;
    if (!read_number(a, &x) || !read_number(b, &y)) return false;
    if (x.is_integer && y.is_integer) return x.i == y.i;
    if (x.is_integer) return integer_equals_float(x.i, y.d);
    if (y.is_integer) return integer_equals_float(y.i, x.d);
    return x.d == y.d;
}

bool ouro__equal_is_nan(ouro_value v) {
    double d;
    return ouro_value_as_float(v, &d) && d != d;
}

static bool strings_equal(const ouro__string *a, const ouro__string *b) {
    if (a->length != b->length || (a->hash != b->hash && a->hash != 0 && b->hash != 0))
        return false;
    return memcmp(a->bytes, b->bytes, a->length) == 0;
}

static bool is_scalar(const ouro_object *object) {
    return object->type <= OURO__FLOAT;
}

/* Who decides about two objects that have no content of their own kind. A class's equal is
 * asked whatever the other is, the left one's first, as Lua's == does; a type's only when
 * both have it, so that it gets what it knows. */
static ouro_equal_fn hook_of(const ouro_object *a, const ouro_object *b) {
    if (is_scalar(a) || is_scalar(b)) return NULL;
    ouro_equal_fn by_class = ouro__class_equal(a);
    if (by_class == NULL) by_class = ouro__class_equal(b);
    if (by_class != NULL) return by_class;
    ouro_equal_fn by_type = ouro__type_spec(ouro_object_type(a))->equal;
    return by_type == ouro__type_spec(ouro_object_type(b))->equal ? by_type : NULL;
}

static ouro__sameness by_hook(const ouro_object *a, const ouro_object *b) {
    return hook_of(a, b) != NULL ? OURO__BY_HOOK : OURO__DIFFERENT;
}

ouro__sameness ouro__equal_quick(ouro_heap *heap, ouro_value a, ouro_value b) {
    (void)heap;
    if (ouro_value_same(a, b)) return ouro__equal_is_nan(a) ? OURO__DIFFERENT : OURO__EQUAL;
    const ouro_object *x = ouro_value_object(a), *y = ouro_value_object(b);
    if (x == NULL || y == NULL || x->type != y->type) {
        if (numbers_equal(a, b)) return OURO__EQUAL;
        return x != NULL && y != NULL ? by_hook(x, y) : OURO__DIFFERENT;
    }
    switch (x->type) {
    case OURO__STRING:
        return strings_equal(ouro__as_string(x), ouro__as_string(y)) ? OURO__EQUAL
                                                                     : OURO__DIFFERENT;
    case OURO__INTEGER:
    case OURO__FLOAT: return numbers_equal(a, b) ? OURO__EQUAL : OURO__DIFFERENT;
    case OURO__LIST:
    case OURO__TUPLE:
    case OURO__DICT:
    case OURO__SET: return OURO__BY_CONTENT;
    default: return by_hook(x, y);
    }
}

/* ---- the comparison ---------------------------------------------------------------------- */

/* Two containers of one type, retained, that agree up to position. */
typedef struct pair {
    ouro_object *a, *b;
    size_t position;
    uint64_t stamp_a, stamp_b; /* lengths or versions: change means trouble */
} pair;

#define FEW 8

typedef struct comparison {
    ouro_heap *heap;
    pair *stack;
    size_t depth, capacity;
    ouro__map parents; /* union-find: object, retained -> parent, itself if a root */
    const ouro_object *first_a, *first_b;
    bool write_all;
    bool equal;
    pair few[FEW];
} comparison;

static uint64_t stamp_of(const ouro_object *object) {
    if (object->type == OURO__LIST) return ouro__as_list(object)->count;
    if (object->type == OURO__TUPLE) return ouro__as_tuple(object)->count;
    return ouro__table_of(object)->version;
}

static size_t count_of(const ouro_object *object) {
    if (object->type == OURO__LIST) return ouro__as_list(object)->count;
    if (object->type == OURO__TUPLE) return ouro__as_tuple(object)->count;
    return ouro__table_of(object)->count;
}

static ouro_status enroll(comparison *c, ouro_object *object) {
    uint64_t *parent = ouro__map_place(&c->parents, &c->heap->account, (uintptr_t)object);
    if (parent == NULL)
        return ouro_heap_fail(c->heap, ouro__types_refused(c->heap),
                              "not enough memory to compare two %ss",
                              ouro_type_name(ouro_object_type(object)));
    if (*parent != 0) return OURO_OK;
    *parent = (uintptr_t)object;
    ouro_retain(object);
    return OURO_OK;
}

/* With path halving (van Leeuwen and van der Weide 1977). */
static uint64_t root_of(comparison *c, const ouro_object *object) {
    uint64_t at = (uintptr_t)object;
    for (;;) {
        uint64_t *parent = ouro__map_find(&c->parents, at);
        if (*parent == at) return at;
        *parent = *ouro__map_find(&c->parents, *parent);
        at = *parent;
    }
}

/* Writes the pair down; *ret_known: it was implied already. */
static ouro_status assume(comparison *c, ouro_object *a, ouro_object *b, bool *ret_known) {
    ouro_status status = enroll(c, a);
    if (status == OURO_OK) status = enroll(c, b);
    if (status != OURO_OK) return status;
    uint64_t x = root_of(c, a), y = root_of(c, b);
    *ret_known = x == y;
    *ouro__map_find(&c->parents, x) = y;
    return OURO_OK;
}

static ouro_status push(comparison *c, ouro_object *a, ouro_object *b) {
    if (c->depth == c->capacity) {
        size_t old = c->capacity * sizeof *c->stack;
        bool inside = c->stack == c->few;
        pair *stack =
            ouro_heap_resize(c->heap, inside ? NULL : c->stack, inside ? 0 : old, old * 2);
        if (stack == NULL) return ouro__types_refused(c->heap);
        if (inside) memcpy(stack, c->few, old);
        c->stack = stack;
        c->capacity *= 2;
    }
    ouro_retain(a);
    ouro_retain(b);
    c->stack[c->depth++] = (pair){a, b, 0, stamp_of(a), stamp_of(b)};
    return OURO_OK;
}

static ouro_status enter_containers(comparison *c, ouro_object *a, ouro_object *b) {
    if (count_of(a) != count_of(b)) c->equal = false;
    if (!c->equal || count_of(a) == 0) return OURO_OK;
    bool first = c->first_a == NULL;
    if (first) {
        c->first_a = a;
        c->first_b = b;
    } else if (a == c->first_a || b == c->first_b) {
        c->write_all = true;
    }
    bool known = false;
    if (first || c->write_all || a->count > 1 || b->count > 1) {
        ouro_status status = assume(c, a, b, &known);
        if (status != OURO_OK) return status;
    }
    return known ? OURO_OK : push(c, a, b);
}

static ouro_status ask_hook(comparison *c, ouro_object *a, ouro_object *b) {
    ouro__guard guards[] = {ouro__types_guard(ouro_value_of_object(a)),
                            ouro__types_guard(ouro_value_of_object(b))};
    ouro_status status = hook_of(a, b)(a, b, &c->equal);
    ouro__types_unguard(guards[0]);
    ouro__types_unguard(guards[1]);
    return status;
}

/* Compares two values, or has their content compared next. */
static ouro_status enter(comparison *c, ouro_value a, ouro_value b) {
    switch (ouro__equal_quick(c->heap, a, b)) {
    case OURO__EQUAL: return OURO_OK;
    case OURO__BY_CONTENT:
        return enter_containers(c, ouro_value_object(a), ouro_value_object(b));
    case OURO__BY_HOOK: return ask_hook(c, ouro_value_object(a), ouro_value_object(b));
    case OURO__DIFFERENT: break;
    }
    c->equal = false;
    return OURO_OK;
}

/* ---- steps ------------------------------------------------------------------------------- */

static ouro_status check_stamps(comparison *c, const pair *p) {
    if (stamp_of(p->a) == p->stamp_a && stamp_of(p->b) == p->stamp_b) return OURO_OK;
    return ouro_heap_fail(c->heap, OURO_E_CHANGED,
                          "a %s was changed while it was compared; an equal hook must leave it "
                          "alone",
                          ouro_type_name(ouro_object_type(p->a)));
}

/* Entries of a, looked up in b. What decides about keys is finite: keys are hashable, so
 * they contain no container that can change, hence no cycle but through identity. */
static ouro_status next_entry(comparison *c, pair *p, ouro_value *ret_a, ouro_value *ret_b) {
    const ouro__table *a = ouro__table_of(p->a), *b = ouro__table_of(p->b);
    const ouro__entry *entry = ouro__table_next(a, &p->position);
    pair copy = *p;
    size_t found, position = p->position - 1;
    ouro_value key = entry->key;
    ouro_value_retain(key);
    ouro_status status =
        ouro__table_find(c->heap, b, key, ouro__table_hash_at(a, position), &found);
    ouro_value_release(key);
    if (status == OURO_OK) status = check_stamps(c, &copy);
    if (status != OURO_OK) return status;
    if (found == OURO__NOWHERE) {
        c->equal = false;
        return OURO_OK;
    }
    *ret_a = a->entries[position].value;
    *ret_b = b->entries[found].value;
    return OURO_OK;
}

static ouro_value item_at(const ouro_object *object, size_t index) {
    return object->type == OURO__LIST ? ouro__as_list(object)->items[index]
                                      : ouro__as_tuple(object)->items[index];
}

static bool is_sequence(const ouro_object *object) {
    return object->type == OURO__LIST || object->type == OURO__TUPLE;
}

static bool is_done(const pair *p) {
    if (is_sequence(p->a)) return p->position >= count_of(p->a);
    size_t position = p->position;
    return ouro__table_next(ouro__table_of(p->a), &position) == NULL;
}

/* One step of the top pair. It leaves the stack before its last two values are entered, so
 * that a chain of any length needs one place. */
static ouro_status take_step(comparison *c) {
    pair *top = &c->stack[c->depth - 1];
    ouro_value a = OURO_NIL, b = OURO_NIL;
    ouro_status status = check_stamps(c, top);
    if (status != OURO_OK) return status;
    if (is_sequence(top->a)) {
        a = item_at(top->a, top->position);
        b = item_at(top->b, top->position);
        top->position++;
    } else {
        status = next_entry(c, top, &a, &b);
        if (status != OURO_OK || !c->equal) return status;
    }
    if (!is_done(top)) return enter(c, a, b);
    pair left = *top;
    c->depth--;
    status = enter(c, a, b);
    ouro_release(left.a);
    ouro_release(left.b);
    return status;
}

static void finish(comparison *c) {
    while (c->depth > 0) {
        c->depth--;
        ouro_release(c->stack[c->depth].a);
        ouro_release(c->stack[c->depth].b);
    }
    if (c->stack != c->few) ouro_heap_free(c->heap, c->stack, c->capacity * sizeof *c->stack);
    for (size_t i = 0; i < c->parents.capacity; i++)
        if (c->parents.entries[i].key != 0)
            ouro_release((ouro_object *)(uintptr_t)c->parents.entries[i].key);
    ouro__map_free(&c->parents, &c->heap->account);
}

ouro_status ouro_value_equal(ouro_heap *heap, ouro_value a, ouro_value b, bool *ret_equal) {
    ouro__sameness known = ouro__equal_quick(heap, a, b);
    if (known == OURO__EQUAL || known == OURO__DIFFERENT) {
        *ret_equal = known == OURO__EQUAL;
        return OURO_OK;
    }
    ouro_status status = ouro__types_admit(heap, a);
    if (status == OURO_OK) status = ouro__types_admit(heap, b);
    if (status != OURO_OK) return status;
    comparison c = {.heap = heap, .stack = c.few, .capacity = FEW, .equal = true};
    ouro__guard guards[] = {ouro__types_guard(a), ouro__types_guard(b)};
    status = enter(&c, a, b);
    while (status == OURO_OK && c.equal && c.depth > 0) status = take_step(&c);
    finish(&c);
    if (status == OURO_OK) *ret_equal = c.equal;
    ouro__types_unguard(guards[0]);
    ouro__types_unguard(guards[1]);
    return status;
}
