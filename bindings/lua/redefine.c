/* SPDX-License-Identifier: MIT */
/* Redefine: in the shell `Node = class("Node", ...)` typed again is the same class, emptied of
 * its methods, so that the instances that exist have the methods that are defined next. That
 * goes for a class of the same name, slots and base, under its name in main; any other is
 * another class. Scripts make a new class with each call. */
#include <string.h>

#include "reports.h"
#include "view.h"

void ouro_lua_redefine_classes(lua_State *L, int function) {
    if (lua_getupvalue(L, function, 1) == NULL) return;
    binding *b = luaL_testudata(L, -1, "ouro.heap");
    if (b != NULL) b->redefines = true;
    lua_pop(L, 1);
}

/* ---- whether it is the same -------------------------------------------------------------- */

static bool has_slots(const ouro_object *cls, const ouro_object *base, const char *const *slots,
                      size_t count) {
    size_t inherited = base != NULL ? ouro_class_slot_count(base) : 0, length;
    if (ouro_class_slot_count(cls) != inherited + count) return false;
    for (size_t i = 0; i < count; i++)
        if (strcmp(ouro_class_slot_name(cls, inherited + i, &length), slots[i]) != 0) return false;
    return true;
}

ouro_object *ouro_lua_find_redefined(const binding *b, const char *name, const char *const *slots,
                                     size_t count, const ouro_object *base) {
    ouro_object *main = b->redefines ? ouro_frame_main(b->heap) : NULL;
    if (main == NULL) return NULL;
    ouro_value v = ouro_frame_get(main, name, strlen(name));
    ouro_object *cls = ouro_value_same(v, OURO_ABSENT) ? NULL : ouro_value_object(v);
    if (cls == NULL || !ouro_is_class(cls) || strcmp(ouro_class_name(cls), name) != 0) return NULL;
    if (ouro_class_base(cls) != base || ouro_class_is_open(cls) != (slots == NULL)) return NULL;
    return slots == NULL || has_slots(cls, base, slots, count) ? cls : NULL;
}

/* ---- emptying it ------------------------------------------------------------------------- */

typedef struct naming {
    scratch *names; /* each with a NUL */
    const ouro_object *base;
} naming;

static bool note_name(const ouro_label *label, ouro_value value, void *context) {
    const naming *n = context;
    if (label->kind != OURO_LABEL_NAME) return true;
    bool base = label->length == 4 && memcmp(label->text, "base", 4) == 0;
    if (base && ouro_value_object(value) == n->base) return true;
    uint64_t length = label->length;
    return ouro_lua_scratch_put(n->names, &length, sizeof length) &&
           ouro_lua_scratch_put(n->names, label->text, label->length);
}

/* The class is at index 1. What its attributes leave behind may run finalizers. */
void ouro_lua_empty_class(lua_State *L, binding *b) {
    ouro_object *cls = ouro_lua_check_object(L, b, 1);
    naming n = {.names = ouro_lua_push_scratch(L), .base = ouro_class_base(cls)};
    ouro_object_refs(cls, note_name, &n);
    ouro_lua_scratch_check(L, n.names);
    ouro_lua_check(L, b, ouro_class_set_finalizer(cls, NULL));
    ouro_lua_set_equality(L, b, cls, "__eq", true);
    ouro_lua_set_equality(L, b, cls, "__hash", true);
    for (size_t at = 0; at < n.names->used;) {
        uint64_t length;
        memcpy(&length, n.names->bytes + at, sizeof length);
        at += sizeof length;
        ouro_status status = ouro_class_set(cls, n.names->bytes + at, length, OURO_NIL);
        ouro_lua_check(L, b, status);
        if (b->heap == NULL) luaL_error(L, "heap is closed");
        at += (length + 7) / 8 * 8;
    }
    ouro_lua_scratch_free(n.names);
    lua_pop(L, 1);
}
