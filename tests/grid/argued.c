/* SPDX-License-Identifier: ISC */
/* One function a row of docs/differences.md, "Than the oracle", in its order. */
#include "argued.h"

struct grid_case {
    const struct oracle_connection *connection;
    const struct oracle_segment *segment;
};

static bool has(const struct grid_case *c, uint8_t flags) { return c->segment->flags & flags; }

/* How far before RCV.NXT it begins; negative: after. */
static int32_t old_bytes(const struct grid_case *c)
{
    return (int32_t)(c->connection->rcv_nxt - c->segment->seq);
}

static struct oracle_verdict silence(const struct grid_case *c)
{
    return (struct oracle_verdict){ .state = c->connection->state };
}

static struct oracle_verdict acknowledgment(const struct grid_case *c)
{
    return (struct oracle_verdict){ .state = c->connection->state,
                                    .reply = AN_ACK,
                                    .seq = c->connection->snd_nxt,
                                    .ack = c->connection->rcv_nxt };
}

static bool impossible_flags(const struct grid_case *c, struct oracle_verdict *verdict)
{
    uint8_t opening = c->segment->flags & (SYN | FIN | RST);

    *verdict = silence(c);
    return opening & (opening - 1);
}

static bool repeated_syn(const struct grid_case *c, struct oracle_verdict *verdict)
{
    if (c->connection->state != SYN_RECEIVED || !has(c, SYN) || has(c, ACK) || old_bytes(c) != 1)
        return false;
    *verdict = acknowledgment(c);
    verdict->reply = A_SYN_ACK;
    verdict->seq = c->connection->snd_una;
    return true;
}

static bool other_syn(const struct grid_case *c, struct oracle_verdict *verdict)
{
    *verdict = acknowledgment(c);
    return c->connection->state == SYN_RECEIVED && has(c, SYN);
}

static bool before_the_syn(const struct grid_case *c, struct oracle_verdict *verdict)
{
    *verdict = acknowledgment(c);
    return c->connection->state == SYN_RECEIVED && !has(c, RST) && old_bytes(c) > 0;
}

/* The oracle says what becomes of the rest. */
static bool old_text(const struct grid_case *c, struct oracle_verdict *verdict)
{
    struct oracle_segment rest = *c->segment;
    enum oracle_state state = c->connection->state;
    int32_t old = old_bytes(c);

    if (state < ESTABLISHED || state == TIME_WAIT || has(c, SYN | RST) || old <= 0 ||
        (uint32_t)old > rest.len)
        return false;
    rest.seq += (uint32_t)old;
    rest.len -= (uint32_t)old;
    *verdict = oracle_arrives(c->connection, &rest);
    if (verdict->reply == SILENCE) {
        state = verdict->state;
        *verdict = acknowledgment(c);
        verdict->state = state;
    }
    return true;
}

static bool second_fin(const struct grid_case *c, struct oracle_verdict *verdict)
{
    enum oracle_state state = c->connection->state;

    verdict->reply = SILENCE;
    return (state == CLOSE_WAIT || state == CLOSING || state == LAST_ACK) && has(c, FIN) &&
           old_bytes(c) <= 0;
}

static bool reset_while_closing(const struct grid_case *c, struct oracle_verdict *verdict)
{
    enum oracle_state state = c->connection->state;

    verdict->is_reset = true;
    return (state == CLOSING || state == LAST_ACK) && has(c, RST) && verdict->state == CLOSED;
}

static bool reset_in_time_wait(const struct grid_case *c, struct oracle_verdict *verdict)
{
    *verdict = silence(c);
    return c->connection->state == TIME_WAIT && has(c, RST);
}

static bool no_ack_in_time_wait(const struct grid_case *c, struct oracle_verdict *verdict)
{
    *verdict = silence(c);
    return c->connection->state == TIME_WAIT && !has(c, SYN | ACK | RST);
}

static bool bare_ack_in_time_wait(const struct grid_case *c, struct oracle_verdict *verdict)
{
    *verdict = silence(c);
    return c->connection->state == TIME_WAIT && !has(c, SYN | FIN | RST) && c->segment->len == 0 &&
           old_bytes(c) == 0;
}

static bool window_in_time_wait(const struct grid_case *c, struct oracle_verdict *verdict)
{
    *verdict = acknowledgment(c);
    return c->connection->state == TIME_WAIT && has(c, ACK) && !has(c, SYN | RST) &&
           (c->segment->len > 0 || old_bytes(c) != 0);
}

typedef bool difference_fn(const struct grid_case *c, struct oracle_verdict *verdict);

/* The first that speaks of a segment counts. */
static difference_fn *const differences[] = {
    impossible_flags,
    repeated_syn,
    other_syn,
    before_the_syn,
    old_text,
    second_fin,
    reset_while_closing,
    reset_in_time_wait,
    no_ack_in_time_wait,
    bare_ack_in_time_wait,
    window_in_time_wait,
};

bool argued_verdict(const struct oracle_connection *connection,
                    const struct oracle_segment *segment, struct oracle_verdict *verdict)
{
    const struct grid_case c = { connection, segment };

    for (unsigned i = 0; i < sizeof(differences) / sizeof(differences[0]); i++) {
        struct oracle_verdict instead = *verdict;

        if (differences[i](&c, &instead)) {
            *verdict = instead;
            return true;
        }
    }
    return false;
}
