/* SPDX-License-Identifier: ISC */
/* Text in pieces that stay where they are, and in room of a fixed size. */
#include "text.h"

enum { NUMBER_DIGITS = 20 };

struct slice ms_http_slice_of(const char *string)
{
    struct slice slice = { .bytes = string };

    while (string[slice.len])
        slice.len++;
    return slice;
}

bool ms_http_slice_equal(struct slice a, struct slice b)
{
    return a.len == b.len && (a.len == 0 || __builtin_memcmp(a.bytes, b.bytes, a.len) == 0);
}

static char lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c; }

bool ms_http_slice_equal_fold(struct slice a, struct slice b)
{
    for (size_t i = 0; a.len == b.len && i < a.len; i++) {
        if (lower(a.bytes[i]) != lower(b.bytes[i]))
            return false;
    }
    return a.len == b.len;
}

static struct slice first(struct slice slice, size_t len)
{
    return (struct slice){ slice.bytes, len };
}

static void skip(struct slice *slice, size_t len)
{
    slice->bytes += len;
    slice->len -= len;
}

bool ms_http_slice_skip_fold(struct slice *slice, const char *prefix)
{
    struct slice wanted = ms_http_slice_of(prefix);

    if (slice->len < wanted.len || !ms_http_slice_equal_fold(first(*slice, wanted.len), wanted))
        return false;
    skip(slice, wanted.len);
    return true;
}

bool ms_http_slice_take_number(struct slice *slice, uint64_t *number)
{
    size_t i;

    *number = 0;
    for (i = 0; i < slice->len && slice->bytes[i] >= '0' && slice->bytes[i] <= '9'; i++) {
        unsigned digit = (unsigned)(slice->bytes[i] - '0');

        if (*number > (UINT64_MAX - digit) / 10)
            return false;
        *number = *number * 10 + digit;
    }
    skip(slice, i);
    return i > 0;
}

struct slice ms_http_slice_take_until(struct slice *slice, char byte)
{
    struct slice before = first(*slice, 0);

    while (before.len < slice->len && slice->bytes[before.len] != byte)
        before.len++;
    skip(slice, before.len < slice->len ? before.len + 1 : before.len);
    return before;
}

static bool is_space(char c) { return c == ' ' || c == '\t'; }

struct slice ms_http_slice_trim(struct slice slice)
{
    while (slice.len > 0 && is_space(slice.bytes[slice.len - 1]))
        slice.len--;
    while (slice.len > 0 && is_space(slice.bytes[0]))
        skip(&slice, 1);
    return slice;
}

struct text ms_http_text_in(char *bytes, size_t size)
{
    return (struct text){ .bytes = bytes, .size = size };
}

void ms_http_text_put_slice(struct text *text, struct slice slice)
{
    if (text->is_cut || slice.len > text->size - text->len) {
        text->is_cut = true;
        return;
    }
    if (slice.len > 0)
        __builtin_memcpy(text->bytes + text->len, slice.bytes, slice.len);
    text->len += slice.len;
}

void ms_http_text_put(struct text *text, const char *string)
{
    ms_http_text_put_slice(text, ms_http_slice_of(string));
}

static void put_number(struct text *text, uint64_t number, unsigned base)
{
    char digits[NUMBER_DIGITS];
    struct slice slice = { .bytes = digits + NUMBER_DIGITS };

    do {
        digits[NUMBER_DIGITS - ++slice.len] = "0123456789abcdef"[number % base];
        number /= base;
    } while (number > 0);
    slice.bytes -= slice.len;
    ms_http_text_put_slice(text, slice);
}

void ms_http_text_put_number(struct text *text, uint64_t number) { put_number(text, number, 10); }

void ms_http_text_put_hex(struct text *text, uint64_t number) { put_number(text, number, 16); }

static void put_json_byte(struct text *text, const char *byte)
{
    unsigned value = (unsigned char)*byte;

    if (value < ' ' || value == 0x7f) {
        ms_http_text_put(text, value < 16 ? "\\u000" : "\\u00");
        ms_http_text_put_hex(text, value);
        return;
    }
    if (value == '"' || value == '\\')
        ms_http_text_put(text, "\\");
    ms_http_text_put_slice(text, (struct slice){ byte, 1 });
}

void ms_http_text_put_json(struct text *text, const char *string)
{
    ms_http_text_put(text, "\"");
    for (; *string; string++)
        put_json_byte(text, string);
    ms_http_text_put(text, "\"");
}
