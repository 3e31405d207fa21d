/* SPDX-License-Identifier: MIT */
/* Message: statuses and the sentence that goes with a failure. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "object/heap_state.h"

/* SYNC: status-names */
static const char *const status_names[] = {
    "OURO_OK",        "OURO_E_NOMEM",      "OURO_E_LIMIT",   "OURO_E_TYPE", "OURO_E_KEY",
    "OURO_E_INDEX",   "OURO_E_VALUE",      "OURO_E_UNHASHABLE", "OURO_E_CHANGED",
    "OURO_E_HEAP",    "OURO_E_BUSY",       "OURO_E_CORRUPT", "OURO_E_USER",
    "OURO_E_STOPPED"};

const char *ouro_status_name(ouro_status status) {
    size_t count = sizeof status_names / sizeof *status_names;
    return (size_t)status < count ? status_names[status] : "OURO_E_UNKNOWN";
}

const char *ouro_heap_message(const ouro_heap *heap) {
    return heap->message;
}

ouro_status ouro_heap_fail(ouro_heap *heap, ouro_status status, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(heap->message, sizeof heap->message, format, arguments);
    va_end(arguments);
    if (status != OURO_E_NOMEM || !heap->account.hit_limit) return status;
    /* It was not the machine that refused. */
    size_t length = strlen(heap->message);
    snprintf(heap->message + length, sizeof heap->message - length,
             ": memory limit, %zu bytes in use of %zu; raise max_bytes or let go of something",
             heap->account.bytes, heap->account.max_bytes);
    return OURO_E_LIMIT;
}

void *ouro_heap_user(const ouro_heap *heap) {
    return heap->user;
}

bool ouro_heap_is_open(const ouro_heap *heap) {
    return heap->open;
}
