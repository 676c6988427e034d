/* SPDX-License-Identifier: ISC */
/*
 * The grid: every kind of segment to every state, and what the stack did held against the oracle.
 *
 * Usage: grid. Prints what differs, then the figures; fails if anything differs unargued.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "argued.h"
#include "world.h"

enum { FLAGS = 64, SEQS = 9, ACKS = 7, TEXTS = 4, STAMPS = 2, SHOWN = 40 };

static struct world world;

static const char *const states[] = { "CLOSED",      "LISTEN",     "SYN-SENT",   "SYN-RECEIVED",
                                      "ESTABLISHED", "FIN-WAIT-1", "FIN-WAIT-2", "CLOSE-WAIT",
                                      "CLOSING",     "LAST-ACK",   "TIME-WAIT" };
static const char *const replies[] = { "silence", "ACK", "RST", "RST,ACK", "SYN,ACK", "strange" };

struct figures {
    unsigned segments, argued, differences;
};

/* The edges of the window, what lies just and far beyond, and a start before it. */
static uint32_t seq_of(unsigned class, const struct oracle_connection *connection)
{
    uint32_t next = connection->rcv_nxt, edge = next + connection->rcv_wnd;
    const uint32_t seqs[SEQS] = {
        next - (1u << 30), next - 50,         next - 1, next, next + 1, edge - 1, edge,
        edge + 1,          next + (1u << 30),
    };

    return seqs[class];
}

static uint32_t ack_of(unsigned class, const struct oracle_connection *connection)
{
    uint32_t una = connection->snd_una, next = connection->snd_nxt;
    const uint32_t acks[ACKS] = {
        una - connection->max_snd_wnd - 1,
        una - connection->max_snd_wnd,
        una - 1,
        una,
        next - una > 1 ? next - 1 : una + 1, /* all but our FIN */
        next,
        next + 1,
    };

    return acks[class];
}

/* The cell of the grid: payload fastest but one, flags slowest. */
static struct oracle_segment segment_of(unsigned cell, const struct oracle_connection *connection)
{
    static const uint32_t texts[TEXTS] = { 0, 1, 100, TEXT_MAX };
    struct oracle_segment segment;

    segment.ts_value = connection->ts_recent + (cell % STAMPS ? 1u : UINT32_MAX);
    cell /= STAMPS;
    segment.len = texts[cell % TEXTS];
    cell /= TEXTS;
    segment.ack = ack_of(cell % ACKS, connection);
    cell /= ACKS;
    segment.seq = seq_of(cell % SEQS, connection);
    segment.flags = (uint8_t)(cell / SEQS);
    return segment;
}

static unsigned reply_of(const struct sight *sight)
{
    uint8_t flags = sight->flags & (SYN | ACK | RST | FIN);

    if (sight->replies == 0 && sight->others == 0)
        return SILENCE;
    if (sight->replies != 1 || sight->others || sight->reply_len)
        return 5;
    if (flags == ACK)
        return AN_ACK;
    if (flags == RST)
        return A_RST;
    if (flags == (RST | ACK))
        return A_RST_ACK;
    return flags == (SYN | ACK) ? A_SYN_ACK : 5;
}

/* What the stack did, in the oracle's words. */
static struct oracle_verdict seen(const struct world *w)
{
    const struct sight *sight = &w->sight;
    struct oracle_verdict verdict = {
        .reply = (enum oracle_reply)reply_of(sight),
        .seq = sight->seq,
        .ack = sight->ack,
        .state = world_state(w),
        .delivered = sight->delivered,
        .is_opened = sight->is_opened,
        .is_ended = sight->is_ended,
        .is_reset = sight->is_closed && sight->why != MS_OK,
    };

    return verdict;
}

static bool is_answer_same(const struct oracle_verdict *said, const struct oracle_verdict *did)
{
    if (said->reply != did->reply)
        return false;
    if (said->reply == SILENCE)
        return true;
    if (said->is_new_connection) /* beyond all that the last one used (MAY-2) */
        return said->ack == did->ack && (world.connection.state != TIME_WAIT ||
                                         did->seq - world.connection.snd_nxt < 0x80000000u);
    return said->seq == did->seq && (said->reply == A_RST || said->ack == did->ack);
}

/* The user of a connection hears its end: once, in TIME-WAIT already. */
static bool is_end_same(const struct oracle_verdict *said)
{
    enum oracle_state before = world.connection.state;
    bool had_user = said->is_opened || (before != CLOSED && before != LISTEN &&
                                        before != SYN_RECEIVED && before != TIME_WAIT);
    bool is_over = said->state == CLOSED || said->state == LISTEN || said->state == TIME_WAIT;

    return world.sight.is_closed == (had_user && is_over);
}

static bool is_same(const struct oracle_verdict *said, const struct oracle_verdict *did)
{
    enum oracle_state state = said->state == LISTEN ? CLOSED : said->state;

    return is_answer_same(said, did) && state == did->state && said->delivered == did->delivered &&
           said->is_opened == did->is_opened && said->is_ended == did->is_ended &&
           said->is_reset == did->is_reset && is_end_same(said) && !world.sight.is_garbled;
}

static void print_verdict(const char *who, const struct oracle_verdict *verdict)
{
    const struct oracle_connection *connection = &world.connection;

    printf("  %s: %s", who, replies[verdict->reply]);
    if (verdict->reply != SILENCE)
        printf(" seq NXT%+d ack NXT%+d", (int)(verdict->seq - connection->snd_nxt),
               (int)(verdict->ack - connection->rcv_nxt));
    printf(", %s, %u bytes%s%s%s\n", states[verdict->state], verdict->delivered,
           verdict->is_opened ? ", open" : "", verdict->is_ended ? ", end" : "",
           verdict->is_reset ? ", reset" : "");
}

static void print_difference(const struct oracle_segment *segment,
                             const struct oracle_verdict *said, const struct oracle_verdict *did)
{
    const struct oracle_connection *connection = &world.connection;

    printf("%s, IPv%c:", states[connection->state], world.is_ipv4 ? '4' : '6');
    for (unsigned i = 0; i < 6; i++)
        if (segment->flags >> i & 1)
            printf(" %s", (const char *[]){ "FIN", "SYN", "RST", "PSH", "ACK", "URG" }[i]);
    printf(" seq NXT%+d ack UNA%+d (NXT%+d), %u bytes, timestamp %+d\n",
           (int)(segment->seq - connection->rcv_nxt), (int)(segment->ack - connection->snd_una),
           (int)(segment->ack - connection->snd_nxt), segment->len,
           (int)(segment->ts_value - connection->ts_recent));
    print_verdict("oracle", said);
    print_verdict("mstack", did);
}

static void try_cell(unsigned cell, struct figures *figures)
{
    struct oracle_segment segment = segment_of(cell, &world.connection);
    struct oracle_verdict said = oracle_arrives(&world.connection, &segment), did;

    world_send(&world, &segment);
    did = seen(&world);
    figures->segments++;
    if (is_same(&said, &did))
        return;
    if (argued_verdict(&world.connection, &segment, &said) && is_same(&said, &did)) {
        figures->argued++;
        return;
    }
    if (figures->differences++ < SHOWN || getenv("GRID_ALL"))
        print_difference(&segment, &said, &did);
}

int main(void)
{
    struct figures figures = { 0 };

    for (unsigned family = 0; family < 2; family++)
        for (unsigned state = 0; state < ORACLE_STATES; state++)
            for (unsigned cell = 0; cell < FLAGS * SEQS * ACKS * TEXTS * STAMPS; cell++) {
                world_enter(&world, family == 0, (enum oracle_state)state);
                try_cell(cell, &figures);
            }
    printf("segments: %u\nargued: %u\ndifferences: %u\n", figures.segments, figures.argued,
           figures.differences);
    return figures.differences > 0;
}
