/* SPDX-License-Identifier: ISC */
/*
 * The oracle: SEGMENT ARRIVES (RFC 9293, 3.10.7) as it is written, step by step, with RFC 5961 and
 * RFC 7323's PAWS where 3.10.7 names them. Written from these texts alone. Where they leave a
 * choice, a comment says which one is taken.
 */
#include "oracle.h"

struct arrival {
    const struct oracle_connection *connection;
    const struct oracle_segment *segment;
    struct oracle_verdict verdict;
    uint32_t rcv_nxt; /* as it advances */
};

static bool is_before(uint32_t a, uint32_t b) { return (a - b) & 0x80000000u; }

static bool is_in(uint32_t number, uint32_t from, uint32_t len) { return number - from < len; }

static bool has(const struct arrival *arrival, uint8_t flag)
{
    return arrival->segment->flags & flag;
}

/* SEG.LEN counts SYN and FIN. */
static uint32_t segment_len(const struct arrival *arrival)
{
    return arrival->segment->len + has(arrival, SYN) + has(arrival, FIN);
}

/* <SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK> */
static void acknowledge(struct arrival *arrival)
{
    arrival->verdict.reply = AN_ACK;
    arrival->verdict.seq = arrival->connection->snd_nxt;
    arrival->verdict.ack = arrival->rcv_nxt;
}

/* <SEQ=SEG.ACK><CTL=RST> */
static void reset_by_ack(struct arrival *arrival)
{
    arrival->verdict.reply = A_RST;
    arrival->verdict.seq = arrival->segment->ack;
}

/* 3.10.7.1 */
static void arrives_closed(struct arrival *arrival)
{
    if (has(arrival, RST))
        return;
    if (has(arrival, ACK)) {
        reset_by_ack(arrival);
        return;
    }
    arrival->verdict.reply = A_RST_ACK;
    arrival->verdict.seq = 0;
    arrival->verdict.ack = arrival->segment->seq + segment_len(arrival);
}

static void open_anew(struct arrival *arrival)
{
    arrival->verdict.reply = A_SYN_ACK;
    arrival->verdict.is_new_connection = true;
    arrival->verdict.ack = arrival->segment->seq + 1;
    arrival->verdict.state = SYN_RECEIVED;
}

/*
 * 3.10.7.2. "Any other incoming control or data (combined with SYN) will be processed in the
 * SYN-RECEIVED state": there, what has no ACK is dropped.
 */
static void arrives_listen(struct arrival *arrival)
{
    if (has(arrival, RST))
        return;
    if (has(arrival, ACK))
        reset_by_ack(arrival);
    else if (has(arrival, SYN))
        open_anew(arrival);
}

/* Step 7: the part of the text that lies in the window and continues the stream. */
static void take_text(struct arrival *arrival)
{
    const struct oracle_segment *segment = arrival->segment;
    uint32_t start = segment->seq + has(arrival, SYN), end = start + segment->len;
    uint32_t edge = arrival->rcv_nxt + arrival->connection->rcv_wnd;

    if (segment->len == 0)
        return;
    if (is_before(edge, end))
        end = edge;
    if (!is_before(arrival->rcv_nxt, start) && is_before(arrival->rcv_nxt, end)) {
        arrival->verdict.delivered = end - arrival->rcv_nxt;
        arrival->rcv_nxt = end;
    }
    acknowledge(arrival);
}

/* Step 8. A FIN that lies behind a gap, or beyond the window, is not processed now. */
static void take_fin(struct arrival *arrival)
{
    struct oracle_verdict *verdict = &arrival->verdict;
    uint32_t number = arrival->segment->seq + has(arrival, SYN) + arrival->segment->len;

    if (!has(arrival, FIN))
        return;
    if (number == arrival->rcv_nxt &&
        is_in(number, arrival->connection->rcv_nxt, arrival->connection->rcv_wnd)) {
        arrival->rcv_nxt++;
        verdict->is_ended = true;
        if (verdict->state == ESTABLISHED)
            verdict->state = CLOSE_WAIT;
        else if (verdict->state == FIN_WAIT_1)
            verdict->state = CLOSING;
        else
            verdict->state = TIME_WAIT;
    }
    acknowledge(arrival);
}

/* Steps 6 to 8. The peer that has sent its FIN has no more text: it is ignored. */
static void take_rest(struct arrival *arrival)
{
    enum oracle_state state = arrival->verdict.state;

    if (state == ESTABLISHED || state == FIN_WAIT_1 || state == FIN_WAIT_2) {
        take_text(arrival);
        take_fin(arrival);
    } else if (has(arrival, FIN)) {
        acknowledge(arrival); /* a FIN is acknowledged; there is but one to advance over */
    }
}

/* 3.10.7.3 */
static void arrives_syn_sent(struct arrival *arrival)
{
    const struct oracle_connection *connection = arrival->connection;
    const struct oracle_segment *segment = arrival->segment;
    struct oracle_verdict *verdict = &arrival->verdict;

    if (has(arrival, ACK) && segment->ack != connection->snd_nxt) {
        if (!has(arrival, RST))
            reset_by_ack(arrival);
        return;
    }
    if (has(arrival, RST)) {
        if (has(arrival, ACK)) {
            verdict->is_reset = true;
            verdict->state = CLOSED;
        }
        return;
    }
    if (!has(arrival, SYN))
        return;
    arrival->rcv_nxt = segment->seq + 1;
    if (!has(arrival, ACK)) { /* what else it has is queued until ESTABLISHED */
        verdict->reply = A_SYN_ACK;
        verdict->seq = connection->snd_una;
        verdict->ack = arrival->rcv_nxt;
        verdict->state = SYN_RECEIVED;
        return;
    }
    verdict->is_opened = true;
    verdict->state = ESTABLISHED;
    acknowledge(arrival);
    take_rest(arrival);
}

/* Step 1: the four cases of the table. */
static bool is_acceptable(const struct arrival *arrival)
{
    const struct oracle_connection *connection = arrival->connection;
    uint32_t seq = arrival->segment->seq, len = segment_len(arrival);
    uint32_t nxt = connection->rcv_nxt, wnd = connection->rcv_wnd;

    if (len == 0)
        return wnd == 0 ? seq == nxt : is_in(seq, nxt, wnd);
    return is_in(seq, nxt, wnd) || is_in(seq + len - 1, nxt, wnd);
}

/* Step 2, with RFC 5961, 3.2. What the user hears in the closing states is no error. */
static void take_rst(struct arrival *arrival)
{
    const struct oracle_connection *connection = arrival->connection;
    struct oracle_verdict *verdict = &arrival->verdict;
    uint32_t seq = arrival->segment->seq;

    if (!is_in(seq, connection->rcv_nxt, connection->rcv_wnd))
        return;
    if (seq != connection->rcv_nxt) {
        acknowledge(arrival);
        return;
    }
    verdict->state = connection->state == SYN_RECEIVED ? LISTEN : CLOSED;
    verdict->is_reset = connection->state >= ESTABLISHED && connection->state <= CLOSE_WAIT;
}

/* Step 4. The window was looked at before; RFC 5961, 4.2 answers any SYN as the window does. */
static void take_syn(struct arrival *arrival)
{
    if (arrival->connection->state == SYN_RECEIVED)
        arrival->verdict.state = LISTEN;
    else
        acknowledge(arrival);
}

/*
 * RFC 6191, which 3.10.7.4 names: a SYN in TIME-WAIT, both incarnations with timestamps. "For all
 * other cases", the rest of 3.10.7.4 holds.
 */
static bool is_successor(const struct arrival *arrival)
{
    return arrival->connection->state == TIME_WAIT &&
           (arrival->segment->flags & (SYN | ACK | RST)) == SYN &&
           is_before(arrival->connection->ts_recent, arrival->segment->ts_value);
}

/*
 * Step 5; false: no further. An ACK counts when it arrives, also on a segment behind a gap, whose
 * text and FIN are held: 3.10.7.4 leaves that open ("one could tailor actual segments").
 */
static bool take_ack(struct arrival *arrival)
{
    const struct oracle_connection *connection = arrival->connection;
    struct oracle_verdict *verdict = &arrival->verdict;
    uint32_t ack = arrival->segment->ack;
    bool is_all = ack == connection->snd_nxt;

    if (connection->state == SYN_RECEIVED) {
        if (!is_all) {
            reset_by_ack(arrival);
            return false;
        }
        verdict->state = ESTABLISHED;
        verdict->is_opened = true;
        return true;
    }
    /* RFC 5961, 5.2 */
    if (is_before(ack, connection->snd_una - connection->max_snd_wnd) ||
        is_before(connection->snd_nxt, ack)) {
        acknowledge(arrival);
        return false;
    }
    if (connection->state == FIN_WAIT_1 && is_all)
        verdict->state = FIN_WAIT_2;
    if (connection->state == CLOSING) {
        if (is_all)
            verdict->state = TIME_WAIT;
        return is_all;
    }
    if (connection->state == LAST_ACK && is_all)
        verdict->state = CLOSED;
    return verdict->state != CLOSED;
}

/* 3.10.7.4. RFC 7323, 5.3: R1 comes before the window, and leaves RST alone. */
static void arrives_otherwise(struct arrival *arrival)
{
    const struct oracle_connection *connection = arrival->connection;

    if (is_successor(arrival))
        open_anew(arrival);
    else if (has(arrival, RST))
        take_rst(arrival);
    else if (is_before(arrival->segment->ts_value, connection->ts_recent) ||
             !is_acceptable(arrival))
        acknowledge(arrival);
    else if (has(arrival, SYN))
        take_syn(arrival);
    else if (has(arrival, ACK) && take_ack(arrival))
        take_rest(arrival);
}

struct oracle_verdict oracle_arrives(const struct oracle_connection *connection,
                                     const struct oracle_segment *segment)
{
    struct arrival arrival = { .connection = connection,
                               .segment = segment,
                               .verdict = { .state = connection->state },
                               .rcv_nxt = connection->rcv_nxt };

    if (connection->state == CLOSED)
        arrives_closed(&arrival);
    else if (connection->state == LISTEN)
        arrives_listen(&arrival);
    else if (connection->state == SYN_SENT)
        arrives_syn_sent(&arrival);
    else
        arrives_otherwise(&arrival);
    return arrival.verdict;
}
