/* SPDX-License-Identifier: ISC */
/* What replays are reported as. */
#include "replay_report.h"

#include <inttypes.h>
#include <string.h>

#include "stats.h"

void replay_report_begin(struct replay_report *report, const char *file, bool is_json)
{
    *report = (struct replay_report){ .is_json = is_json };
    if (!is_json)
        return;
    text_add(&report->text, "{\"file\": ");
    text_add_json(&report->text, file);
    text_add(&report->text, ",\n \"streams\": [");
}

static void add_endpoint(struct text *text, const struct ms_stream_side *side)
{
    char addr[MS_ADDR_TEXT_SIZE];
    bool is_ipv4 = ms_addr_is_ipv4(&side->addr);

    ms_addr_format(&side->addr, addr);
    text_add(text, "%s%s%s:%u", is_ipv4 ? "" : "[", addr, is_ipv4 ? "" : "]", side->port);
}

static const char *side_name(enum ms_side side)
{
    return side == MS_SIDE_CLIENT ? "client" : "server";
}

static bool is_same(const struct replay_direction *d)
{
    return d->captured_bytes == d->delivered_bytes &&
           strcmp(d->captured_sha256, d->delivered_sha256) == 0;
}

static void add_row(struct text *text, const char *name, const struct replay_direction *d)
{
    text_add(text,
             "  %-12s %12" PRIu64 " %12" PRIu64 " %9" PRIu64 " %8" PRIu64 " %5" PRIu64 " %5" PRIu64
             "  %s %s\n",
             name, d->captured_bytes, d->delivered_bytes, d->segments, d->retransmissions,
             d->duplicates, d->out_of_order, d->delivered_sha256, is_same(d) ? "same" : "DIFFERS");
    if (!is_same(d))
        text_add(text, "  %-12s %60s  %s captured\n", "", "", d->captured_sha256);
}

static void add_drops(struct text *text, const struct ms_counters *counters)
{
    const char *separator = "  drops: ";

    for (unsigned i = 0; i < MS_DROP_COUNT; i++) {
        if (!counters->drops[i])
            continue;
        text_add(text, "%s%s %" PRIu64, separator, drop_name(i), counters->drops[i]);
        separator = ", ";
    }
    if (separator[0] == ',')
        text_add(text, "\n");
}

static void add_table(struct text *text, const struct replay_job *job,
                      const struct replay_result *result)
{
    const struct ms_stream *stream = ms_streams_get(job->streams, job->stream);

    text_add(text, "stream %zu: ", job->stream);
    add_endpoint(text, &stream->sides[MS_SIDE_CLIENT]);
    text_add(text, " -> ");
    add_endpoint(text, &stream->sides[MS_SIDE_SERVER]);
    if (!result) {
        text_add(text, ": not replayed: %s\n", ms_stream_obstacle_text(stream->obstacle));
        return;
    }
    text_add(text, ", mstack as %s: %s\n", side_name(result->stack_side),
             result->is_delivered ? "delivered byte for byte" : result->message);
    text_add(text, "  %-12s %12s %12s %9s %8s %5s %5s  %s\n", "direction", "captured", "delivered",
             "segments", "retrans.", "dup.", "ooo.", "SHA-256 of what was delivered");
    add_row(text, "to mstack", &result->to_stack);
    add_row(text, "from mstack", &result->from_stack);
    add_drops(text, &result->counters);
}

static void add_json_direction(struct text *text, const char *name,
                               const struct replay_direction *d)
{
    text_add(text,
             ",\n   \"%s\": {\"captured_bytes\": %" PRIu64 ", \"delivered_bytes\": %" PRIu64
             ", \"segments\": %" PRIu64 ", \"retransmissions\": %" PRIu64
             ", \"duplicates\": %" PRIu64 ", \"out_of_order\": %" PRIu64 ",\n"
             "     \"captured_sha256\": \"%s\", \"delivered_sha256\": \"%s\"}",
             name, d->captured_bytes, d->delivered_bytes, d->segments, d->retransmissions,
             d->duplicates, d->out_of_order, d->captured_sha256, d->delivered_sha256);
}

static void add_json_drops(struct text *text, const struct ms_counters *counters)
{
    const char *separator = "";

    text_add(text, ",\n   \"drops\": {");
    for (unsigned i = 0; i < MS_DROP_COUNT; i++) {
        if (!counters->drops[i])
            continue;
        text_add(text, "%s\"%s\": %" PRIu64, separator, drop_name(i), counters->drops[i]);
        separator = ", ";
    }
    text_add(text, "}");
}

static void add_json(struct text *text, const struct replay_job *job,
                     const struct replay_result *result)
{
    const struct ms_stream *stream = ms_streams_get(job->streams, job->stream);

    text_add(text, "  {\"stream\": %zu, \"client\": \"", job->stream);
    add_endpoint(text, &stream->sides[MS_SIDE_CLIENT]);
    text_add(text, "\", \"server\": \"");
    add_endpoint(text, &stream->sides[MS_SIDE_SERVER]);
    text_add(text, "\", \"replayed\": %s, \"mstack\": \"%s\",\n   \"reason\": ",
             result ? "true" : "false", side_name(job->stack_side));
    text_add_json(text, result ? result->message : ms_stream_obstacle_text(stream->obstacle));
    if (result) {
        text_add(text, ", \"delivered\": %s", result->is_delivered ? "true" : "false");
        add_json_direction(text, "to_mstack", &result->to_stack);
        add_json_direction(text, "from_mstack", &result->from_stack);
        add_json_drops(text, &result->counters);
    }
    text_add(text, "}");
}

void replay_report_add(struct replay_report *report, const struct replay_job *job,
                       const struct replay_result *result)
{
    bool is_first = report->delivered + report->failed + report->skipped == 0;

    if (!result)
        report->skipped++;
    else if (result->is_delivered)
        report->delivered++;
    else
        report->failed++;
    if (report->is_json) {
        text_add(&report->text, "%s\n", is_first ? "" : ",");
        add_json(&report->text, job, result);
    } else {
        add_table(&report->text, job, result);
    }
}

void replay_report_end(struct replay_report *report, const struct ms_streams *streams)
{
    struct text *text = &report->text;
    struct ms_streams_summary summary;

    ms_streams_summary(streams, &summary);
    if (report->is_json) {
        text_add(text, "\n ],\n \"delivered\": %zu, \"failed\": %zu, \"not_replayed\": %zu,\n",
                 report->delivered, report->failed, report->skipped);
        text_add(text,
                 " \"records\": %" PRIu64 ", \"not_tcp\": %" PRIu64 ", \"fragments\": %" PRIu64
                 ", \"malformed\": %" PRIu64 "}\n",
                 summary.records, summary.not_tcp, summary.fragments, summary.malformed);
        return;
    }
    text_add(text, "%zu delivered byte for byte, %zu failed, %zu not replayed\n", report->delivered,
             report->failed, report->skipped);
    text_add(text,
             "%" PRIu64 " records in the file, of these %" PRIu64 " not TCP, %" PRIu64
             " fragments, %" PRIu64 " malformed\n",
             summary.records, summary.not_tcp, summary.fragments, summary.malformed);
}
