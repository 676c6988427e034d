/* SPDX-License-Identifier: ISC */
/* A text that grows, and the pieces that go into responses and reports. */
#include "text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Makes room for len more bytes and a final zero. */
static bool reserve(struct text *text, size_t len)
{
    size_t capacity = text->capacity ? text->capacity : 256;
    char *bytes;

    if (text->is_broken)
        return false;
    while (capacity - text->len <= len)
        capacity *= 2;
    if (capacity == text->capacity)
        return true;
    bytes = realloc(text->bytes, capacity);
    if (!bytes) {
        text->is_broken = true;
        return false;
    }
    text->bytes = bytes;
    text->capacity = capacity;
    return true;
}

void text_add_bytes(struct text *text, const char *bytes, size_t len)
{
    if (!reserve(text, len))
        return;
    memcpy(text->bytes + text->len, bytes, len);
    text->len += len;
    text->bytes[text->len] = 0;
}

void text_add(struct text *text, const char *format, ...)
{
    va_list args;
    int len;

    va_start(args, format);
    len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (len < 0 || !reserve(text, (size_t)len))
        return;
    va_start(args, format);
    vsnprintf(text->bytes + text->len, (size_t)len + 1, format, args);
    va_end(args);
    text->len += (size_t)len;
}

void text_add_html(struct text *text, const char *string)
{
    for (; *string; string++) {
        switch (*string) {
        case '&': text_add_bytes(text, "&amp;", 5); break;
        case '<': text_add_bytes(text, "&lt;", 4); break;
        case '>': text_add_bytes(text, "&gt;", 4); break;
        case '"': text_add_bytes(text, "&quot;", 6); break;
        case '\'': text_add_bytes(text, "&#39;", 5); break;
        default: text_add_bytes(text, string, 1);
        }
    }
}

void text_add_json(struct text *text, const char *string)
{
    text_add_bytes(text, "\"", 1);
    for (; *string; string++) {
        if (*string == '"' || *string == '\\')
            text_add(text, "\\%c", *string);
        else if ((unsigned char)*string < ' ' || *string == 0x7f)
            text_add(text, "\\u%04x", (unsigned)(unsigned char)*string);
        else
            text_add_bytes(text, string, 1);
    }
    text_add_bytes(text, "\"", 1);
}

void text_free(struct text *text)
{
    free(text->bytes);
    *text = (struct text){ 0 };
}
