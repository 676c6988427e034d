/* SPDX-License-Identifier: ISC */
/* Paths of requests. */
#include "path.h"

#include <string.h>

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

bool percent_decode(const char *text, size_t len, char *out, size_t size)
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
           (c != 0 && strchr("-._~/", c));
}

size_t percent_encode(const char *text, char *out, size_t size)
{
    static const char hex[] = "0123456789ABCDEF";
    size_t used = 0;

    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        char piece[3] = { '%', hex[c >> 4], hex[c & 15] };
        bool is_plain = is_unreserved(c);
        size_t piece_len = is_plain ? 1 : 3;

        if (used + piece_len < size)
            memcpy(out + used, is_plain ? (const char *)&c : piece, piece_len);
        used += piece_len;
    }
    if (size)
        out[used < size ? used : size - 1] = 0;
    return used;
}

/* Appends one part to path, or takes the last one away for "..". False: above the root. */
static bool add_part(char *path, size_t *used, const char *part, size_t len)
{
    if (len == 0 || (len == 1 && part[0] == '.'))
        return true;
    if (len == 2 && part[0] == '.' && part[1] == '.') {
        if (*used == 0)
            return false;
        while (*used > 0 && path[--*used] != '/')
            ;
        return true;
    }
    if (*used)
        path[(*used)++] = '/';
    memmove(path + *used, part, len);
    *used += len;
    return true;
}

static bool ends_in_directory(const char *decoded)
{
    const char *last = strrchr(decoded, '/');

    return last && (strcmp(last, "/") == 0 || strcmp(last, "/.") == 0 || strcmp(last, "/..") == 0);
}

enum path_result path_clean(const char *target, size_t len, char path[PATH_SIZE],
                            bool *is_directory)
{
    char decoded[PATH_SIZE];
    const char *query = memchr(target, '?', len);
    size_t used = 0;

    if (query)
        len = (size_t)(query - target);
    if (len == 0 || target[0] != '/')
        return PATH_MALFORMED;
    if (len >= PATH_SIZE)
        return PATH_TOO_LONG;
    if (!percent_decode(target, len, decoded, sizeof(decoded)))
        return PATH_MALFORMED;

    *is_directory = ends_in_directory(decoded);
    for (const char *part = decoded; *part;) {
        size_t part_len = strcspn(part, "/");

        if (!add_part(path, &used, part, part_len))
            return PATH_ESCAPES;
        part += part_len + (part[part_len] == '/');
    }
    if (used == 0)
        path[used++] = '.';
    path[used] = 0;
    return PATH_OK;
}
