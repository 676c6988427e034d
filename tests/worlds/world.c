/* SPDX-License-Identifier: ISC */
/* Virtual time: one event after the other, until all is over, and whether all was well. */
#include "world.h"

#include <sha2.h>
#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"

enum {
    EVENTS_MAX = 3000000, /* more, and something runs in circles */
};

static const uint64_t ENDS_WITHIN_US = UINT64_C(7200) * US_PER_S; /* after the last fault */
static const uint64_t FORGETS_WITHIN_US = UINT64_C(400) * US_PER_S;

void world_fail(struct world *world, const char *format, ...)
{
    va_list arguments;
    int at;

    if (world->has_failed)
        return;
    world->has_failed = true;
    at = snprintf(world->fault, sizeof(world->fault), "at %.6f s: ", (double)world->now_us / 1e6);
    va_start(arguments, format);
    vsnprintf(world->fault + at, sizeof(world->fault) - (size_t)at, format, arguments);
    va_end(arguments);
}

void world_tell(struct world *world, const char *format, ...)
{
    va_list arguments;

    if (!world->trace)
        return;
    fprintf(world->trace, "%12.6f ", (double)world->now_us / 1e6);
    va_start(arguments, format);
    vfprintf(world->trace, format, arguments);
    va_end(arguments);
    fputc('\n', world->trace);
}

uint64_t content_of(uint64_t sum, const uint8_t *bytes, size_t len)
{
    for (; len >= 8; len -= 8, bytes += 8) {
        sum = (sum ^ load_be64(bytes)) * UINT64_C(0x9e3779b97f4a7c15);
        sum ^= sum >> 29;
    }
    for (; len > 0; len--)
        sum = (sum ^ *bytes++) * UINT64_C(0x100000001b3);
    return sum;
}

static void hash_records(struct world *world)
{
    SHA256Update(world->hash, (const uint8_t *)world->records,
                 world->record_count * sizeof(world->records[0]));
    world->record_count = 0;
}

void world_record(struct world *world, uint64_t what, uint64_t content)
{
    if (world->record_count == RECORDS_MAX)
        hash_records(world);
    world->records[world->record_count++] = (struct record){
        .at_us = swap_be64(world->now_us),
        .content = swap_be64(content ^ what << 32),
    };
}

/* --- What is to happen --- */

static bool is_before(const struct event *a, const struct event *b)
{
    return a->at_us != b->at_us ? a->at_us < b->at_us : a->order < b->order;
}

void world_schedule(struct world *world, uint64_t at_us, enum event_kind kind, uint32_t who,
                    struct parcel *parcel)
{
    unsigned at = world->event_count++;
    struct event event = { at_us, world->order++, kind, who, parcel };

    if (world->event_count > world->event_capacity) {
        world->event_capacity = 2 * world->event_count + 256;
        world->events = realloc(world->events, world->event_capacity * sizeof(event));
    }
    if (!world->events)
        abort();
    for (; at > 0 && is_before(&event, &world->events[(at - 1) / 2]); at = (at - 1) / 2)
        world->events[at] = world->events[(at - 1) / 2];
    world->events[at] = event;
}

static struct event take_next(struct world *world)
{
    struct event first = world->events[0], last = world->events[--world->event_count];
    unsigned at = 0, child;

    while ((child = 2 * at + 1) < world->event_count) {
        if (child + 1 < world->event_count &&
            is_before(&world->events[child + 1], &world->events[child]))
            child++;
        if (!is_before(&world->events[child], &last))
            break;
        world->events[at] = world->events[child];
        at = child;
    }
    world->events[at] = last;
    return first;
}

static void be_troubled(struct world *world, uint32_t who)
{
    const struct trouble *trouble = &world->plan.troubles[who >> 1];
    struct link_state *link = &world->links[trouble->who % LINKS_MAX];
    struct host *host = &world->hosts[trouble->who];
    bool is_end = who & 1;
    uint64_t until_us = world->now_us + trouble->lasts_us;

    world_tell(world, "trouble %u of %u %s", trouble->kind, trouble->who,
               is_end ? "ends" : "begins");
    switch (trouble->kind) {
    case TROUBLE_PAUSE:
        if (!is_end)
            link->paused_until_us = until_us;
        break;
    case TROUBLE_FREEZE:
        if (!is_end)
            host->frozen_until_us = until_us;
        checker_disturb(host->checker, false);
        break;
    case TROUBLE_DOWN: host_set_down(host, !is_end); break;
    case TROUBLE_MTU:
        link->mtu = is_end ? world->plan.links[trouble->who].mtu : trouble->mtu;
        break;
    case TROUBLE_ADDRESS: host_change_address(host, !is_end); break;
    }
}

static struct host *host_of(struct world *world, const struct event *event)
{
    switch (event->kind) {
    case EVENT_ARRIVAL: return &world->hosts[event->parcel->to];
    case EVENT_APP: return world->sides[event->who].host;
    case EVENT_COMPLETION: return &world->hosts[event->who];
    default: return NULL;
    }
}

static void happen(struct world *world, const struct event *event)
{
    const struct host *host = host_of(world, event);

    if (host && world->now_us < host->frozen_until_us) {
        world_schedule(world, host->frozen_until_us, event->kind, event->who, event->parcel);
        return;
    }
    switch (event->kind) {
    case EVENT_ARRIVAL: wire_arrive(world, event->parcel); break;
    case EVENT_APP:
        if (world->sides[event->who].timer_at_us <= world->now_us)
            side_work(&world->sides[event->who]);
        break;
    case EVENT_COMPLETION: host_complete(&world->hosts[event->who]); break;
    case EVENT_TROUBLE: be_troubled(world, event->who); break;
    }
}

static uint64_t poll_time_us(const struct host *host)
{
    return host->poll_at_us > host->frozen_until_us ? host->poll_at_us : host->frozen_until_us;
}

/* The first host to be polled. */
static struct host *first_host(struct world *world)
{
    struct host *first = &world->hosts[0];

    for (unsigned i = 1; i < world->plan.host_count; i++) {
        if (poll_time_us(&world->hosts[i]) < poll_time_us(first))
            first = &world->hosts[i];
    }
    return first;
}

/* What arrives at one moment arrives before the hosts are polled. */
static bool step(struct world *world)
{
    struct host *host = first_host(world);
    uint64_t poll_us = poll_time_us(host);
    bool is_event = world->event_count > 0 && world->events[0].at_us <= poll_us;

    if ((!is_event && poll_us == UINT64_MAX) || world->has_failed)
        return false;
    if (is_event) {
        struct event event = take_next(world);

        world->now_us = event.at_us;
        happen(world, &event);
    } else {
        world->now_us = poll_us;
        host_poll(host);
    }
    if (++world->event_total > EVENTS_MAX)
        world_fail(world, "no end after %u events", EVENTS_MAX);
    return true;
}

/* --- From the beginning to the end --- */

static void open_world(struct world *world)
{
    struct plan *plan = &world->plan;

    for (unsigned i = 0; i < plan->link_count; i++) {
        world->links[i].mtu = plan->links[i].mtu;
        world->links[i].dice = plan_dice(plan->seed, 1000 + i);
    }
    for (unsigned i = 0; i < 2 * plan->connection_count; i++)
        side_prepare(world, i);
    for (unsigned i = 0; i < plan->host_count; i++)
        host_open(world, i);
    for (unsigned i = 0; i < plan->connection_count; i++) {
        if (plan->connections[i].is_dropped)
            continue;
        side_listen(&world->sides[2 * i + 1]);
        world->sides[2 * i].timer_at_us = plan->connections[i].starts_us;
        world_schedule(world, plan->connections[i].starts_us, EVENT_APP, 2 * i, NULL);
    }
    for (unsigned i = 0; i < plan->trouble_count; i++) {
        struct trouble *trouble = &plan->troubles[i];

        world_schedule(world, trouble->begins_us, EVENT_TROUBLE, 2 * i, NULL);
        world_schedule(world, trouble->begins_us + trouble->lasts_us, EVENT_TROUBLE, 2 * i + 1,
                       NULL);
    }
}

static bool is_over(struct world *world)
{
    for (unsigned i = 0; i < 2 * world->plan.connection_count; i++) {
        if (!side_is_over(&world->sides[i]))
            return false;
    }
    return true;
}

static uint64_t last_fault_us(const struct world *world)
{
    uint64_t last_us = world->plan.faults_end_us;

    for (unsigned i = 0; i < world->plan.trouble_count; i++) {
        const struct trouble *trouble = &world->plan.troubles[i];
        uint64_t end_us = trouble->begins_us + trouble->lasts_us;

        last_us = end_us > last_us ? end_us : last_us;
    }
    return last_us;
}

static const char *leftover(struct world *world, unsigned *host)
{
    const char *what = NULL;

    for (*host = 0; *host < world->plan.host_count; ++*host) {
        if ((what = host_leftover(&world->hosts[*host])))
            break;
    }
    return what;
}

static bool is_silent(struct world *world)
{
    unsigned host;

    return is_over(world) && !leftover(world, &host);
}

/* Liveness: everything ends or errs. Only what waits for a peer that is gone may wait. */
static void run_to_the_end(struct world *world)
{
    uint64_t until_us = last_fault_us(world) + ENDS_WITHIN_US;

    while (!is_silent(world) && world->now_us < until_us && step(world)) {
    }
    for (unsigned i = 0; i < 2 * world->plan.connection_count; i++) {
        if (!side_is_over(&world->sides[i]))
            side_give_up(&world->sides[i]);
    }
    until_us = world->now_us + US_PER_S;
    while (!is_over(world) && world->now_us < until_us && step(world)) {
    }
    if (!is_over(world) && !world->has_failed)
        world_fail(world, "a connection has not ended");
}

/* Nothing in it keeps a connection from getting through: then it does. */
static bool is_benign(const struct plan *plan)
{
    const uint32_t hindering =
        UINT32_C(1) << FAULT_LOSS | UINT32_C(1) << FAULT_BURSTS | UINT32_C(1) << FAULT_CORRUPTION |
        UINT32_C(1) << FAULT_TRUNCATION | UINT32_C(1) << FAULT_PAUSES |
        UINT32_C(1) << FAULT_FREEZES | UINT32_C(1) << FAULT_SCARCITY |
        UINT32_C(1) << FAULT_INTERFACES_DOWN | UINT32_C(1) << FAULT_ADDRESS_CHANGES;

    return (plan->faults & hindering) == 0;
}

static void check_completion(struct world *world)
{
    for (unsigned i = 0; i < world->plan.connection_count && is_benign(&world->plan); i++) {
        const struct side *client = &world->sides[2 * i], *server = client + 1;
        bool is_aborted =
            client->plan->closing == CLOSE_BY_ABORT || server->plan->closing == CLOSE_BY_ABORT;

        if (!world->plan.connections[i].is_dropped && !is_aborted &&
            (!server->is_begun || client->why != MS_OK || server->why != MS_OK))
            world_fail(world, "connection %u did not get through: %s; %s", i,
                       ms_error_text(client->why), ms_error_text(server->why));
    }
}

/* Conservation: what was taken comes back, without a word to the stack. */
static void run_to_silence(struct world *world)
{
    uint64_t until_us = world->now_us + FORGETS_WITHIN_US;
    unsigned host = 0;
    const char *what = NULL;

    while (!world->has_failed && (what = leftover(world, &host)) && world->now_us < until_us) {
        if (!step(world))
            break;
    }
    if (what)
        world_fail(world, "host %u keeps %s", host, what);
}

static void close_world(struct world *world)
{
    for (unsigned i = 0; i < world->plan.host_count; i++)
        host_close(&world->hosts[i]);
    while (world->event_count > 0)
        free(world->events[--world->event_count].parcel);
    free(world->events);
}

static void sum_up(struct world *world, struct outcome *outcome)
{
    for (unsigned i = 0; i < world->plan.connection_count; i++) {
        const struct side *client = &world->sides[2 * i], *server = client + 1;

        if (world->plan.connections[i].is_dropped)
            continue;
        outcome->connections++;
        outcome->completed +=
            client->has_ended && server->has_ended && client->why == MS_OK && server->why == MS_OK;
    }
    for (unsigned i = 0; i < world->plan.host_count; i++)
        outcome->segments += checker_segments(world->hosts[i].checker);
    outcome->events = world->event_total;
    outcome->frames = world->frame_total;
    outcome->virtual_us = world->now_us;
}

void world_run(const struct plan *plan, FILE *trace, struct outcome *outcome)
{
    static struct world world;
    SHA2_CTX hash;

    memset(&world, 0, sizeof(world));
    memset(outcome, 0, sizeof(*outcome));
    world.plan = *plan;
    world.trace = trace;
    world.hash = &hash;
    SHA256Init(&hash);
    open_world(&world);
    run_to_the_end(&world);
    check_completion(&world);
    run_to_silence(&world);
    sum_up(&world, outcome);
    world.trace = NULL; /* what still ends is ended by force */
    close_world(&world);
    hash_records(&world);
    SHA256Final(outcome->digest, &hash);
    outcome->has_failed = world.has_failed;
    memcpy(outcome->fault, world.fault, sizeof(outcome->fault));
}
