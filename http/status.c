/* SPDX-License-Identifier: ISC */
/* /status: what the stack is doing, as a page and as numbers. */
#include "status.h"

#include "text.h"

/* status, status.css, status.js and status.svg: tools/pack_site.py. */
extern const struct ms_http_files ms_http_status_files;

static void put_name(struct text *json, const char *name)
{
    ms_http_text_put_json(json, name);
    ms_http_text_put(json, ":");
}

/* A member, and the comma that parts it from the next one. */
static void put_count(struct text *json, const char *name, uint64_t count)
{
    put_name(json, name);
    ms_http_text_put_number(json, count);
    ms_http_text_put(json, ",");
}

static void put_string(struct text *json, const char *name, const char *value)
{
    put_name(json, name);
    ms_http_text_put_json(json, value);
    ms_http_text_put(json, ",");
}

/* Ends an object or a list: the bracket takes the place of the last comma. */
static void put_end(struct text *json, const char *bracket)
{
    if (!json->is_cut && json->bytes[json->len - 1] == ',')
        json->len--;
    ms_http_text_put(json, bracket);
}

static void put_http(struct text *json, const struct ms_http_counters *counters)
{
    put_name(json, "http");
    ms_http_text_put(json, "{");
    put_count(json, "connections", counters->connections);
    put_count(json, "accepted", counters->accepted);
    put_count(json, "refused", counters->refused);
    put_count(json, "requests", counters->requests);
    put_count(json, "bad_requests", counters->bad_requests);
    put_count(json, "aborted", counters->aborted);
    put_end(json, "},");
}

static void put_counters(struct text *json, const struct ms_counters *counters)
{
    put_name(json, "counters");
    ms_http_text_put(json, "{");
#define PUT_COUNTER(name, text) put_count(json, #name, counters->name);
    MS_COUNTER_LIST(PUT_COUNTER)
#undef PUT_COUNTER
    put_end(json, "},");
}

/* Those that happened. */
static void put_drops(struct text *json, const struct ms_counters *counters)
{
    put_name(json, "drops");
    ms_http_text_put(json, "[");
    for (unsigned drop = 0; drop < MS_DROP_COUNT; drop++) {
        if (counters->drops[drop] == 0)
            continue;
        ms_http_text_put(json, "{");
        put_string(json, "reason", ms_drop_text((enum ms_drop)drop));
        put_count(json, "count", counters->drops[drop]);
        put_end(json, "},");
    }
    put_end(json, "],");
}

/* "192.0.2.1:80" or "[2001:db8::1]:80" */
static void put_endpoint(struct text *json, const char *name, const struct ms_endpoint *endpoint)
{
    bool is_ipv4 = ms_addr_is_ipv4(&endpoint->addr);
    char addr[MS_ADDR_TEXT_SIZE];

    ms_addr_format(&endpoint->addr, addr);
    put_name(json, name);
    ms_http_text_put(json, is_ipv4 ? "\"" : "\"[");
    ms_http_text_put(json, addr);
    ms_http_text_put(json, is_ipv4 ? ":" : "]:");
    ms_http_text_put_number(json, endpoint->port);
    ms_http_text_put(json, "\",");
}

static void put_connection(struct text *json, const struct ms_tcp *tcp)
{
    struct ms_endpoint local, remote;
    struct ms_tcp_info info;

    ms_tcp_endpoints(tcp, &local, &remote);
    ms_tcp_info(tcp, &info);
    ms_http_text_put(json, "{");
    put_endpoint(json, "local", &local);
    put_endpoint(json, "remote", &remote);
    put_string(json, "state", ms_tcp_state_text(info.state));
    put_count(json, "srtt_us", info.srtt_us);
    put_count(json, "rto_us", info.rto_us);
    put_count(json, "cwnd_bytes", info.cwnd_bytes);
    put_count(json, "in_flight_bytes", info.in_flight_bytes);
    put_count(json, "queued_bytes", info.queued_bytes);
    put_count(json, "bytes_acked", info.bytes_acked);
    put_count(json, "bytes_received", info.bytes_received);
    put_count(json, "retransmitted_segments", info.retransmitted_segments);
    put_end(json, "},");
}

static void put_connections(struct text *json, const struct ms_stack *stack)
{
    struct ms_tcp *tcp = ms_tcp_next(stack, NULL);

    put_name(json, "connections");
    ms_http_text_put(json, "[");
    for (unsigned i = 0; tcp && i < STATUS_CONNECTIONS; i++) {
        put_connection(json, tcp);
        tcp = ms_tcp_next(stack, tcp);
    }
    put_end(json, "],");
    put_name(json, "has_more_connections");
    ms_http_text_put(json, tcp ? "true," : "false,");
}

static void put_all(struct text *json, const struct status *status)
{
    const struct ms_counters *counters = ms_stack_counters(status->stack);

    ms_http_text_put(json, "{");
    put_count(json, "uptime_us", status->now_us - status->started_us);
    put_http(json, status->http_counters);
    put_counters(json, counters);
    put_drops(json, counters);
    put_connections(json, status->stack);
    put_end(json, "}\n");
}

static struct status_numbers *unused(struct status *status)
{
    for (unsigned i = 0; i < STATUS_NUMBERS; i++) {
        if (status->numbers[i].references == 0)
            return &status->numbers[i];
    }
    return NULL;
}

static uint16_t open_numbers(struct status *status, struct ms_http_content *content)
{
    struct status_numbers *numbers = unused(status);
    struct text json;

    if (!numbers)
        return 503;
    json = ms_http_text_in(numbers->bytes, STATUS_BYTES);
    put_all(&json, status);
    if (json.is_cut)
        return 500;
    numbers->references = 1;
    numbers->len = (uint32_t)json.len;
    *content = (struct ms_http_content){
        .source = &status->numbers_source,
        .handle = numbers,
        .bytes = json.len,
        .type = "application/json",
        .is_live = true,
    };
    return 200;
}

static bool lend_numbers(struct ms_http_content *content, uint64_t at,
                         struct ms_http_stretch *stretch)
{
    struct status_numbers *numbers = content->handle;

    numbers->references++;
    *stretch = (struct ms_http_stretch){
        .data = (const uint8_t *)numbers->bytes + at,
        .len = numbers->len - (uint32_t)at,
        .keeper = numbers,
    };
    return true;
}

static void give_numbers_back(struct ms_http_source *source, void *keeper)
{
    struct status_numbers *numbers = keeper;

    (void)source;
    numbers->references--;
}

static void close_numbers(struct ms_http_content *content)
{
    give_numbers_back(content->source, content->handle);
}

/* Ours, and only then the other source's. */
static uint16_t open_status(struct ms_http_source *source, const struct ms_http_query *query,
                            struct ms_http_content *content)
{
    struct status *status = (struct status *)(void *)source;
    struct ms_http_source *page = &status->page.source;

    if (query->is_directory)
        return status->below->ops->open(status->below, query, content);
    if (ms_http_slice_equal(ms_http_slice_of(query->path), ms_http_slice_of("status.json")))
        return open_numbers(status, content);
    if (page->ops->open(page, query, content) != 200)
        return status->below->ops->open(status->below, query, content);
    if (ms_http_slice_equal(ms_http_slice_of(query->path), ms_http_slice_of("status")))
        content->type = "text/html; charset=utf-8";
    return 200;
}

void ms_http_status_init(struct status *status, const struct ms_stack *stack,
                         const struct ms_http_counters *http_counters,
                         struct ms_http_source *below)
{
    static const struct ms_http_source_ops ops = { .open = open_status };
    static const struct ms_http_source_ops numbers_ops = {
        .lend = lend_numbers,
        .give_back = give_numbers_back,
        .close = close_numbers,
    };

    status->source.ops = &ops;
    status->numbers_source.ops = &numbers_ops;
    ms_http_packed_init(&status->page, &ms_http_status_files);
    status->below = below;
    status->stack = stack;
    status->http_counters = http_counters;
    status->started_us = status->now_us = UINT64_MAX;
    for (unsigned i = 0; i < STATUS_NUMBERS; i++)
        status->numbers[i].references = 0;
}

void ms_http_status_set_time(struct status *status, uint64_t now_us)
{
    status->now_us = now_us;
    if (status->started_us == UINT64_MAX)
        status->started_us = now_us;
}
