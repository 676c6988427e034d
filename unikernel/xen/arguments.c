/* SPDX-License-Identifier: ISC */
/* The command line. */
#include "arguments.h"

#include "memory.h"
#include "text.h"

static const char *end_of_word(const char *word)
{
    while (*word != '\0' && *word != ' ')
        word++;
    return word;
}

bool ms_guest_argument(const char *arguments, const char *name, unsigned which, char *value,
                       size_t size)
{
    size_t name_len = ms_guest_text_len(name);

    for (const char *word = arguments; *word != '\0';) {
        const char *end = end_of_word(word);
        size_t len = (size_t)(end - word);

        if (len > name_len && word[name_len] == '=' && memcmp(word, name, name_len) == 0 &&
            which-- == 0) {
            struct text text = ms_guest_text_in(value, size);

            ms_guest_text_put_bytes(&text, word + name_len + 1, len - name_len - 1);
            if (text.is_cut)
                value[0] = '\0';
            return true;
        }
        word = *end == ' ' ? end + 1 : end;
    }
    return false;
}

bool ms_guest_argument_prefix(char *text, struct ms_addr *addr, uint8_t *prefix_len)
{
    uint64_t len;
    char *slash = text;

    while (*slash != '\0' && *slash != '/')
        slash++;
    if (*slash == '/')
        *slash++ = '\0';
    else
        slash = NULL;
    if (ms_addr_parse(addr, text) != MS_OK)
        return false;
    len = ms_addr_is_ipv4(addr) ? 32 : 128;
    if (slash && !ms_guest_text_number(slash, len, &len))
        return false;
    *prefix_len = (uint8_t)len;
    return true;
}
