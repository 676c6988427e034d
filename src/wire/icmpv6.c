/* SPDX-License-Identifier: ISC */
/* ICMPv6 headers to structs and back. */
#include "wire/icmpv6.h"

enum ms_drop ms_icmpv6_header_parse(struct icmpv6_header *header, struct bytes *b)
{
    if (b->len < ICMPV6_HEADER_LEN)
        return MS_DROP_ICMP_TRUNCATED;
    header->type = b->data[0];
    header->code = b->data[1];
    header->rest = load_be32(b->data + 4);
    bytes_skip(b, ICMPV6_HEADER_LEN);
    return MS_DROP_NONE;
}

size_t ms_icmpv6_header_emit(const struct icmpv6_header *header, uint8_t *end)
{
    uint8_t *p = end - ICMPV6_HEADER_LEN;

    p[0] = header->type;
    p[1] = header->code;
    store_be16(p + 2, 0);
    store_be32(p + 4, header->rest);
    return ICMPV6_HEADER_LEN;
}
