/* SPDX-License-Identifier: MIT */
/* Equality: __eq and __hash of classes, where the core asks for them: in comparisons of what
 * contains instances, and for instances as keys. The operator == calls __eq itself (access.c).
 *
 * The methods are looked up at each call, and may do anything but yield and close the heap:
 * the operation that asks is not over. */
#include <string.h>

#include "internal.h"

typedef struct question {
    binding *b;
    ouro_object *left, *right; /* right: NULL when a hash is wanted; guarded by the core */
    uint64_t hash;
    bool equal;
    ouro_status status; /* if nothing was raised */
} question;

/* Not of a class as such, which is no instance of itself. */
static bool push_method(lua_State *L, binding *b, ouro_object *instance, const char *name) {
    return ouro_record_class(instance) != NULL &&
           ouro_lua_push_class_attribute(L, b, instance, name, strlen(name));
}

/* 1: the question. As == does it: the left one's method first, and only between userdata. */
static int ask_equal(lua_State *L) {
    question *q = lua_touserdata(L, 1);
    ouro_lua_push_value(L, q->b, ouro_value_of_object(q->left));
    ouro_lua_push_value(L, q->b, ouro_value_of_object(q->right));
    if (lua_type(L, 2) != LUA_TUSERDATA || lua_type(L, 3) != LUA_TUSERDATA) return 0;
    if (!push_method(L, q->b, q->left, "__eq") && !push_method(L, q->b, q->right, "__eq"))
        return 0;
    lua_insert(L, 2);
    lua_call(L, 2, 1);
    q->equal = lua_toboolean(L, -1);
    return 0;
}

/* Not raised, so that the message names the line of the operation. */
static void refuse_result(question *q, const char *what) {
    q->status = ouro_heap_fail(q->b->heap, OURO_E_UNHASHABLE,
                               "__hash of %s returned %s; return a number, a string or a tuple of "
                               "what __eq compares",
                               ouro_lua_object_type_name(q->left), what);
}

/* What __hash returned, at the top, is hashed in its turn; within the protected call, for it
 * may be an instance with a __hash, and so on. */
static void hash_result(lua_State *L, question *q) {
    ouro_value v;
    int type = lua_type(L, -1);
    const ouro_object *object = ouro_lua_object_at(L, q->b, -1);
    bool plain = type == LUA_TNUMBER || type == LUA_TSTRING || type == LUA_TBOOLEAN;
    if (object == q->left) {
        refuse_result(q, "its own argument");
    } else if (!plain && object == NULL) {
        refuse_result(q, luaL_typename(L, -1));
    } else {
        v = ouro_lua_value_at(L, q->b, -1);
        q->status = ouro_value_hash(q->b->heap, v, &q->hash);
        ouro_value_release(v);
    }
}

/* 1: the question. `__hash = false` says no, as to a base's __hash. */
static int ask_hash(lua_State *L) {
    question *q = lua_touserdata(L, 1);
    ouro_lua_push_value(L, q->b, ouro_value_of_object(q->left));
    if (!push_method(L, q->b, q->left, "__hash")) return 0;
    if (lua_isboolean(L, -1) && !lua_toboolean(L, -1)) {
        q->status = ouro_heap_fail(q->b->heap, OURO_E_UNHASHABLE,
                                   "instances of %s cannot be keys: the class has __hash = false",
                                   ouro_lua_object_type_name(q->left));
        return 0;
    }
    lua_insert(L, 2);
    lua_call(L, 1, 1);
    hash_result(L, q);
    return 0;
}

static ouro_status ask(question *q, lua_CFunction answer) {
    binding *b = q->b;
    lua_State *L = b->current;
    if (!lua_checkstack(L, LUA_MINSTACK))
        return ouro_heap_fail(b->heap, OURO_E_NOMEM, "not enough memory to call __eq or __hash");
    lua_pushcfunction(L, answer);
    lua_pushlightuserdata(L, q);
    b->busy++;
    int status = lua_pcall(L, 1, 0, 0);
    b->busy--;
    b->current = L;
    return status == LUA_OK ? q->status : ouro_lua_keep_error(L, b);
}

static ouro_status equal_instances(ouro_object *left, ouro_object *right, bool *ret_equal) {
    question q = {.b = ouro_heap_user(ouro_object_heap(left)), .left = left, .right = right};
    ouro_status status = ask(&q, ask_equal);
    if (status == OURO_OK) *ret_equal = q.equal;
    return status;
}

static ouro_status hash_instance(ouro_object *instance, uint64_t *ret_hash) {
    question q = {.b = ouro_heap_user(ouro_object_heap(instance)), .left = instance};
    ouro_status status = ask(&q, ask_hash);
    if (status == OURO_OK) *ret_hash = q.hash;
    return status;
}

void ouro_lua_set_equality(lua_State *L, binding *b, ouro_object *cls, const char *name,
                           bool removes) {
    if (strcmp(name, "__eq") == 0)
        ouro_lua_check(L, b, ouro_class_set_equal(cls, removes ? NULL : equal_instances));
    if (strcmp(name, "__hash") == 0)
        ouro_lua_check(L, b, ouro_class_set_hash(cls, removes ? NULL : hash_instance));
}
