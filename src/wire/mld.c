/* SPDX-License-Identifier: ISC */
/* MLD messages to structs and back. */
#include "wire/mld.h"

/* Lengths behind the ICMPv6 header. */
enum { V1_BODY_LEN = 16, V2_QUERY_BODY_LEN = 20, V2_SOURCE_COUNT_OFFSET = 18 };

/* RFC 3810, 8.1: 24 bytes are version 1, 28 or more version 2, all else is ignored. */
static enum ms_drop v2_query_parse(struct mld_header *header, struct bytes *b)
{
    struct bytes body = *b;

    if (body.len < V2_QUERY_BODY_LEN)
        return MS_DROP_GROUP_MALFORMED;
    header->is_v2_query = true;
    header->source_count = load_be16(body.data + V2_SOURCE_COUNT_OFFSET);
    bytes_skip(&body, V2_QUERY_BODY_LEN);
    if (!bytes_trim(&body, (size_t)header->source_count * IPV6_ADDRESS_LEN))
        return MS_DROP_GROUP_MALFORMED;
    *b = body;
    return MS_DROP_NONE;
}

enum ms_drop ms_mld_header_parse(struct mld_header *header, const struct icmpv6_header *icmpv6,
                                 struct bytes *b)
{
    if (icmpv6->code != 0 || b->len < V1_BODY_LEN)
        return MS_DROP_GROUP_MALFORMED;
    header->type = icmpv6->type;
    header->max_response_code = (uint16_t)(icmpv6->rest >> 16);
    header->is_v2_query = false;
    header->source_count = 0;
    memcpy(header->group, b->data, sizeof(header->group));
    if (header->type == ICMPV6_MLD_QUERY && b->len > V1_BODY_LEN)
        return v2_query_parse(header, b);
    bytes_skip(b, V1_BODY_LEN);
    return MS_DROP_NONE;
}

size_t ms_mld_header_emit(const struct mld_header *header, uint8_t *end)
{
    const struct icmpv6_header icmpv6 = {
        .type = header->type,
        .rest = (uint32_t)header->max_response_code << 16,
    };

    memcpy(end - V1_BODY_LEN, header->group, sizeof(header->group));
    return V1_BODY_LEN + ms_icmpv6_header_emit(&icmpv6, end - V1_BODY_LEN);
}

uint32_t ms_mld_max_response_ms(const struct mld_header *header)
{
    uint32_t code = header->max_response_code;

    if (header->is_v2_query && code >= 0x8000) /* RFC 3810, 5.1.3: a small float */
        return ((code & 0xfff) | 0x1000) << ((code >> 12 & 7) + 3);
    return code;
}
