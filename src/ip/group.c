/* SPDX-License-Identifier: ISC */
/* Which groups are joined, and when their routers hear of it (RFC 2236, 3; RFC 2710, 4). */
#include "ip/group.h"

#include "core/bytes.h"
#include "core/flow.h"
#include "ip/ip_floor.h"
#include "wire/eth.h"

enum {
    UNSOLICITED_REPORTS = 2,
    UNSOLICITED_INTERVAL_US = 10000000,
    MIN_RESPONSE_US = 100000, /* a query that allows no delay at all still gets some */
};

static const uint32_t BUCKET_END = UINT32_MAX;

static struct groups *groups_of(const struct ms_netif *netif) { return &netif->stack->ip->groups; }

void ms_groups_init(struct ms_stack *stack, struct arena *arena)
{
    const struct ms_config *config = &stack->config;
    uint32_t count = config->groups + config->netifs * NETIF_ADDRS;
    uint32_t bucket_count = 1;
    struct pool pool;
    uint32_t *buckets;

    while (bucket_count < count)
        bucket_count *= 2;
    ms_pool_init(&pool, arena, sizeof(struct group), count);
    buckets = ms_arena_take(arena, bucket_count * sizeof(*buckets));
    if (!buckets)
        return;
    stack->ip->groups.pool = pool;
    stack->ip->groups.buckets = buckets;
    stack->ip->groups.bucket_mask = bucket_count - 1;
    stack->ip->groups.key = ms_random_key(&stack->random);
    for (uint32_t i = 0; i < bucket_count; i++)
        buckets[i] = BUCKET_END;
}

static uint32_t *bucket_of(const struct ms_netif *netif, const struct ms_addr *addr)
{
    const struct groups *groups = groups_of(netif);
    const uint64_t words[3] = { load_raw64(addr->bytes), load_raw64(addr->bytes + 8),
                                netif->number };

    return &groups->buckets[(uint32_t)ms_siphash(&groups->key, words, 3) & groups->bucket_mask];
}

static struct group *find(const struct ms_netif *netif, const struct ms_addr *addr)
{
    const struct groups *groups = groups_of(netif);
    uint32_t i = *bucket_of(netif, addr);

    while (i != BUCKET_END) {
        struct group *group = ms_pool_at(&groups->pool, i);

        if (group->netif == netif && addr_equal(&group->addr, addr))
            return group;
        i = group->hash_next;
    }
    return NULL;
}

/* Groups of which every node is a member all the time; nobody is told (RFC 2236, 6). */
static bool is_everybodys(const struct ms_addr *addr)
{
    uint64_t high = load_be64(addr->bytes);

    if (addr_is_ipv4(addr))
        return addr_ipv4(addr) == 0xe0000001;
    return (high == UINT64_C(0xff02) << 48 || high == UINT64_C(0xff01) << 48) &&
           load_be64(addr->bytes + 8) == 1;
}

/* Do routers want to know of it? Not of groups that stay inside a node (RFC 2710, 5). */
static bool is_reported(const struct ms_addr *addr)
{
    enum { SCOPE_INTERFACE = 1 };

    if (is_everybodys(addr))
        return false;
    return addr_is_ipv4(addr) || (addr->bytes[1] & 0xf) > SCOPE_INTERFACE;
}

bool ms_group_is_joined(const struct ms_netif *netif, const struct ms_addr *addr)
{
    return is_everybodys(addr) || find(netif, addr) != NULL;
}

/* Its device may leave out what nobody listens to. */
static void tell_device(const struct ms_netif *netif, const struct ms_addr *addr, bool is_joined)
{
    struct ms_driver *driver = netif->driver;
    uint8_t mac[ETH_ADDRESS_LEN];

    if (!driver || driver->medium != MS_MEDIUM_ETHERNET || !driver->ops->set_group)
        return;
    ms_ip_group_mac(addr, mac);
    driver->ops->set_group(driver, mac, is_joined);
}

/* Of ff01::1, nothing ever comes from a device. */
static void tell_device_of_everybodys(const struct ms_netif *netif, bool is_joined)
{
    const struct ms_addr all_hosts = ms_addr_ipv4(224, 0, 0, 1);
    const struct ms_addr all_nodes = { .bytes = { 0xff, 0x02, [15] = 1 } };

    tell_device(netif, &all_hosts, is_joined);
    tell_device(netif, &all_nodes, is_joined);
}

void ms_groups_attach(struct ms_netif *netif) { tell_device_of_everybodys(netif, true); }

static void arm(struct group *group, uint32_t within_us)
{
    struct ms_stack *stack = group->netif->stack;

    ms_wheel_arm(&stack->wheel, &group->timer, TIMER_GROUP,
                 stack->now_us + ms_random_below(&stack->random, max_u32(within_us, 1)));
}

static void report(struct group *group)
{
    group->is_last_reporter = true;
    if (addr_is_ipv4(&group->addr))
        ms_igmp_send(group, false);
    else
        ms_mld_send(group, false);
}

void ms_group_expired(struct timer *timer)
{
    struct group *group = MS_CONTAINER_OF(timer, struct group, timer);

    report(group);
    if (group->reports_left > 0) {
        group->reports_left--;
        arm(group, UNSOLICITED_INTERVAL_US);
    }
}

/* At once, and once more (RFC 2236, 3; RFC 2710, 4). */
static void report_unasked(struct group *group)
{
    if (!is_reported(&group->addr))
        return;
    group->reports_left = UNSOLICITED_REPORTS - 1;
    arm(group, 0);
}

void ms_groups_report(struct ms_netif *netif, bool is_ipv4)
{
    const struct pool *pool = &groups_of(netif)->pool;

    for (uint32_t i = 0; i < pool->fresh; i++) {
        struct group *group = ms_pool_at(pool, i);

        if (group->netif == netif && addr_is_ipv4(&group->addr) == is_ipv4)
            report_unasked(group);
    }
}

enum ms_error ms_group_join(struct ms_netif *netif, const struct ms_addr *addr)
{
    struct groups *groups = groups_of(netif);
    struct group *group;
    uint32_t *bucket;

    if (!addr_has_family(addr) || !addr_is_multicast(addr))
        return MS_ERROR_INVALID;
    group = find(netif, addr);
    if (group) {
        group->joins++;
        return MS_OK;
    }
    group = ms_pool_get(&groups->pool);
    if (!group)
        return MS_ERROR_NO_MEMORY;
    bucket = bucket_of(netif, addr);
    *group = (struct group){ .netif = netif, .addr = *addr, .joins = 1, .hash_next = *bucket };
    *bucket = ms_pool_index(&groups->pool, group);
    tell_device(netif, addr, true);
    report_unasked(group);
    return MS_OK;
}

static void forget(struct group *group)
{
    struct groups *groups = groups_of(group->netif);
    uint32_t number = ms_pool_index(&groups->pool, group);
    uint32_t *link = bucket_of(group->netif, &group->addr);

    while (*link != number)
        link = &((struct group *)ms_pool_at(&groups->pool, *link))->hash_next;
    *link = group->hash_next;
    tell_device(group->netif, &group->addr, false);
    ms_wheel_disarm(&group->netif->stack->wheel, &group->timer);
    group->netif = NULL;
    ms_pool_put(&groups->pool, group);
}

enum ms_error ms_group_leave(struct ms_netif *netif, const struct ms_addr *addr)
{
    struct group *group = find(netif, addr);

    if (!group)
        return MS_ERROR_INVALID;
    if (--group->joins > 0)
        return MS_OK;
    if (group->is_last_reporter && addr_is_ipv4(addr))
        ms_igmp_send(group, true);
    else if (group->is_last_reporter)
        ms_mld_send(group, true);
    forget(group);
    return MS_OK;
}

void ms_groups_flush(struct ms_netif *netif)
{
    struct pool *pool = &groups_of(netif)->pool;

    for (uint32_t i = 0; i < pool->fresh; i++) {
        struct group *group = ms_pool_at(pool, i);

        if (group->netif == netif)
            forget(group);
    }
    tell_device_of_everybodys(netif, false);
}

/* RFC 2236, 3: a timer that would fire sooner stays. */
static void answer_within(struct group *group, uint32_t within_us)
{
    uint64_t last_us = group->netif->stack->now_us + within_us;

    if (!is_reported(&group->addr))
        return;
    if (!ms_timer_is_armed(&group->timer) || ms_timer_deadline_us(&group->timer) > last_us)
        arm(group, within_us);
}

void ms_group_queried(struct ms_netif *netif, const struct ms_addr *addr, bool is_ipv4,
                      uint32_t max_response_ms)
{
    const struct pool *pool = &groups_of(netif)->pool;
    uint32_t within_us = (uint32_t)min_u64((uint64_t)max_response_ms * 1000, UINT32_MAX);

    within_us = max_u32(within_us, MIN_RESPONSE_US);
    for (uint32_t i = 0; i < pool->fresh; i++) {
        struct group *group = ms_pool_at(pool, i);

        if (group->netif == netif && addr_is_ipv4(&group->addr) == is_ipv4 &&
            (addr_is_unspecified(addr) || addr_equal(addr, &group->addr)))
            answer_within(group, within_us);
    }
}

enum ms_drop ms_group_reported(struct ms_netif *netif, const struct ms_addr *addr)
{
    struct group *group = find(netif, addr);

    if (!group)
        return MS_DROP_GROUP_NOT_JOINED;
    if (ms_timer_is_armed(&group->timer)) {
        ms_wheel_disarm(&netif->stack->wheel, &group->timer);
        group->reports_left = 0;
        group->is_last_reporter = false;
    }
    return MS_DROP_NONE;
}
