/* SPDX-License-Identifier: ISC */
/* The neighbour cache: who is reachable where, and what waits to learn it. */
#include "eth/neighbor.h"

#include "core/flow.h"
#include "eth/arp.h"
#include "eth/eth.h"
#include "eth/eth_floor.h"

/* RFC 4861, 10. */
enum {
    PROBES_MAX = 3,
    RETRANSMIT_US = 1000000,
    DELAY_FIRST_PROBE_US = 5000000,
    REACHABLE_US = 30000000,
};

static const uint32_t BUCKET_END = UINT32_MAX;

enum {
    VICTIMS_SEEN = 16,      /* entries looked at when one must go: bounds the work */
    IDLE_US = 10000000,     /* unused for so long, an entry may be evicted */
    INCOMPLETE_SHARE = 4,   /* at most a quarter of the cache waits for answers (RFC 6583) */
    PROBES_BEFORE_MOVE = 2, /* one of the old address's failed before a new one is believed */
    WAITING_MAX = 48,       /* for one answer: a datagram of 64 KB in frames of 1500 bytes */
    WAITING_MIN = 3,        /* for each one, when others have taken the common share */
    WAITING_SHARE = 4,      /* a quarter of all frames is common to those that wait */
    WAITING_SHARE_MAX = 2,  /* half of them, and no more, may wait */
    BORROWED_MAX = 8,       /* received frames kept by what waits: there may be few */
};

static struct eth_floor *floor_of(const struct ms_netif *netif) { return netif->stack->eth; }
static uint64_t now_us(const struct neighbor *n) { return n->netif->stack->now_us; }

void ms_neighbor_init(struct ms_stack *stack, struct arena *arena)
{
    uint32_t count = max_u32(stack->config.neighbors, 1);
    uint32_t bucket_count = 1;
    struct pool pool;
    uint32_t *buckets;
    struct eth_floor *floor = stack->eth;

    while (bucket_count < count)
        bucket_count *= 2;
    ms_pool_init(&pool, arena, sizeof(struct neighbor), count);
    buckets = ms_arena_take(arena, bucket_count * sizeof(*buckets));
    if (!buckets)
        return;
    floor->pool = pool;
    floor->buckets = buckets;
    floor->bucket_mask = bucket_count - 1;
    floor->key = ms_random_key(&stack->random);
    for (uint32_t i = 0; i < bucket_count; i++)
        buckets[i] = BUCKET_END;
}

void ms_neighbor_set_discovery(struct ms_stack *stack, ms_neighbor_solicit_fn *solicit,
                               ms_neighbor_lost_fn *router_lost)
{
    stack->eth->solicit = solicit;
    stack->eth->router_lost = router_lost;
}

void ms_neighbor_set_unresolved(struct ms_stack *stack, ms_neighbor_unresolved_fn *unresolved)
{
    stack->eth->unresolved = unresolved;
}

/* --- The table --- */

static uint32_t *bucket_of(const struct ms_netif *netif, const struct ms_addr *addr)
{
    const struct eth_floor *floor = floor_of(netif);
    const uint64_t words[3] = { load_raw64(addr->bytes), load_raw64(addr->bytes + 8),
                                netif->number };

    return &floor->buckets[(uint32_t)ms_siphash(&floor->key, words, 3) & floor->bucket_mask];
}

struct neighbor *ms_neighbor_find(const struct ms_netif *netif, const struct ms_addr *addr)
{
    const struct eth_floor *floor = floor_of(netif);
    uint32_t i = *bucket_of(netif, addr);

    while (i != BUCKET_END) {
        struct neighbor *n = ms_pool_at(&floor->pool, i);

        if (n->netif == netif && addr_equal(&n->addr, addr))
            return n;
        i = n->hash_next;
    }
    return NULL;
}

static void bucket_remove(struct eth_floor *floor, struct neighbor *n)
{
    uint32_t number = ms_pool_index(&floor->pool, n);
    uint32_t *link = bucket_of(n->netif, &n->addr);

    while (*link != number) {
        struct neighbor *other = ms_pool_at(&floor->pool, *link);

        link = &other->hash_next;
    }
    *link = n->hash_next;
}

static void incomplete_add(struct eth_floor *floor, struct neighbor *n)
{
    n->state = NEIGHBOR_INCOMPLETE;
    n->newer = NULL;
    n->older = floor->incomplete_newest;
    if (n->older)
        n->older->newer = n;
    else
        floor->incomplete_oldest = n;
    floor->incomplete_newest = n;
    floor->incomplete_count++;
}

static void incomplete_remove(struct eth_floor *floor, struct neighbor *n)
{
    if (n->older)
        n->older->newer = n->newer;
    else
        floor->incomplete_oldest = n->newer;
    if (n->newer)
        n->newer->older = n->older;
    else
        floor->incomplete_newest = n->older;
    floor->incomplete_count--;
}

/* The oldest of those that wait; NULL: none does. */
static struct ms_frame *waiting_take(struct neighbor *n)
{
    struct eth_floor *floor = floor_of(n->netif);
    struct ms_frame *frame = ms_frame_list_take(&n->waiting);

    if (!frame)
        return NULL;
    n->waiting_count--;
    floor->waiting_count--;
    floor->borrowed_count -= ms_frame_keeps_received(frame);
    return frame;
}

static void drop_waiting(const struct neighbor *n, struct ms_frame *frame)
{
    ms_count_drop(n->netif->stack, MS_DROP_NEIGHBOR_UNRESOLVED);
    ms_frame_discard(frame);
}

/* How many may wait for one neighbour; 0: no more than already do. */
static uint32_t waiting_max(const struct ms_stack *stack)
{
    uint32_t frames = stack->config.frames, waiting = stack->eth->waiting_count;

    if (waiting < frames / WAITING_SHARE)
        return WAITING_MAX;
    return waiting < frames / WAITING_SHARE_MAX ? WAITING_MIN : 0;
}

static void waiting_add(struct neighbor *n, struct ms_frame *frame)
{
    struct eth_floor *floor = floor_of(n->netif);
    uint32_t max = waiting_max(n->netif->stack);
    bool is_received_kept = ms_frame_keeps_received(frame);

    if ((is_received_kept && floor->borrowed_count == BORROWED_MAX) ||
        (max == 0 && n->waiting_count == 0)) {
        drop_waiting(n, frame);
        return;
    }
    if (n->waiting_count >= max)
        drop_waiting(n, waiting_take(n));
    ms_frame_list_append(&n->waiting, frame);
    n->waiting_count++;
    floor->waiting_count++;
    floor->borrowed_count += is_received_kept;
}

void ms_neighbor_remove(struct neighbor *n)
{
    struct ms_stack *stack = n->netif->stack;
    struct eth_floor *floor = stack->eth;
    struct ms_frame *frame;

    MS_ASSERT(n->state != NEIGHBOR_FREE);
    if (n->state == NEIGHBOR_INCOMPLETE)
        incomplete_remove(floor, n);
    while ((frame = waiting_take(n)))
        drop_waiting(n, frame);
    ms_wheel_disarm(&stack->wheel, &n->timer);
    bucket_remove(floor, n);
    n->state = NEIGHBOR_FREE;
    ms_pool_put(&floor->pool, n);
    ms_paths_changed(stack);
}

void ms_neighbor_flush(struct ms_netif *netif)
{
    struct pool *pool = &floor_of(netif)->pool;

    for (uint32_t i = 0; i < pool->fresh; i++) {
        struct neighbor *n = ms_pool_at(pool, i);

        if (n->state != NEIGHBOR_FREE && n->netif == netif)
            ms_neighbor_remove(n);
    }
}

/*
 * How long an entry was of no use; 0: it is in use. One that we never sent to was made by others,
 * perhaps only to fill the cache: the first to go.
 */
static uint64_t idleness(const struct neighbor *n)
{
    if (n->state == NEIGHBOR_INCOMPLETE)
        return 0;
    if (n->used_us == 0)
        return UINT64_MAX;
    return now_us(n) - n->used_us > IDLE_US ? now_us(n) - n->used_us : 0;
}

/* Of some entries picked at random, the least useful is removed; false: all were in use. */
static bool evict_idle(struct ms_stack *stack, bool only_never_used)
{
    struct pool *pool = &stack->eth->pool;
    uint32_t seen = min_u32(pool->count, VICTIMS_SEEN);
    uint32_t at = ms_random_below(&stack->random, pool->count);
    struct neighbor *victim = NULL;
    uint64_t worst = only_never_used ? UINT64_MAX - 1 : 0;

    while (seen-- > 0) {
        struct neighbor *n = ms_pool_at(pool, at);

        if (idleness(n) > worst) {
            worst = idleness(n);
            victim = n;
        }
        at = at + 1 < pool->count ? at + 1 : 0;
    }
    if (victim)
        ms_neighbor_remove(victim);
    return victim != NULL;
}

static struct neighbor *make(struct ms_netif *netif, const struct ms_addr *addr)
{
    struct eth_floor *floor = floor_of(netif);
    struct neighbor *n = ms_pool_get(&floor->pool);
    uint32_t *bucket = bucket_of(netif, addr);

    *n = (struct neighbor){ .netif = netif, .addr = *addr, .hash_next = *bucket };
    memcpy(n->header + ETH_ADDRESS_LEN, netif->driver->mac, ETH_ADDRESS_LEN);
    store_be16(n->header + 12, addr_is_ipv4(addr) ? ETHERTYPE_IPV4 : ETHERTYPE_IPV6);
    *bucket = ms_pool_index(&floor->pool, n);
    return n;
}

/*
 * A scan of many silent addresses takes room only from other questions, the oldest first, and from
 * entries long unused.
 */
struct neighbor *ms_neighbor_get(struct ms_netif *netif, const struct ms_addr *addr)
{
    struct eth_floor *floor = floor_of(netif);
    struct neighbor *n = ms_neighbor_find(netif, addr);

    if (n)
        return n;
    if (floor->incomplete_count >= max_u32(floor->pool.count / INCOMPLETE_SHARE, 1))
        ms_neighbor_remove(floor->incomplete_oldest);
    if (ms_pool_is_empty(&floor->pool) && !evict_idle(netif->stack, false)) {
        if (!floor->incomplete_oldest)
            return NULL;
        ms_neighbor_remove(floor->incomplete_oldest);
    }
    n = make(netif, addr);
    incomplete_add(floor, n);
    return n;
}

/* --- The state machine --- */

static void arm(struct neighbor *n, uint64_t delay_us)
{
    ms_wheel_arm(&n->netif->stack->wheel, &n->timer, TIMER_NEIGHBOR, now_us(n) + delay_us);
}

/* The source of the packet that waits longest, so that the answer knows whom it is for. */
static bool waiting_source(const struct neighbor *n, struct ms_addr *source)
{
    const uint8_t *head;

    if (n->waiting_count == 0)
        return false;
    head = n->waiting.first->head;
    if (addr_is_ipv4(&n->addr))
        addr_set_ipv4(source, load_be32(head + 12));
    else
        memcpy(source->bytes, head + 8, sizeof(source->bytes));
    return true;
}

static void solicit(struct neighbor *n)
{
    const struct eth_floor *floor = floor_of(n->netif);
    const uint8_t *mac = n->state == NEIGHBOR_INCOMPLETE ? NULL : n->header;
    struct ms_addr source = { 0 };
    bool has_source = waiting_source(n, &source);
    uint32_t retransmit_us = n->netif->retrans_time_us;

    n->probes++;
    arm(n, retransmit_us ? retransmit_us : RETRANSMIT_US);
    if (addr_is_ipv4(&n->addr))
        ms_arp_request(n->netif, addr_ipv4(&n->addr), mac, has_source ? addr_ipv4(&source) : 0);
    else if (floor->solicit)
        floor->solicit(n->netif, &n->addr, mac, has_source ? &source : NULL);
}

static void probe(struct neighbor *n)
{
    n->state = NEIGHBOR_PROBE;
    n->fresh_until_us = 0;
    n->probes = 0;
    solicit(n);
}

/* Random from half to one and a half of the base, so that hosts do not probe in step. */
static void become_reachable(struct neighbor *n)
{
    uint32_t base = n->netif->reachable_time_us ? n->netif->reachable_time_us : REACHABLE_US;

    ms_wheel_disarm(&n->netif->stack->wheel, &n->timer);
    n->state = NEIGHBOR_REACHABLE;
    n->reachable_us = base / 2 + ms_random_below(&n->netif->stack->random, max_u32(base, 1));
    n->fresh_until_us = now_us(n) + n->reachable_us;
}

static void become_stale(struct neighbor *n)
{
    ms_wheel_disarm(&n->netif->stack->wheel, &n->timer);
    n->state = NEIGHBOR_STALE;
    n->fresh_until_us = 0;
}

static bool is_reachable(const struct neighbor *n)
{
    return n->state == NEIGHBOR_REACHABLE && now_us(n) < n->fresh_until_us;
}

static inline void send(struct neighbor *n, struct ms_frame *frame)
{
    uint8_t *at = frame->head - ETH_HEADER_LEN;

    memcpy(at, n->header, 8); /* two moves, overlapping, for fourteen bytes */
    memcpy(at + 6, n->header + 6, 8);
    ms_frame_push(frame, ETH_HEADER_LEN);
    ms_eth_queue(n->netif, frame);
}

static void wait(struct neighbor *n, struct ms_frame *frame)
{
    waiting_add(n, frame);
    if (!ms_timer_is_armed(&n->timer))
        solicit(n);
}

MS_COLD static void unusual_output(struct neighbor *n, struct ms_frame *frame)
{
    if (n->state == NEIGHBOR_INCOMPLETE) {
        wait(n, frame);
        return;
    }
    if (n->state == NEIGHBOR_REACHABLE)
        become_stale(n);
    if (n->state == NEIGHBOR_STALE) {
        n->state = NEIGHBOR_DELAY;
        arm(n, DELAY_FIRST_PROBE_US);
    }
    send(n, frame);
}

void ms_neighbor_output(struct neighbor *n, struct ms_frame *frame)
{
    uint64_t now = now_us(n);

    MS_ASSERT(n->state != NEIGHBOR_FREE);
    n->used_us = now;
    if (MS_UNLIKELY(now >= n->fresh_until_us)) {
        unusual_output(n, frame);
        return;
    }
    send(n, frame);
}

void ms_neighbor_confirm(struct neighbor *n)
{
    if (MS_LIKELY(n->state == NEIGHBOR_REACHABLE))
        n->fresh_until_us = now_us(n) + n->reachable_us;
    else if (n->state != NEIGHBOR_INCOMPLETE)
        become_reachable(n);
}

/* The link address is known at last: what waits goes. */
static void resolve(struct neighbor *n, const uint8_t mac[6], bool is_confirmed)
{
    struct ms_frame *frame;

    memcpy(n->header, mac, ETH_ADDRESS_LEN);
    incomplete_remove(floor_of(n->netif), n);
    if (is_confirmed)
        become_reachable(n);
    else
        become_stale(n);
    while ((frame = waiting_take(n)))
        ms_neighbor_output(n, frame);
}

/* Somebody says, unasked, that the neighbour is at mac. */
static void move(struct neighbor *n, const uint8_t mac[6])
{
    if (n->state == NEIGHBOR_INCOMPLETE) {
        resolve(n, mac, false);
    } else if (memcmp(n->header, mac, ETH_ADDRESS_LEN) != 0) {
        if (is_reachable(n))
            probe(n);
        else if (n->state == NEIGHBOR_STALE || n->state == NEIGHBOR_REACHABLE)
            memcpy(n->header, mac, ETH_ADDRESS_LEN);
    }
}

void ms_neighbor_moved(struct ms_netif *netif, const struct ms_addr *addr, const uint8_t mac[6])
{
    struct neighbor *n = ms_neighbor_find(netif, addr);

    if (n && !eth_is_group(mac))
        move(n, mac);
}

struct neighbor *ms_neighbor_heard(struct ms_netif *netif, const struct ms_addr *addr,
                                   const uint8_t mac[6])
{
    struct neighbor *n = ms_neighbor_find(netif, addr);

    if (eth_is_group(mac))
        return n;
    if (n) {
        move(n, mac);
        return n;
    }
    if (ms_pool_is_empty(&floor_of(netif)->pool) && !evict_idle(netif->stack, true))
        return NULL;
    n = make(netif, addr);
    n->state = NEIGHBOR_STALE;
    memcpy(n->header, mac, ETH_ADDRESS_LEN);
    return n;
}

void ms_neighbor_set_router(struct neighbor *n, bool is_router)
{
    const struct eth_floor *floor = floor_of(n->netif);
    bool was_router = n->is_router;

    n->is_router = is_router;
    if (was_router && !is_router && floor->router_lost)
        floor->router_lost(n->netif, &n->addr);
}

/*
 * RFC 4861, 7.2.5 II: an answer about a neighbour whose link address we have. False: it is not
 * believed, or may change nothing but that we doubt.
 */
static bool known_advertised(struct neighbor *n, const struct neighbor_advert *advert)
{
    bool is_other = advert->mac && memcmp(n->header, advert->mac, ETH_ADDRESS_LEN) != 0;
    bool is_answer = advert->is_solicited && n->state == NEIGHBOR_PROBE;

    if (is_other && !advert->is_override) {
        if (n->state == NEIGHBOR_REACHABLE)
            become_stale(n);
        return false;
    }
    if (is_other && !is_answer) {
        move(n, advert->mac);
        return false;
    }
    if (is_other) {
        if (n->probes < PROBES_BEFORE_MOVE)
            return false;
        memcpy(n->header, advert->mac, ETH_ADDRESS_LEN);
    }
    if (is_answer)
        become_reachable(n);
    return true;
}

bool ms_neighbor_advertised(struct ms_netif *netif, const struct ms_addr *addr,
                            const struct neighbor_advert *advert)
{
    struct neighbor *n = ms_neighbor_find(netif, addr);

    if (!n || (advert->mac && eth_is_group(advert->mac)))
        return false;
    if (n->state == NEIGHBOR_INCOMPLETE) {
        if (!advert->mac)
            return false;
        resolve(n, advert->mac, advert->is_solicited);
    } else if (!known_advertised(n, advert)) {
        return true;
    }
    ms_neighbor_set_router(n, advert->is_router);
    return true;
}

bool ms_neighbor_is_router(const struct neighbor *n) { return n->is_router; }

bool ms_neighbor_is_usable(const struct neighbor *n) { return n->state > NEIGHBOR_INCOMPLETE; }

const uint8_t *ms_neighbor_mac(const struct neighbor *n)
{
    return n->state > NEIGHBOR_INCOMPLETE ? n->header : NULL;
}

/* RFC 4861, 7.2.2: those who sent what waits are told that the address is not reachable. */
static void tell_senders(struct neighbor *n)
{
    const struct eth_floor *floor = floor_of(n->netif);
    struct ms_frame *frame;

    while (floor->unresolved && (frame = waiting_take(n))) {
        floor->unresolved(n->netif, frame);
        drop_waiting(n, frame);
    }
}

void ms_neighbor_expired(struct timer *timer)
{
    struct neighbor *n = MS_CONTAINER_OF(timer, struct neighbor, timer);
    struct ms_netif *netif = n->netif;
    struct ms_addr addr = n->addr;
    bool was_router = n->is_router;

    if (n->state == NEIGHBOR_DELAY) {
        probe(n);
        return;
    }
    if (n->probes < PROBES_MAX) {
        solicit(n);
        return;
    }
    tell_senders(n);
    ms_neighbor_remove(n);
    if (was_router && floor_of(netif)->router_lost)
        floor_of(netif)->router_lost(netif, &addr);
}
