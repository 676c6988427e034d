/* SPDX-License-Identifier: ISC */
/* URLs with a literal address (RFC 3986, 3). */
#include "url.h"

#include <string.h>
#include <strings.h>

#include "http/path.h"
#include "values.h"

static const char *parse_port(const char *text, size_t len, uint16_t *port)
{
    char digits[8];
    uint64_t number;

    if (len == 0) /* RFC 3986, 3.2.3: "host:" means the default port. */
        return NULL;
    if (len >= sizeof(digits))
        return "its port is not a number from 1 to 65535";
    memcpy(digits, text, len);
    digits[len] = 0;
    if (!value_number(digits, 65535, &number) || number == 0)
        return "its port is not a number from 1 to 65535";
    *port = (uint16_t)number;
    return NULL;
}

static bool parse_host(const char *text, size_t len, bool is_bracketed, struct ms_addr *addr)
{
    char host[MS_ADDR_TEXT_SIZE];

    if (len >= sizeof(host))
        return false;
    memcpy(host, text, len);
    host[len] = 0;
    return ms_addr_parse(addr, host) == MS_OK && is_bracketed == (strchr(host, ':') != NULL);
}

static const char *parse_authority(const char *text, size_t len, struct url *url)
{
    bool is_bracketed = len > 0 && text[0] == '[';
    const char *start = text + (is_bracketed ? 1 : 0);
    const char *end = text + len;
    const char *host_end = memchr(start, is_bracketed ? ']' : ':', (size_t)(end - start));
    const char *after;

    if (memchr(text, '@', len))
        return "it has a user name, which is not supported";
    if (len >= sizeof(url->authority))
        return "its host is not a literal IPv4 address or an IPv6 address in brackets";
    if (!host_end && is_bracketed)
        return "its bracket is not closed";
    if (!host_end)
        host_end = end;
    if (!parse_host(start, (size_t)(host_end - start), is_bracketed, &url->addr))
        return "its host is not a literal IPv4 address or an IPv6 address in brackets";

    memcpy(url->authority, text, len);
    url->authority[len] = 0;
    after = host_end + (is_bracketed ? 1 : 0);
    if (after == end)
        return NULL;
    if (*after != ':')
        return "something stands between its host and its path";
    return parse_port(after + 1, (size_t)(end - after - 1), &url->port);
}

/* Bytes that would end the request line early, or that no URL may have. */
static bool has_forbidden_byte(const char *text)
{
    for (; *text; text++) {
        if ((unsigned char)*text <= ' ' || (unsigned char)*text >= 0x7f)
            return true;
    }
    return false;
}

const char *url_parse(const char *text, struct url *url)
{
    static const char scheme[] = "http://";
    const char *authority = text + sizeof(scheme) - 1;
    const char *wrong;
    size_t len;

    if (strncasecmp(text, scheme, sizeof(scheme) - 1) != 0)
        return "it does not begin with http://";
    if (has_forbidden_byte(text))
        return "it has a blank or a byte that must be percent-encoded";
    if (strlen(text) > URL_LENGTH_MAX)
        return "it is too long";

    *url = (struct url){ .port = 80 };
    len = strcspn(authority, "/?#");
    wrong = parse_authority(authority, len, url);
    if (wrong)
        return wrong;
    if (ms_addr_is_unspecified(&url->addr) || ms_addr_is_multicast(&url->addr))
        return "its address is not one of a host";
    url->target = authority + len;
    url->target_len = strcspn(url->target, "#");
    return NULL;
}

bool url_file_name(const struct url *url, char *name, size_t size)
{
    size_t end = 0, start;

    while (end < url->target_len && url->target[end] != '?')
        end++;
    start = end;
    while (start > 0 && url->target[start - 1] != '/')
        start--;
    if (start == end || !ms_http_percent_decode(url->target + start, end - start, name, size))
        return false;
    return !strchr(name, '/') && strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}
