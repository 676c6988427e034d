/* SPDX-License-Identifier: ISC */
/* The bounded text writer behind wire/print. */
#include "wire/print_text.h"

enum { DIGITS_MAX = 20, ELLIPSIS_LEN = 3, IPV6_GROUPS = 8 };

/* One place is kept for the terminator. */
void ms_text_char(struct text *text, char c)
{
    if (text->len + 1 < text->size)
        text->data[text->len++] = c;
    else
        text->is_cut = true;
}

void ms_text_string(struct text *text, const char *string)
{
    for (; *string; string++)
        ms_text_char(text, *string);
}

static void number_in_base(struct text *text, uint64_t number, uint32_t base)
{
    char digits[DIGITS_MAX];
    size_t count = 0;

    do {
        digits[count++] = "0123456789abcdef"[number % base];
        number /= base;
    } while (number > 0);
    while (count > 0)
        ms_text_char(text, digits[--count]);
}

void ms_text_number(struct text *text, uint64_t number) { number_in_base(text, number, 10); }

void ms_text_hex(struct text *text, uint64_t number) { number_in_base(text, number, 16); }

void ms_text_named(struct text *text, const char *name, uint64_t number)
{
    ms_text_string(text, name);
    ms_text_number(text, number);
}

void ms_text_drop(struct text *text, enum ms_drop drop)
{
    ms_text_string(text, " [");
    ms_text_string(text, ms_drop_text(drop));
    ms_text_char(text, ']');
}

void ms_text_mac(struct text *text, const uint8_t *address)
{
    for (size_t i = 0; i < 6; i++) {
        if (i > 0)
            ms_text_char(text, ':');
        ms_text_char(text, "0123456789abcdef"[address[i] >> 4]);
        ms_text_char(text, "0123456789abcdef"[address[i] & 0xf]);
    }
}

void ms_text_ipv4(struct text *text, uint32_t address)
{
    for (uint32_t shift = 32; shift > 0; shift -= 8) {
        if (shift < 32)
            ms_text_char(text, '.');
        ms_text_number(text, address >> (shift - 8) & 0xff);
    }
}

/* The first of the longest runs of at least two zero groups, or one past the end. */
static size_t longest_zeros(const uint8_t *address, size_t *len)
{
    size_t best = IPV6_GROUPS;
    size_t run = 0;

    *len = 1;
    for (size_t i = 0; i < IPV6_GROUPS; i++) {
        run = load_be16(address + 2 * i) == 0 ? run + 1 : 0;
        if (run > *len) {
            *len = run;
            best = i + 1 - run;
        }
    }
    return best;
}

void ms_text_ipv6(struct text *text, const uint8_t *address)
{
    size_t zeros_len;
    const size_t zeros = longest_zeros(address, &zeros_len);

    for (size_t i = 0; i < IPV6_GROUPS; i++) {
        if (i == zeros) {
            ms_text_string(text, "::");
            i += zeros_len - 1;
            continue;
        }
        if (i > 0 && (zeros == IPV6_GROUPS || i != zeros + zeros_len))
            ms_text_char(text, ':');
        ms_text_hex(text, load_be16(address + 2 * i));
    }
}

size_t ms_text_finish(struct text *text)
{
    if (text->size == 0)
        return 0;
    for (size_t i = 1; text->is_cut && i <= ELLIPSIS_LEN && i <= text->len; i++)
        text->data[text->len - i] = '.';
    text->data[text->len] = '\0';
    return text->len;
}
