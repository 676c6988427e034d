/* SPDX-License-Identifier: ISC */
/* What the files of the network frontend share: pages, slots, queues, the device. */
#ifndef MSTACK_DRIVERS_NETFRONT_INSIDE_H
#define MSTACK_DRIVERS_NETFRONT_INSIDE_H

#include "netfront.h"
#include "ring.h"

enum {
    PAGE_BYTES = MS_XEN_PAGE_BYTES,
    SLOTS_MAX = XEN_NETIF_NR_SLOTS_MIN, /* of one packet */
    QUEUES_MAX = 8,
    REGIONS_MAX = 8,
    COPY_BREAK_BYTES = 256, /* shorter packets, and the headers of others, are copied */
    PAGES_HELD_MAX = 64,    /* more, and the device is broken */
    MAC_BYTES = 6,
    GROUPS_MAX = 64,  /* Linux's backend has room for as many */
    RETRY_US = 10000, /* to ask again for what the backend or xenstore refused */
    NO_PAGE = 0xffff,
};

/* The compiler may call these four; whoever links us has them. */
void *memcpy(void *restrict to, const void *restrict from, size_t n);
void *memmove(void *to, const void *from, size_t n);
void *memset(void *to, int value, size_t n);
int memcmp(const void *a, const void *b, size_t n);

enum page_state {
    PAGE_FREE,   /* ours */
    PAGE_SHARED, /* granted, for good reason */
    PAGE_LENT,   /* revoked, in a frame that others hold */
    PAGE_HELD,   /* to be revoked, but the backend has it mapped still */
};

/* A page for the rings, to receive into or to copy into. What it says is on no page itself. */
struct page {
    uint8_t *bytes;
    uint32_t reference;     /* unless free or lent */
    uint32_t cleared_epoch; /* the connection it was last cleared for */
    enum page_state state;
};

/* Indices of what is free. */
struct stack_of {
    uint16_t *at;
    uint32_t count;
};

enum tx_state {
    TX_FREE,
    TX_PENDING, /* with the backend */
    TX_HELD,    /* answered, but the backend has the lent page mapped still */
    TX_DONE,    /* answered; other slots of its packet are not */
};

/* A transmit request, by its id. */
struct tx_slot {
    struct ms_frame *frame; /* of the packet; in its first slot, if the packet lends */
    uint32_t reference;     /* of a lent page; 0: it is one of ours */
    uint16_t page;          /* one of ours, or NO_PAGE */
    uint16_t first, next;   /* ids of the packet, chained; next of the last is its own */
    uint16_t left;          /* of the first: slots not done */
    uint8_t state;          /* enum tx_state */
    bool is_group;          /* no packet: joins or leaves a group */
};

struct queue;

/* What a received frame is made of; the struct ms_frame lies behind it. */
struct rx_frame {
    struct queue *queue;
    struct rx_frame *next; /* while free */
    uint16_t pages[SLOTS_MAX];
    uint16_t page_count;
    uint8_t bytes[COPY_BREAK_BYTES];
};

/* One data slot of a packet that is coming in. */
struct rx_piece {
    uint16_t page, offset, len;
};

/* A packet that is coming in, slot by slot. */
struct rx_chain {
    struct rx_piece pieces[SLOTS_MAX];
    uint32_t count; /* pieces */
    uint16_t flags; /* of the first slot */
    uint16_t segment_size;
    uint8_t segment_type; /* XEN_NETIF_GSO_TYPE_*, or 0 */
    bool is_open;         /* more slots belong to it */
    bool is_extra_next;   /* the next slot is an extra */
    bool is_bad;          /* will be dropped when it is over */
    bool has_more;        /* the last data slot promised another */
};

/* An event channel, and whether it is being ignored. */
struct port {
    uint32_t number; /* 0: none */
    uint32_t in_vain;
    uint64_t masked_until_us; /* 0: not masked */
    uint32_t backoff;
};

struct queue {
    struct ms_netfront *netfront;
    struct ring tx, rx;
    struct page *ring_pages; /* two */
    struct port ports[2];    /* TX and RX, or one for both */

    struct page *tx_pages;
    struct stack_of tx_free_pages;
    struct tx_slot *tx_slots; /* RING_SLOTS of them */
    struct stack_of tx_free_ids;
    uint32_t tx_extras;   /* slots in the ring that have no id */
    uint32_t tx_held;     /* slots TX_HELD */
    uint64_t tx_moved_us; /* when the backend last answered, or had nothing to answer */
    bool is_tx_stalled;

    struct page *rx_pages;
    struct stack_of rx_free_pages;
    uint16_t rx_posted[RING_SLOTS]; /* the page in each slot, or NO_PAGE */
    struct rx_frame *rx_free_frames;
    struct rx_chain chain;
    uint64_t refill_us; /* a grant was refused: when to ask again; 0: none was */
    bool has_work;      /* responses are left over */
};

/* What the backend can do, as read when connecting. */
struct features {
    uint16_t domain;
    uint16_t queues;
    bool split_event_channels;
    bool scatter_gather;
    bool multicast_control;
    bool tx_checksum_v4, tx_checksum_v6;
    bool gso_v4, gso_v6;
};

/* An address of groups that somebody above listens to. */
struct group {
    uint8_t mac[MAC_BYTES];
    bool is_told; /* the backend knows it, or will when it has read its ring */
    uint32_t joins;
};

/*
 * The groups, which the backend hears of in the transmit ring. Only when it has agreed to all of
 * them is it asked to filter, so that nothing is missed meanwhile.
 */
struct groups {
    struct group at[GROUPS_MAX];
    uint32_t count;
    uint32_t unlisted; /* joins of groups that found no room: nothing is filtered */
    uint32_t unanswered;
    bool is_due;     /* something is to be told */
    bool is_blocked; /* and could not be yet */
    bool is_refused; /* by this backend: it is not asked again */
    bool is_filtering;
};

/* Memory that lent buffers are granted from. */
struct region {
    const uint8_t *start;
    size_t len;
};

struct ms_netfront {
    struct ms_device device; /* first */
    struct ms_netfront_config config;
    struct ms_netfront_stats stats;
    enum ms_netfront_state state;
    enum ms_netfront_reason reason;
    enum ms_netfront_reason breaking; /* noticed, and the next step will act on it */
    struct features features;
    struct region regions[REGIONS_MAX];
    struct groups groups;
    struct queue *queues;
    uint32_t queue_count; /* there is memory for */
    uint32_t epoch;       /* connections so far */
    uint32_t pages_held;  /* of ours: PAGE_HELD */
    uint64_t now_us;      /* of the last poll */
    uint64_t retry_us;    /* when to try again what failed; UINT64_MAX: nothing did */
    uint64_t close_by_us; /* when closing does not wait any longer */
    char backend[128];    /* its path in the xenstore */
    char watched[128];    /* the backend's path that is watched, or "" */
    bool fired;           /* the watch */
    bool wants_open;      /* connects whenever the backend offers to */
    bool is_stale;        /* closes only to connect anew */
    bool has_carrier;
    bool is_changed; /* the host is to be told */
    bool was_up;
};

/* pages.c */
/* Grants a free page to the backend; false: no grant is left. Clears it if it may hold something
 * from before this connection. */
bool ms_netfront_page_share(struct ms_netfront *nf, struct page *page, bool is_readonly);
/* Takes a shared or held page back; false: it is held (PAGE_HELD). */
bool ms_netfront_page_take(struct ms_netfront *nf, struct page *page);
/* Asks for every page of the queue that is held. */
void ms_netfront_pages_recover(struct queue *queue);
/* Something the backend holds is to be asked for again. */
void ms_netfront_retry_soon(struct ms_netfront *nf);
/* The device is to close with the next step, unless it has another reason already. */
void ms_netfront_break(struct ms_netfront *nf, enum ms_netfront_reason reason);

/* transmit.c */
unsigned ms_netfront_transmit(struct ms_driver *driver, struct ms_frame **frames, unsigned n);
/* Shares the pages to copy into. False: too few could be. */
bool ms_netfront_tx_connect(struct queue *queue);
/* Takes back what the backend has sent. */
void ms_netfront_tx_poll(struct queue *queue);
/* Asks again for lent pages that were still mapped. */
void ms_netfront_tx_retry(struct queue *queue);
/* The connection is gone: what is pending counts as answered. */
void ms_netfront_tx_abandon(struct queue *queue);

/* Asks the backend to join or leave a group. False: there is no room now, but an answer is to come.
 */
bool ms_netfront_tx_group(struct queue *queue, const uint8_t mac[MAC_BYTES], bool is_joined);
/* Shows the backend what was written since the last time. */
void ms_netfront_tx_publish(struct queue *queue);

/* groups.c */
void ms_netfront_set_group(struct ms_driver *driver, const uint8_t mac[MAC_BYTES], bool is_joined);
/* A new connection, with a backend that knows of none. */
void ms_netfront_groups_connect(struct ms_netfront *nf);
/* Tells the backend what it does not know yet, as far as there is room. */
void ms_netfront_groups_tell(struct ms_netfront *nf);
void ms_netfront_group_answered(struct ms_netfront *nf, bool is_agreed);

/* receive.c */
/* Before the first refill of a connection. */
void ms_netfront_rx_connect(struct queue *queue);
/* Takes at most `max` packets in; the rest waits (has_work). Returns how many are in frames. */
unsigned ms_netfront_rx_poll(struct queue *queue, struct ms_frame **frames, unsigned max);
/* Whether the largest packet finds room when `taken` more pages are gone. */
bool ms_netfront_rx_keeps_reserve(const struct queue *queue, uint32_t taken);
/* Posts all free pages. Returns whether the backend is to be told. */
bool ms_netfront_rx_refill(struct queue *queue);
/* The connection is gone: takes back what was posted. */
void ms_netfront_rx_abandon(struct queue *queue);

/* Pages go back: to be posted again. */
void ms_netfront_rx_recycle(struct queue *queue, uint16_t page);

/* packet.c */
/* Makes a frame of a complete chain, whose pages are then used up: in the frame, or free or posted
 * again. NULL: dropped. */
struct ms_frame *ms_netfront_packet(struct queue *queue, struct rx_chain *chain);
void ms_netfront_frame_init(struct queue *queue, struct rx_frame *rx);
size_t ms_netfront_frame_bytes(void);

/* headers.c */
struct headers {
    uint32_t addresses; /* where IP's two addresses begin */
    uint32_t transport; /* where TCP or UDP begins */
    uint16_t checksum_offset;
    bool is_ipv6, is_tcp;
};
/* Finds TCP or UDP behind Ethernet and IP; false: there is none in these bytes. */
bool ms_netfront_headers(const uint8_t *bytes, uint32_t len, struct headers *headers);
/* The same for all frames of a flow (FNV-1a of addresses and ports); 0 for those of none. */
uint32_t ms_netfront_flow_hash(const uint8_t *bytes, uint32_t len);

/* store.c */
/* The device's own facts: MAC, MTU. */
enum ms_netfront_reason ms_netfront_store_open(struct ms_netfront *nf);
/* Where the backend is, and a watch on it. */
enum ms_netfront_reason ms_netfront_store_find_backend(struct ms_netfront *nf);
/* What the backend offers. */
enum ms_netfront_reason ms_netfront_store_negotiate(struct ms_netfront *nf);
/* Tells it of rings, ports and wishes, and that we are connected: all or nothing. */
enum ms_netfront_reason ms_netfront_store_publish(struct ms_netfront *nf);
/* The backend's state, and has_carrier. XenbusStateUnknown: there is none, or nonsense. */
unsigned ms_netfront_store_look(struct ms_netfront *nf);
void ms_netfront_store_set_state(struct ms_netfront *nf, unsigned state);
/* Whether the backend is to leave out groups it was not told of. False: that could not be said. */
bool ms_netfront_store_set_filter(struct ms_netfront *nf, bool is_on);
void ms_netfront_store_unwatch(struct ms_netfront *nf);

/* life.c */
/* One step of the conversation with the backend through the xenstore. */
void ms_netfront_step(struct ms_netfront *nf);
/* Gives all back that the backend lets go of. */
void ms_netfront_disconnect(struct ms_netfront *nf);

static inline bool stack_pop(struct stack_of *stack, uint16_t *index)
{
    if (stack->count == 0)
        return false;
    *index = stack->at[--stack->count];
    return true;
}

static inline void stack_push(struct stack_of *stack, uint16_t index)
{
    stack->at[stack->count++] = index;
}

#endif
