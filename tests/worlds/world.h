/* SPDX-License-Identifier: ISC */
/* One world while it runs: virtual time, what is to happen, hosts, links and both ends of all
 * connections. */
#ifndef WORLDS_WORLD_H
#define WORLDS_WORLD_H

#include <stdarg.h>
#include <stdio.h>

#include "checker.h"
#include "mstack/mstack.h"
#include "plan.h"

enum {
    US_PER_MS = 1000,
    US_PER_S = 1000000,
    MILLION = 1000000,
    DIGEST_BYTES = 32,
    FAULT_TEXT_MAX = 400,
    ETHERNET_LEN = 14,
    RING_MAX = 64,
    KEPT_MAX = 4,
    RECORDS_MAX = 256,
    PORT_CLIENT = 20000, /* of the first connection; the others have the next ones */
    PORT_SERVER = 7000,
};

struct world;

enum event_kind { EVENT_ARRIVAL, EVENT_APP, EVENT_COMPLETION, EVENT_TROUBLE };

struct parcel; /* a frame on its way; wire.c */

struct event {
    uint64_t at_us, order;
    enum event_kind kind;
    uint32_t who;
    struct parcel *parcel;
};

/* A frame that a device has accepted and is not done with. */
struct in_device {
    struct ms_frame *frame;
    uint64_t content; /* nobody may write what is shared */
};

struct host {
    struct world *world;
    unsigned number;
    const struct host_plan *plan;
    struct ms_driver driver;
    struct ms_stack *stack;
    struct ms_netif *netif;
    void *memory;
    uint64_t epoch_us;   /* its clock is the world's and this */
    uint64_t poll_at_us; /* UINT64_MAX: not by itself */
    uint64_t frozen_until_us;
    struct checker *checker;
    struct dice dice;
    struct in_device ring[RING_MAX]; /* the oldest first */
    unsigned ring_count;
    bool uses_other_address, is_down;
    uint32_t frames_lent; /* received ones that the stack or the application has */
    uint32_t checks;
};

struct kept {
    struct ms_frame *frame;
    const uint8_t *data;
    uint32_t len, offset;
};

/* One end of one connection, as its application sees it. */
struct side {
    struct world *world;
    struct host *host;
    const struct side_plan *plan;
    unsigned number; /* of the connection twice, and 1 for the server */
    struct ms_tcp *tcp;
    struct ms_tcp_listener *listener;
    struct dice dice;
    uint64_t timer_at_us, next_write_us, next_read_us;
    uint32_t written, received, unread;
    uint32_t lent_buffers, lent_bytes;
    bool is_begun, is_open, has_closed, has_eof, has_ended;
    enum ms_error why;
    struct kept kept[KEPT_MAX];
    unsigned kept_count;
};

struct link_state {
    uint32_t mtu;
    uint64_t paused_until_us;
    uint64_t busy_until_us[HOSTS_MAX + 1]; /* of each that sends there; the last: the router */
    bool is_in_burst;
    struct dice dice;
};

struct record {
    uint64_t at_us, content;
};

struct world {
    struct plan plan;
    uint64_t now_us, order;
    struct event *events; /* a heap: the next one first */
    unsigned event_count, event_capacity;
    struct host hosts[HOSTS_MAX];
    struct link_state links[LINKS_MAX];
    struct side sides[2 * CONNECTIONS_MAX];
    uint64_t event_total, frame_total;
    struct record records[RECORDS_MAX]; /* of what happened, until they are hashed */
    unsigned record_count;
    void *hash;
    FILE *trace; /* NULL: nobody reads it */
    bool has_failed;
    char fault[FAULT_TEXT_MAX];
};

/* What came of a world. */
struct outcome {
    bool has_failed;
    char fault[FAULT_TEXT_MAX];
    uint8_t digest[DIGEST_BYTES];
    uint64_t events, frames, segments, virtual_us;
    unsigned connections, completed; /* completed: both ends closed and lost nothing */
};

/* world.c */
void world_run(const struct plan *plan, FILE *trace, struct outcome *outcome);
__attribute__((format(printf, 2, 3))) void world_fail(struct world *world, const char *format, ...);
__attribute__((format(printf, 2, 3))) void world_tell(struct world *world, const char *format, ...);
void world_schedule(struct world *world, uint64_t at_us, enum event_kind kind, uint32_t who,
                    struct parcel *parcel);
/* Something happened that the same seed has to bring again. */
void world_record(struct world *world, uint64_t what, uint64_t content);
static inline bool world_is_troubled(const struct world *world)
{
    return world->now_us < world->plan.faults_end_us;
}
uint64_t content_of(uint64_t sum, const uint8_t *bytes, size_t len);

/* wire.c */
struct parcel {
    uint32_t len;
    uint8_t to, link;
    bool is_corrupt; /* once is enough: two faults may make up for each other in a checksum */
    uint8_t bytes[];
};
void wire_send(struct world *world, unsigned from, const uint8_t *bytes, uint32_t len);
void wire_arrive(struct world *world, struct parcel *parcel);

/* pieces.c */
/* Two copies of a segment become two that overlap or touch; false: it is none that can be cut.
 * skip: bytes before the IP header. */
bool pieces_cut(struct parcel *first, struct parcel *second, uint32_t skip, struct dice *dice);

/* host.c */
void host_open(struct world *world, unsigned number);
void host_close(struct host *host);
void host_receive(struct host *host, const struct parcel *parcel);
void host_poll(struct host *host);
void host_complete(struct host *host);
/* The application or a handler wants something done: polls soon. */
void host_wake(struct host *host);
void host_set_down(struct host *host, bool is_down);
void host_change_address(struct host *host, bool uses_other);
struct ms_addr host_addr(const struct host *host, bool is_ipv6, bool is_other);
static inline uint64_t host_now(const struct host *host)
{
    return host->world->now_us + host->epoch_us;
}
/* What is still held, a sentence; NULL: as before the first connection. */
const char *host_leftover(const struct host *host);

/* app.c */
void side_prepare(struct world *world, unsigned number);
void side_listen(struct side *side);
void side_work(struct side *side);
void side_give_up(struct side *side);
static inline struct side *side_peer(struct side *side)
{
    return &side->world->sides[side->number ^ 1];
}
bool side_is_over(const struct side *side);

#endif
