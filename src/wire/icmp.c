/* SPDX-License-Identifier: ISC */
/* ICMP headers to structs and back. */
#include "wire/icmp.h"

enum ms_drop ms_icmp_header_parse(struct icmp_header *header, struct bytes *b)
{
    if (b->len < ICMP_HEADER_LEN)
        return MS_DROP_ICMP_TRUNCATED;
    header->type = b->data[0];
    header->code = b->data[1];
    header->rest = load_be32(b->data + 4);
    bytes_skip(b, ICMP_HEADER_LEN);
    return MS_DROP_NONE;
}

size_t ms_icmp_header_emit(const struct icmp_header *header, uint8_t *end)
{
    uint8_t *p = end - ICMP_HEADER_LEN;

    p[0] = header->type;
    p[1] = header->code;
    store_be16(p + 2, 0);
    store_be32(p + 4, header->rest);
    return ICMP_HEADER_LEN;
}
