/* SPDX-License-Identifier: ISC */
/* A script: events, each at its time. */
#ifndef CLI_DRILL_SCRIPT_H
#define CLI_DRILL_SCRIPT_H

#include "drill/call.h"
#include "drill/packet.h"

enum event_kind { EVENT_PACKET, EVENT_CALL, EVENT_CLAIM };

struct event {
    enum event_kind kind;
    unsigned line;    /* counted from 1 */
    const char *text; /* without its time */
    bool is_any_time; /* "*" */
    bool is_relative; /* at_us counts from the event before */
    int64_t at_us;
    int64_t latest_us; /* of a range, as at_us; at_us: there is none */
    int64_t end_us;    /* of a call that waits, as at_us; -1: it does not wait */
    union {
        struct packet packet;
        struct call call;
    } what; /* a claim is its text */
};

struct script {
    char *bytes; /* what is being read */
    struct event *events;
    unsigned event_count;
    unsigned line; /* where reading stopped; 0: nowhere */
    bool is_ipv6;
    int64_t tolerance_us;
};

/* Reads a whole file, to be played over this family unless it says otherwise. On failure nothing is
 * left to free. */
bool script_read(struct script *script, const char *path, bool is_ipv6, struct fault *fault);
/* The same from len bytes of text. */
bool script_parse(struct script *script, const char *text, size_t len, bool is_ipv6,
                  struct fault *fault);
void script_free(struct script *script);

#endif
