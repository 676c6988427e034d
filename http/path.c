/* SPDX-License-Identifier: ISC */
/* Paths of requests. */
#include "path.h"

#include "text.h"

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* The value of the character at text, and how many bytes it takes; 0 if it is malformed. */
static size_t decode_one(const char *text, size_t len, char *c)
{
    int high, low;

    *c = text[0];
    if (text[0] != '%')
        return text[0] ? 1 : 0;
    if (len < 3)
        return 0;
    high = hex_value(text[1]);
    low = hex_value(text[2]);
    if (high < 0 || low < 0 || (high | low) == 0)
        return 0;
    *c = (char)(high << 4 | low);
    return 3;
}

bool ms_http_percent_decode(const char *text, size_t len, char *out, size_t size)
{
    size_t used = 0;

    for (size_t i = 0; i < len;) {
        char c;
        size_t taken = decode_one(text + i, len - i, &c);

        if (taken == 0 || used + 1 >= size)
            return false;
        out[used++] = c;
        i += taken;
    }
    if (used >= size)
        return false;
    out[used] = 0;
    return true;
}

static bool is_unreserved(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           c == '-' || c == '.' || c == '_' || c == '~' || c == '/';
}

size_t ms_http_percent_encode(const char *text, char *out, size_t size)
{
    static const char hex[] = "0123456789ABCDEF";
    size_t used = 0;

    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        char piece[3] = { '%', hex[c >> 4], hex[c & 15] };
        bool is_plain = is_unreserved(c);
        size_t piece_len = is_plain ? 1 : 3;

        if (used + piece_len < size)
            __builtin_memcpy(out + used, is_plain ? (const char *)&c : piece, piece_len);
        used += piece_len;
    }
    if (size)
        out[used < size ? used : size - 1] = 0;
    return used;
}

/* Appends one part to path, or takes the last one away for "..". False: above the root. */
static bool add_part(char *path, size_t *used, struct slice part)
{
    if (ms_http_slice_equal(part, ms_http_slice_of("")) ||
        ms_http_slice_equal(part, ms_http_slice_of(".")))
        return true;
    if (ms_http_slice_equal(part, ms_http_slice_of(".."))) {
        if (*used == 0)
            return false;
        while (*used > 0 && path[--*used] != '/')
            ;
        return true;
    }
    if (*used)
        path[(*used)++] = '/';
    __builtin_memmove(path + *used, part.bytes, part.len);
    *used += part.len;
    return true;
}

/* "/a/", "/a/." or "/a/..": whatever it is, it begins with a slash. */
static bool ends_in_directory(struct slice path)
{
    size_t dots = 0;

    while (dots < 2 && path.bytes[path.len - 1 - dots] == '.')
        dots++;
    return path.bytes[path.len - 1 - dots] == '/';
}

enum path_result ms_http_path_clean(const char *target, size_t len, char path[PATH_SIZE],
                                    bool *is_directory)
{
    struct slice rest = { target, len };
    struct slice asked = ms_http_slice_take_until(&rest, '?');
    size_t used = 0;

    if (asked.len == 0 || target[0] != '/')
        return PATH_MALFORMED;
    if (asked.len >= PATH_SIZE)
        return PATH_TOO_LONG;
    if (!ms_http_percent_decode(target, asked.len, path, PATH_SIZE))
        return PATH_MALFORMED;

    /* In place: the slash before each part is room for the one that may be written. */
    rest = ms_http_slice_of(path);
    *is_directory = ends_in_directory(rest);
    while (rest.len > 0) {
        if (!add_part(path, &used, ms_http_slice_take_until(&rest, '/')))
            return PATH_ESCAPES;
    }
    path[used] = 0;
    return PATH_OK;
}
