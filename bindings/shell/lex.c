/* SPDX-License-Identifier: MIT */
/* Lex: a small tokenizer of Lua 5.4 (manual, 3.1). See lex.h for what it leaves out. */
#include "lex.h"

#include <string.h>

static const char *const keywords[] = {
    "and",   "break", "do",   "else",     "elseif", "end",    "false", "for",
    "goto",  "if",    "in",   "function", "local",  "nil",    "not",   "or",
    "until", "while", "then", "return",   "true",   "repeat",
};
/* Longest first. All other symbols have one character. */
static const char *const symbols[] = {
    "...", "..", "==", "~=", "<=", ">=", "//", "::", "<<", ">>",
};

/* Not those of ctype.h, which a locale may change. */
static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_blank(char c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static char peek(const lexer *lx, size_t ahead) {
    return (size_t)(lx->end - lx->at) > ahead ? lx->at[ahead] : '\0';
}

/* Steps over one character, counting lines; "\r\n" and "\n\r" are one line break. */
static void step(lexer *lx) {
    char c = *lx->at++;
    if (c != '\n' && c != '\r') return;
    lx->line++;
    char other = c == '\n' ? '\r' : '\n';
    if (lx->at < lx->end && *lx->at == other) lx->at++;
}

/* At "[": the level of the long bracket that opens here, or -1. */
static long bracket_level(const lexer *lx) {
    size_t i = 1;
    while (peek(lx, i) == '=') i++;
    return peek(lx, i) == '[' ? (long)i - 1 : -1;
}

static void skip_long(lexer *lx, long level) {
    lx->at += level + 2;
    while (lx->at < lx->end) {
        if (*lx->at != ']') {
            step(lx);
            continue;
        }
        size_t i = 1;
        while (peek(lx, i) == '=') i++;
        bool closes = (long)i - 1 == level && peek(lx, i) == ']';
        lx->at += closes ? i + 1 : i;
        if (closes) return;
    }
}

static void skip_escape(lexer *lx) {
    lx->at++;
    if (lx->at == lx->end) return;
    bool blanks = *lx->at == 'z';
    step(lx);
    while (blanks && lx->at < lx->end && is_blank(*lx->at)) step(lx);
}

static void skip_short(lexer *lx) {
    char quote = *lx->at++;
    while (lx->at < lx->end && *lx->at != '\n' && *lx->at != '\r') {
        if (*lx->at == '\\') {
            skip_escape(lx);
        } else if (*lx->at++ == quote) {
            return;
        }
    }
}

/* At "--". */
static void skip_comment(lexer *lx) {
    lx->at += 2;
    if (peek(lx, 0) == '[') {
        long level = bracket_level(lx);
        if (level >= 0) {
            skip_long(lx, level);
            return;
        }
    }
    while (lx->at < lx->end && *lx->at != '\n' && *lx->at != '\r') lx->at++;
}

static void skip_space(lexer *lx) {
    while (lx->at < lx->end) {
        if (is_blank(*lx->at)) step(lx);
        else if (*lx->at == '-' && peek(lx, 1) == '-') skip_comment(lx);
        else return;
    }
}

/* As Lua does: whatever looks like a part of the number, a sign only behind an exponent. */
static void skip_number(lexer *lx) {
    bool hexadecimal = *lx->at == '0' && (peek(lx, 1) == 'x' || peek(lx, 1) == 'X');
    const char *exponents = hexadecimal ? "pP" : "eE";
    if (hexadecimal) lx->at += 2;
    while (lx->at < lx->end) {
        char c = *lx->at;
        bool exponent = c == exponents[0] || c == exponents[1];
        if (!is_letter(c) && !is_digit(c) && c != '.') return;
        lx->at++;
        if (exponent && (peek(lx, 0) == '+' || peek(lx, 0) == '-')) lx->at++;
    }
}

static token_kind skip_name(lexer *lx) {
    const char *start = lx->at;
    while (lx->at < lx->end && (is_letter(*lx->at) || is_digit(*lx->at))) lx->at++;
    token word = {.kind = TOKEN_NAME, .text = start, .length = (size_t)(lx->at - start)};
    for (size_t i = 0; i < sizeof keywords / sizeof *keywords; i++) {
        if (ouro__lex_is(&word, keywords[i])) return TOKEN_KEYWORD;
    }
    return TOKEN_NAME;
}

static void skip_symbol(lexer *lx) {
    size_t left = (size_t)(lx->end - lx->at);
    for (size_t i = 0; i < sizeof symbols / sizeof *symbols; i++) {
        size_t length = strlen(symbols[i]);
        if (length > left || memcmp(lx->at, symbols[i], length) != 0) continue;
        lx->at += length;
        return;
    }
    lx->at++;
}

static token_kind skip_token(lexer *lx) {
    char c = peek(lx, 0);
    if (lx->at == lx->end) return TOKEN_END;
    if (is_letter(c)) return skip_name(lx);
    if (is_digit(c) || (c == '.' && is_digit(peek(lx, 1)))) {
        skip_number(lx);
        return TOKEN_NUMBER;
    }
    long level = c == '[' ? bracket_level(lx) : -1;
    if (level >= 0) {
        skip_long(lx, level);
        return TOKEN_STRING;
    }
    if (c == '"' || c == '\'') {
        skip_short(lx);
        return TOKEN_STRING;
    }
    skip_symbol(lx);
    return TOKEN_SYMBOL;
}

void ouro__lex_open(lexer *ret_lexer, const char *text, size_t length) {
    *ret_lexer = (lexer){.at = text, .end = text + length, .line = 1};
}

void ouro__lex_next(lexer *lx, token *ret_token) {
    skip_space(lx);
    token found = {.text = lx->at, .line = lx->line};
    found.kind = skip_token(lx);
    found.length = (size_t)(lx->at - found.text);
    found.end_line = lx->line;
    *ret_token = found;
}

bool ouro__lex_is(const token *tok, const char *text) {
    bool comparable = tok->kind == TOKEN_NAME || tok->kind == TOKEN_KEYWORD
        || tok->kind == TOKEN_SYMBOL;
    return comparable && tok->length == strlen(text) && memcmp(tok->text, text, tok->length) == 0;
}

bool ouro__lex_can_end(const token *tok) {
    static const char *const ends[] = {"end", "nil", "true", "false", "break",
                                       ")",   "]",   "}",    "...",   "::"};
    if (tok->kind == TOKEN_NAME || tok->kind == TOKEN_NUMBER || tok->kind == TOKEN_STRING)
        return true;
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        if (ouro__lex_is(tok, ends[i])) return true;
    }
    return false;
}
