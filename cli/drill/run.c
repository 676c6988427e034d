/* SPDX-License-Identifier: ISC */
/* Plays a script against a stack: what it says comes in, what it expects must come out, in time. */
#include "drill/run.h"

#include <inttypes.h>
#include <string.h>

#include "drill/claim.h"
#include "drill/sockets.h"
#include "drill/world.h"

enum {
    US_PER_S = 1000000,
    SCRIPT_PORT = 8080,
    CLIENT_PORT = 40000, /* of the first peer that connects */
    REMOTE_BASE = 0x20000000,
    BASE_STEP = 0x01000001,
    GAP_SHARE = 8, /* an eighth of the time since the event before is tolerated, too */
    STAMPS = 256,
    ANY_TIME_US = 1000 * US_PER_S,
};

/* A timestamp as the script has it, and as it really was. */
struct stamp {
    uint32_t script, wire;
};

/* A call that waits while the script goes on. */
struct waiting {
    const struct event *event; /* NULL: there is none */
    struct outcome outcome;
    int64_t end_us, done_us; /* done_us: -1 while it waits */
};

struct run {
    const struct script *script;
    struct failure *failure;
    struct world world;
    struct sockets sockets;
    struct conversation conversation;
    bool is_conversation_used; /* more than SYNs went over it */
    unsigned conversations;
    struct stamp stamps[STAMPS];
    unsigned stamp_count;
    struct waiting waiting;
    uint64_t zero_us; /* the world's time at the script's 0 */
    int64_t last_us;  /* the script's, of the event before */
};

static int64_t script_now(const struct run *run)
{
    return (int64_t)(run->world.now_us - run->zero_us);
}

static bool fail(struct run *run, const struct event *event)
{
    run->failure->event = event;
    return false;
}

/* Time. */

struct span {
    int64_t from_us, until_us;
};

static struct span span_of(const struct run *run, const struct event *event)
{
    int64_t base_us = event->is_relative ? run->last_us : 0;

    if (event->is_any_time)
        return (struct span){ script_now(run), script_now(run) + ANY_TIME_US };
    return (struct span){ base_us + event->at_us, base_us + event->latest_us };
}

static int64_t tolerance_us(const struct run *run, int64_t at_us)
{
    int64_t share_us = (at_us - run->last_us) / GAP_SHARE;

    return share_us > run->script->tolerance_us ? share_us : run->script->tolerance_us;
}

static bool is_in_time(struct run *run, int64_t at_us, struct span span, const char *what)
{
    int64_t tolerated_us = tolerance_us(run, span.from_us);

    if (at_us >= span.from_us - tolerated_us && at_us <= span.until_us + tolerated_us)
        return true;
    return fault_is(&run->failure->fault, "%s at %.6f, and should at %.6f%s", what,
                    (double)at_us / US_PER_S, (double)span.from_us / US_PER_S,
                    span.until_us > span.from_us ? " or later" : "");
}

/* Calls. */

static bool check_outcome(struct run *run, const struct call *call, const struct outcome *outcome)
{
    if (call->has_any_result)
        return true;
    if (outcome->result == call->result && (call->error == 0 || call->error == outcome->error))
        return true;
    return fault_is(&run->failure->fault,
                    "%s() returned %" PRId64 "%s%s, and should %" PRId64 "%s%s", call->name,
                    outcome->result, outcome->result < 0 ? " " : "",
                    outcome->result < 0 ? call_error_name(outcome->error) : "", call->result,
                    call->error ? " " : "", call->error ? call_error_name(call->error) : "");
}

static void go_on_waiting(void *arg)
{
    struct run *run = arg;
    struct waiting *w = &run->waiting;
    struct fault ignored;

    if (w->event && w->done_us < 0 &&
        sockets_call(&run->sockets, &w->event->what.call, false, &w->outcome, &ignored) ==
            CALL_DONE)
        w->done_us = script_now(run);
}

/* The call that waited has ended, as and when it should. */
static bool finish_waiting(struct run *run)
{
    struct waiting *w = &run->waiting;
    const struct event *event = w->event;
    const struct span end = { w->end_us, w->end_us };

    if (!event)
        return true;
    w->event = NULL;
    if (w->done_us < 0)
        (void)fault_is(&run->failure->fault, "%s() still waits", event->what.call.name);
    else if (is_in_time(run, w->done_us, end, "the call ended") &&
             check_outcome(run, &event->what.call, &w->outcome))
        return true;
    return fail(run, event);
}

static bool make_call(struct run *run, const struct event *event)
{
    const struct call *call = &event->what.call;
    struct outcome outcome;
    enum call_state state;

    if (!finish_waiting(run))
        return false;
    state = sockets_call(&run->sockets, call, true, &outcome, &run->failure->fault);
    if (state == CALL_UNSUPPORTED)
        return fail(run, event);
    if (state == CALL_DONE) {
        world_settle(&run->world);
        return check_outcome(run, call, &outcome) || fail(run, event);
    }
    if (event->end_us < 0) {
        (void)fault_is(&run->failure->fault,
                       "%s() waits; when it ends is written +0...0.1, or it needs O_NONBLOCK",
                       call->name);
        return fail(run, event);
    }
    run->waiting = (struct waiting){
        .event = event,
        .end_us = event->end_us + (event->is_relative ? run->last_us : 0),
        .done_us = -1,
    };
    world_settle(&run->world);
    return true;
}

/* Packets. */

static void begin_conversation(struct run *run, uint16_t local_port, uint16_t remote_port)
{
    run->conversation = (struct conversation){
        .local = run->world.local,
        .remote = run->world.remote,
        .local_port = local_port,
        .remote_port = remote_port,
        .remote_base = REMOTE_BASE + run->conversations * (uint32_t)BASE_STEP,
    };
    run->conversations++;
    run->is_conversation_used = false;
    run->stamp_count = 0;
}

/* The script echoes a timestamp that it made up: the stack wants its own back. */
static void translate_echoes(const struct run *run, struct packet *packet)
{
    for (unsigned i = 0; i < packet->option_count; i++) {
        struct packet_option *option = &packet->options[i];

        if (option->kind != OPTION_TIMESTAMP)
            continue;
        for (unsigned j = run->stamp_count; j-- > 0;) {
            if (run->stamps[j].script == option->echo) {
                option->echo = run->stamps[j].wire;
                break;
            }
        }
    }
}

static void learn_stamps(struct run *run, const struct packet *is, const struct packet *should)
{
    for (unsigned i = 0; i < is->option_count && i < should->option_count; i++) {
        if (is->options[i].kind == OPTION_TIMESTAMP && run->stamp_count < STAMPS)
            run->stamps[run->stamp_count++] =
                (struct stamp){ should->options[i].value, is->options[i].value };
    }
}

static void send_inbound(struct run *run, const struct packet *said)
{
    static uint8_t bytes[PACKET_BYTES_MAX];
    struct packet packet = *said;
    bool is_syn = packet.kind == PACKET_TCP && (packet.flags & (FLAG_SYN | FLAG_ACK)) == FLAG_SYN;

    if (run->conversations == 0 || (is_syn && packet.seq == 0 && run->is_conversation_used))
        begin_conversation(run, SCRIPT_PORT, (uint16_t)(CLIENT_PORT + run->conversations));
    run->is_conversation_used |= !is_syn;
    translate_echoes(run, &packet);
    world_receive(&run->world, bytes, packet_to_wire(&packet, &run->conversation, bytes));
}

/* Reads a packet that was sent; false: it belongs to nothing that the script is about. */
static bool read_sent(struct run *run, const struct sent *sent, const struct packet *should,
                      struct packet *is)
{
    struct conversation ports;
    struct conversation *c = &run->conversation;

    if (!packet_from_wire(is, sent->bytes, sent->len, &ports))
        return false;
    if ((is->flags & (FLAG_SYN | FLAG_ACK)) == FLAG_SYN && ports.remote_port == SCRIPT_PORT &&
        (run->conversations == 0 || ports.local_port != c->local_port))
        begin_conversation(run, ports.local_port, ports.remote_port);
    if (ports.local_port != c->local_port || ports.remote_port != c->remote_port)
        return false;
    if ((is->flags & FLAG_SYN) && !c->has_local_base) {
        c->local_base = is->seq - should->seq;
        c->has_local_base = true;
    }
    packet_make_relative(is, c);
    return true;
}

/* The next one that the script is about. NULL: none was sent until then. */
static const struct sent *await(struct run *run, const struct packet *should, int64_t until_us,
                                struct packet *is)
{
    for (;;) {
        const struct sent *sent =
            world_await(&run->world, run->zero_us + (uint64_t)(until_us > 0 ? until_us : 0));

        if (!sent || read_sent(run, sent, should, is))
            return sent;
        world_forget(&run->world);
    }
}

/* A line may stand for several segments in a row, of which only the last may be a smaller one. */
static void gather(struct run *run, const struct packet *should, int64_t until_us,
                   struct packet *is)
{
    uint32_t first_len = is->len;

    while (is->len > 0 && is->len < should->len && is->len % first_len == 0) {
        struct packet more;

        world_forget(&run->world);
        if (!await(run, should, until_us, &more) || more.seq != is->seq + is->len ||
            more.len == 0 || more.len > first_len)
            return;
        is->len += more.len;
        is->flags |= more.flags;
    }
}

static bool expect(struct run *run, const struct event *event, struct span span)
{
    const struct packet *should = &event->what.packet;
    int64_t until_us = span.until_us + tolerance_us(run, span.from_us), at_us;
    const struct sent *sent;
    const char *difference;
    struct packet is;

    packet_print(should, run->failure->expected);
    sent = await(run, should, until_us, &is);
    if (!sent) {
        (void)fault_is(&run->failure->fault, "nothing was sent until %.6f",
                       (double)until_us / US_PER_S);
        return fail(run, event);
    }
    at_us = (int64_t)(sent->at_us - run->zero_us);
    gather(run, should, until_us, &is);
    packet_print(&is, run->failure->got);
    difference = packet_difference(&is, should);
    if (difference)
        (void)fault_is(&run->failure->fault, "%s: not as expected", difference);
    if (difference || !is_in_time(run, at_us, span, "it was sent"))
        return fail(run, event);
    learn_stamps(run, &is, should);
    run->is_conversation_used |= !(is.flags & FLAG_SYN);
    if (run->world.first)
        world_forget(&run->world);
    run->failure->expected[0] = run->failure->got[0] = '\0';
    return true;
}

/* Events. */

static void run_until(struct run *run, int64_t us)
{
    if (us > script_now(run))
        world_run_until(&run->world, run->zero_us + (uint64_t)us);
}

static bool play(struct run *run, const struct event *event)
{
    struct span span = span_of(run, event);
    bool is_expected = event->kind == EVENT_PACKET && event->what.packet.is_outbound, is_fine;

    if (is_expected) {
        is_fine = expect(run, event, span);
    } else {
        run_until(run, span.from_us);
        if (event->kind == EVENT_PACKET) {
            send_inbound(run, &event->what.packet);
            is_fine = true;
        } else if (event->kind == EVENT_CALL) {
            is_fine = make_call(run, event);
        } else {
            is_fine =
                claim_holds(event->text, sockets_connection(&run->sockets), &run->failure->fault) ||
                fail(run, event);
        }
    }
    if (is_fine && run->world.is_out_of_memory) {
        (void)fault_is(&run->failure->fault, "out of memory");
        return fail(run, event);
    }
    run->last_us =
        event->is_any_time || span.until_us > span.from_us ? script_now(run) : span.from_us;
    return is_fine;
}

bool run_script(const struct script *script, struct ms_pcap_writer *writer, struct failure *failure)
{
    static struct run run;
    bool is_fine = true;

    *failure = (struct failure){ .event = NULL };
    run = (struct run){ .script = script, .failure = failure };
    if (!world_open(&run.world, script->is_ipv6))
        return fault_is(&failure->fault, "there is no memory for a stack");
    run.sockets.world = &run.world;
    run.world.writer = writer;
    run.world.on_progress = go_on_waiting;
    run.world.arg = &run;
    run.zero_us = run.world.now_us;
    for (unsigned i = 0; i < script->event_count && is_fine; i++)
        is_fine = play(&run, &script->events[i]);
    if (is_fine)
        is_fine = finish_waiting(&run);
    run.world.on_progress = NULL;
    world_close(&run.world);
    sockets_free(&run.sockets);
    return is_fine;
}
