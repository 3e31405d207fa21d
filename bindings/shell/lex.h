/* SPDX-License-Identifier: MIT */
/* Lex: the tokens of a Lua text, as far as their borders go.
 *
 * Values are not computed and malformed numbers not refused: what is wrong with a text is
 * Lua's to say. What matters is that a string or a comment is never taken for code. */
#ifndef OURO_SHELL_LEX_H
#define OURO_SHELL_LEX_H

#include <stdbool.h>
#include <stddef.h>

typedef enum token_kind {
    TOKEN_START, /* what stands before the first token */
    TOKEN_NAME,
    TOKEN_KEYWORD,
    TOKEN_NUMBER,
    TOKEN_STRING, /* all kinds; an unfinished one reaches to where it breaks off */
    TOKEN_SYMBOL,
    TOKEN_END
} token_kind;

typedef struct token {
    token_kind kind;
    const char *text; /* borrowed from the text that is read */
    size_t length;
    size_t line;     /* on which it starts, from 1 */
    size_t end_line; /* on which it ends */
} token;

typedef struct lexer {
    const char *at;
    const char *end;
    size_t line;
} lexer;

/* The text is borrowed as long as the lexer and its tokens are used. A lexer may be copied
 * to look ahead. */
void ouro__lex_open(lexer *ret_lexer, const char *text, size_t length);
void ouro__lex_next(lexer *lexer, token *ret_token);
/* Whether the token is exactly that keyword, name or symbol (a string never is). */
bool ouro__lex_is(const token *token, const char *text);
/* Whether an expression or a statement can end with it. */
bool ouro__lex_can_end(const token *token);

#endif
