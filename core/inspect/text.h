/* SPDX-License-Identifier: MIT */
/* Text: what repr needs beyond the public ouro_text_add: scalars as text. */
#ifndef OURO__TEXT_H
#define OURO__TEXT_H

#include "ouro/inspect.h"

/* A string of C. */
ouro_status ouro__text_put(ouro_text *text, const char *string);
ouro_status ouro__text_put_size(ouro_text *text, size_t number);

/* A byte string in quotes that reads as one: see ouro_repr. */
ouro_status ouro__text_quote(ouro_text *text, const char *bytes, size_t length);

/* nil, a boolean, a number or a string (quoted or as it is), as Lua would print them.
 * OURO_E_KEY, and nothing appended, for an object. */
ouro_status ouro__text_scalar(ouro_text *text, ouro_value v, bool quoted);

/* Whether the bytes could be a name in Lua (its reserved words are not looked at). */
bool ouro__text_is_name(const char *bytes, size_t length);

/* Takes back what was added since the text had that length. */
void ouro__text_cut(ouro_text *text, size_t length);

#endif
