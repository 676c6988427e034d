/* SPDX-License-Identifier: ISC */
/* Neighbour discovery messages for tests. */
#include "support/nd_message.h"

#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum ms_drop world_nd(struct ip_world *w, const struct message *how, const struct nd_message *nd)
{
    uint8_t bytes[ND_EMIT_LEN_MAX];
    size_t len = ms_nd_message_emit(nd, bytes + sizeof(bytes));
    const uint8_t *at = bytes + sizeof(bytes) - len;
    struct message m = *how;

    m.type = nd->type;
    m.rest = load_be32(at + 4);
    m.body = at + 8;
    m.body_len = len - 8;
    return world_message(w, &m);
}

enum ms_drop world_solicits(struct ip_world *w, const char *from, const char *to,
                            const char *target, uint8_t mac_last)
{
    const struct message how = { .from = from, .to = to, .mac_last = mac_last };
    struct nd_message nd = { .type = ICMPV6_NEIGHBOR_SOLICITATION };
    struct ms_addr addr = world_addr(target);

    memcpy(nd.target, addr.bytes, 16);
    if (mac_last) {
        const uint8_t mac[6] = { 2, 0, 0, 0, 1, mac_last };

        nd.options.present = ND_OPTION_SOURCE_LINK;
        memcpy(nd.options.source_link, mac, 6);
    }
    return world_nd(w, &how, &nd);
}

enum ms_drop world_advertises(struct ip_world *w, const char *to, const char *target, uint8_t flags,
                              uint8_t mac_last)
{
    const struct message how = { .from = target, .to = to, .mac_last = mac_last };
    struct nd_message nd = { .type = ICMPV6_NEIGHBOR_ADVERTISEMENT, .flags = flags };
    struct ms_addr addr = world_addr(target);

    memcpy(nd.target, addr.bytes, 16);
    if (mac_last) {
        const uint8_t mac[6] = { 2, 0, 0, 0, 1, mac_last };

        nd.options.present = ND_OPTION_TARGET_LINK;
        memcpy(nd.options.target_link, mac, 6);
    }
    return world_nd(w, &how, &nd);
}

enum ms_drop world_router(struct ip_world *w, const char *from, const struct nd_message *message)
{
    const struct message how = { .from = from, .to = "ff02::1", .mac_last = 0xff };
    struct nd_message nd = *message;

    nd.type = ICMPV6_ROUTER_ADVERTISEMENT;
    return world_nd(w, &how, &nd);
}

struct nd_prefix world_prefix(const char *text, uint8_t len, uint8_t flags, uint32_t valid_s,
                              uint32_t preferred_s)
{
    struct nd_prefix prefix = {
        .valid_s = valid_s, .preferred_s = preferred_s, .prefix_len = len, .flags = flags
    };
    struct ms_addr addr = world_addr(text);

    memcpy(prefix.prefix, addr.bytes, 16);
    return prefix;
}

int world_addr_state(const struct ip_world *w, const char *prefix, struct ms_netif_addr *found)
{
    struct ms_addr wanted = world_addr(prefix);
    struct ms_netif_addr addr;

    for (unsigned i = 0; ms_netif_addr(w->netif, i, &addr); i++) {
        if (memcmp(addr.addr.bytes, wanted.bytes, 8) != 0)
            continue;
        if (found)
            *found = addr;
        return (int)addr.state;
    }
    return -1;
}
