/* SPDX-License-Identifier: ISC */
/* Text put together piece by piece. */
#include "text.h"

#include "memory.h"

struct text ms_guest_text_in(char *bytes, size_t size)
{
    bytes[0] = '\0';
    return (struct text){ .bytes = bytes, .size = size };
}

void ms_guest_text_put_bytes(struct text *text, const char *bytes, size_t len)
{
    size_t room = text->size - 1 - text->len;

    if (len > room) {
        len = room;
        text->is_cut = true;
    }
    memcpy(text->bytes + text->len, bytes, len);
    text->len += len;
    text->bytes[text->len] = '\0';
}

void ms_guest_text_put(struct text *text, const char *string)
{
    ms_guest_text_put_bytes(text, string, ms_guest_text_len(string));
}

void ms_guest_text_put_number(struct text *text, uint64_t number)
{
    char digits[20];
    size_t at = sizeof(digits);

    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    ms_guest_text_put_bytes(text, digits + at, sizeof(digits) - at);
}

size_t ms_guest_text_len(const char *string)
{
    size_t len = 0;

    while (string[len] != '\0')
        len++;
    return len;
}

bool ms_guest_text_equal(const char *a, const char *b)
{
    size_t len = ms_guest_text_len(a);

    return len == ms_guest_text_len(b) && memcmp(a, b, len) == 0;
}

bool ms_guest_text_number(const char *string, uint64_t max, uint64_t *number)
{
    uint64_t value = 0;

    if (string[0] == '\0')
        return false;
    for (; *string != '\0'; string++) {
        unsigned digit = (unsigned)*string - '0';

        if (digit > 9 || digit > max || value > (max - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    *number = value;
    return true;
}
