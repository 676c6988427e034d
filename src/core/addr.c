/* SPDX-License-Identifier: ISC */
/* Addresses: made, compared, read and written as text. */
#include "mstack/addr.h"

#include "core/bytes.h"
#include "core/flow.h"

enum { GROUPS = 8, OCTETS = 4 };

struct ms_addr ms_addr_ipv4(uint8_t a, uint8_t b, uint8_t c, uint8_t d)
{
    return (struct ms_addr){ { [10] = 0xff, [11] = 0xff, [12] = a, [13] = b, [14] = c, [15] = d } };
}

bool ms_addr_is_ipv4(const struct ms_addr *addr) { return addr_is_mapped(addr); }

bool ms_addr_is_unspecified(const struct ms_addr *addr) { return addr_is_unspecified(addr); }

bool ms_addr_is_multicast(const struct ms_addr *addr)
{
    return addr->bytes[0] == 0xff || (addr_is_mapped(addr) && addr_is_multicast(addr));
}

bool ms_addr_equal(const struct ms_addr *a, const struct ms_addr *b) { return addr_equal(a, b); }

/* Reads "a.b.c.d" to the end of the text. Leading zeros are refused: they once meant octal. */
static bool read_ipv4(const char *text, uint8_t octets[OCTETS])
{
    for (unsigned i = 0; i < OCTETS; i++) {
        unsigned value = 0, digits = 0;

        while (*text >= '0' && *text <= '9' && digits < 4) {
            value = 10 * value + (unsigned)(*text++ - '0');
            digits++;
        }
        if (digits == 0 || digits > 3 || value > 255 ||
            (digits > 1 && value < (digits > 2 ? 100u : 10u)))
            return false;
        octets[i] = (uint8_t)value;
        if (*text++ != (i + 1 < OCTETS ? '.' : '\0'))
            return false;
    }
    return true;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Reads up to four hexadecimal digits; NULL if there is none or a fifth. */
static const char *read_group(const char *text, uint16_t *group)
{
    unsigned value = 0, digits = 0;

    while (hex_digit(*text) >= 0) {
        value = value << 4 | (unsigned)hex_digit(*text++);
        if (++digits > 4)
            return NULL;
    }
    *group = (uint16_t)value;
    return digits > 0 ? text : NULL;
}

/* Moves the groups behind "::" to the end and fills the gap with zeros. */
static void open_gap(uint8_t bytes[16], unsigned gap, unsigned count)
{
    unsigned tail = 2 * (count - gap), hole = 16 - 2 * gap - tail;

    memmove(bytes + 16 - tail, bytes + 2 * (size_t)gap, tail);
    memset(bytes + 2 * (size_t)gap, 0, hole);
}

static bool read_ipv6(const char *text, uint8_t bytes[16])
{
    unsigned count = 0, gap = GROUPS + 1;

    if (text[0] == ':' && text[1] == ':') {
        gap = 0;
        text += 2;
    }
    while (*text && count < GROUPS) {
        uint16_t group;
        const char *end = read_group(text, &group);

        if (end && *end == '.' && count <= GROUPS - 2 &&
            read_ipv4(text, bytes + 2 * (size_t)count)) {
            count += 2;
            text = "";
            break;
        }
        if (!end)
            return false;
        store_be16(bytes + 2 * (size_t)count++, group);
        text = end;
        if (*text == '\0')
            break;
        if (*text++ != ':' || (*text == ':' && gap <= GROUPS) || *text == '\0')
            return false;
        if (*text == ':') {
            gap = count;
            text++;
        }
    }
    if (*text || (gap > GROUPS ? count != GROUPS : count == GROUPS))
        return false;
    if (gap <= GROUPS)
        open_gap(bytes, gap, count);
    return true;
}

enum ms_error ms_addr_parse(struct ms_addr *addr, const char *text)
{
    uint8_t bytes[16] = { 0 };

    if (read_ipv4(text, bytes)) {
        *addr = ms_addr_ipv4(bytes[0], bytes[1], bytes[2], bytes[3]);
        return MS_OK;
    }
    if (!read_ipv6(text, bytes))
        return MS_ERROR_INVALID;
    memcpy(addr->bytes, bytes, sizeof(bytes));
    return MS_OK;
}

static char *write_number(char *at, unsigned value, unsigned base)
{
    unsigned divisor = 1;

    while (value / divisor >= base)
        divisor *= base;
    for (; divisor > 0; divisor /= base)
        *at++ = "0123456789abcdef"[value / divisor % base];
    return at;
}

/* RFC 5952, 4.2: the longest run of at least two zero groups, the first of equals. */
static unsigned find_zeros(const uint8_t bytes[16], unsigned *length)
{
    unsigned best = GROUPS, run = 0;

    *length = 1;
    for (unsigned i = 0; i < GROUPS; i++) {
        run = load_be16(bytes + 2 * (size_t)i) == 0 ? run + 1 : 0;
        if (run > *length) {
            *length = run;
            best = i + 1 - run;
        }
    }
    return best;
}

static char *write_ipv4(char *at, const uint8_t octets[OCTETS])
{
    for (unsigned i = 0; i < OCTETS; i++) {
        if (i > 0)
            *at++ = '.';
        at = write_number(at, octets[i], 10);
    }
    return at;
}

static char *write_ipv6(char *at, const uint8_t bytes[16])
{
    unsigned length, zeros = find_zeros(bytes, &length);

    for (unsigned i = 0; i < GROUPS;) {
        if (i == zeros) {
            *at++ = ':';
            *at++ = ':';
            i += length;
            continue;
        }
        if (i > 0 && at[-1] != ':')
            *at++ = ':';
        at = write_number(at, load_be16(bytes + 2 * (size_t)i++), 16);
    }
    return at;
}

size_t ms_addr_format(const struct ms_addr *addr, char text[MS_ADDR_TEXT_SIZE])
{
    char *end =
        addr_is_mapped(addr) ? write_ipv4(text, addr->bytes + 12) : write_ipv6(text, addr->bytes);

    *end = '\0';
    return (size_t)(end - text);
}
