/* SPDX-License-Identifier: ISC */
/* IGMP messages to structs and back. */
#include "wire/igmp.h"

enum { V3_QUERY_LEN = 12, V3_SOURCE_COUNT_OFFSET = 10, SOURCE_LEN = 4 };
enum { V1_MAX_RESPONSE_MS = 10000, TENTH_MS = 100 }; /* RFC 2236, 4 */

/* RFC 3376, 7.1: eight bytes are version 1 or 2, twelve or more version 3, all else is ignored. */
static enum ms_drop v3_query_parse(struct igmp_header *header, struct bytes *b)
{
    struct bytes message = *b;

    if (message.len < V3_QUERY_LEN)
        return MS_DROP_GROUP_MALFORMED;
    header->is_v3_query = true;
    header->source_count = load_be16(message.data + V3_SOURCE_COUNT_OFFSET);
    bytes_skip(&message, V3_QUERY_LEN);
    if (!bytes_trim(&message, (size_t)header->source_count * SOURCE_LEN))
        return MS_DROP_GROUP_MALFORMED;
    *b = message;
    return MS_DROP_NONE;
}

enum ms_drop ms_igmp_header_parse(struct igmp_header *header, struct bytes *b)
{
    if (b->len < IGMP_HEADER_LEN)
        return MS_DROP_GROUP_MALFORMED;
    header->type = b->data[0];
    header->max_response_code = b->data[1];
    header->group = load_be32(b->data + 4);
    header->is_v3_query = false;
    header->source_count = 0;
    if (header->type == IGMP_QUERY && b->len > IGMP_HEADER_LEN)
        return v3_query_parse(header, b);
    bytes_skip(b, IGMP_HEADER_LEN);
    return MS_DROP_NONE;
}

size_t ms_igmp_header_emit(const struct igmp_header *header, uint8_t *end)
{
    uint8_t *p = end - IGMP_HEADER_LEN;

    p[0] = header->type;
    p[1] = header->max_response_code;
    store_be16(p + 2, 0);
    store_be32(p + 4, header->group);
    return IGMP_HEADER_LEN;
}

uint32_t ms_igmp_max_response_ms(const struct igmp_header *header)
{
    uint32_t code = header->max_response_code;

    if (!header->is_v3_query && code == 0)
        return V1_MAX_RESPONSE_MS;
    if (header->is_v3_query && code >= 0x80) /* RFC 3376, 4.1.1: a small float */
        code = ((code & 0xf) | 0x10) << ((code >> 4 & 7) + 3);
    return code * TENTH_MS;
}
