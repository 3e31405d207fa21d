/* SPDX-License-Identifier: MIT */
/* Text: a growing text, and how scalars look in it. Numbers look as Lua prints them, strings
 * within others are quoted so that what is printed is always valid UTF-8 and never moves a
 * terminal's cursor. */
#include "inspect/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "ouro/scalar.h"
#include "types/types.h"

/* ---- growing ----------------------------------------------------------------------------- */

static ouro_status grow(ouro_text *text, size_t needed) {
    size_t capacity = text->capacity < 64 ? 64 : text->capacity * 2;
    if (capacity < needed) capacity = needed;
    char *bytes = ouro_heap_resize(text->heap, text->bytes, text->capacity, capacity);
    if (bytes == NULL && capacity > needed) {
        capacity = needed;
        bytes = ouro_heap_resize(text->heap, text->bytes, text->capacity, capacity);
    }
    if (bytes == NULL) return ouro__types_refused(text->heap);
    text->bytes = bytes;
    text->capacity = capacity;
    return OURO_OK;
}

ouro_status ouro_text_add(ouro_text *text, const char *bytes, size_t length) {
    if (length == 0) return OURO_OK;
    if (text->heap == NULL) return OURO_E_VALUE; /* nobody to keep a message */
    if (length >= SIZE_MAX - text->length)
        return ouro_heap_fail(text->heap, OURO_E_NOMEM, "a text of that size fits no memory");
    size_t needed = text->length + length + 1;
    if (needed > text->capacity) {
        ouro_status status = grow(text, needed);
        if (status != OURO_OK) return status;
    }
    memcpy(text->bytes + text->length, bytes, length);
    text->length += length;
    text->bytes[text->length] = '\0';
    return OURO_OK;
}

void ouro_text_free(ouro_text *text) {
    if (text->heap != NULL) ouro_heap_free(text->heap, text->bytes, text->capacity);
    text->bytes = NULL;
    text->length = text->capacity = 0;
}

void ouro__text_cut(ouro_text *text, size_t length) {
    text->length = length;
    if (text->bytes != NULL) text->bytes[length] = '\0';
}

ouro_status ouro__text_put(ouro_text *text, const char *string) {
    return ouro_text_add(text, string, strlen(string));
}

ouro_status ouro__text_put_size(ouro_text *text, size_t number) {
    char digits[24];
    snprintf(digits, sizeof digits, "%zu", number);
    return ouro__text_put(text, digits);
}

/* ---- strings ----------------------------------------------------------------------------- */

static bool is_continuation(unsigned char byte) {
    return (byte & 0xc0) == 0x80;
}

/* The length of the UTF-8 character that begins here; 0: none does, or it is a control
 * character, which a terminal would obey. */
static size_t measure_character(const unsigned char *at, size_t left) {
    unsigned char lead = at[0];
    if (lead < 0x80) return lead >= 0x20 && lead != 0x7f;
    size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    if (lead < 0xc2 || lead > 0xf4 || length > left) return 0;
    for (size_t i = 1; i < length; i++)
        if (!is_continuation(at[i])) return 0;
    unsigned char next = at[1];
    bool control = lead == 0xc2 && next < 0xa0;
    bool overlong = (lead == 0xe0 && next < 0xa0) || (lead == 0xf0 && next < 0x90);
    bool beyond = (lead == 0xed && next >= 0xa0) || (lead == 0xf4 && next >= 0x90);
    return control || overlong || beyond ? 0 : length;
}

/* The escape sequence for a byte that does not stand for itself. */
static void escape(unsigned char byte, bool digit_follows, char ret_text[8]) {
    switch (byte) {
    case '\n': memcpy(ret_text, "\\n", 3); return;
    case '\t': memcpy(ret_text, "\\t", 3); return;
    case '"': memcpy(ret_text, "\\\"", 3); return;
    case '\\': memcpy(ret_text, "\\\\", 3); return;
    default:
        /* The short form of zero must not swallow a digit that follows. */
        if (byte == 0 && !digit_follows) memcpy(ret_text, "\\0", 3);
        else snprintf(ret_text, 8, "\\%03u", (unsigned)byte);
    }
}

ouro_status ouro__text_quote(ouro_text *text, const char *bytes, size_t length) {
    size_t before = text->length, plain = 0; /* where the unescaped run begins */
    ouro_status status = ouro_text_add(text, "\"", 1);
    const unsigned char *at = (const unsigned char *)bytes;
    for (size_t i = 0; i < length && status == OURO_OK;) {
        size_t width = measure_character(at + i, length - i);
        if (width != 0 && at[i] != '"' && at[i] != '\\') {
            i += width;
            continue;
        }
        char sequence[8];
        bool digit_follows = i + 1 < length && at[i + 1] >= '0' && at[i + 1] <= '9';
        escape(at[i], digit_follows, sequence);
        status = ouro_text_add(text, bytes + plain, i - plain);
        if (status == OURO_OK) status = ouro__text_put(text, sequence);
        plain = ++i;
    }
    if (status == OURO_OK) status = ouro_text_add(text, bytes + plain, length - plain);
    if (status == OURO_OK) status = ouro_text_add(text, "\"", 1);
    if (status != OURO_OK) ouro__text_cut(text, before);
    return status;
}

bool ouro__text_is_name(const char *bytes, size_t length) {
    for (size_t i = 0; i < length; i++) {
        char c = bytes[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
        if (!letter && (i == 0 || c < '0' || c > '9')) return false;
    }
    return length != 0;
}

/* ---- numbers ----------------------------------------------------------------------------- */

static ouro_status put_integer(ouro_text *text, int64_t i) {
    char digits[24];
    snprintf(digits, sizeof digits, "%" PRId64, i);
    return ouro__text_put(text, digits);
}

/* As lua_Number2str does: a float always looks like one. */
static ouro_status put_float(ouro_text *text, double d) {
    char digits[40];
    int length = snprintf(digits, sizeof digits - 2, "%.14g", d);
    if (digits[strspn(digits, "-0123456789")] == '\0') memcpy(digits + length, ".0", 3);
    return ouro__text_put(text, digits);
}

ouro_status ouro__text_scalar(ouro_text *text, ouro_value v, bool quoted) {
    int64_t integer;
    double number;
    const char *bytes;
    size_t length;
    if (ouro_value_is_bool(v))
        return ouro__text_put(text, ouro_value_same(v, OURO_TRUE) ? "true" : "false");
    if (ouro_value_as_integer(v, &integer)) return put_integer(text, integer);
    if (ouro_value_as_float(v, &number)) return put_float(text, number);
    if (ouro_value_as_string(v, &bytes, &length))
        return quoted ? ouro__text_quote(text, bytes, length)
                      : ouro_text_add(text, bytes, length);
    if (ouro_value_is_object(v)) return OURO_E_KEY;
    return ouro__text_put(text, ouro_value_is_nil(v) ? "nil" : "absent");
}
