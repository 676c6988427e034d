/* SPDX-License-Identifier: ISC */
/* A script: its remarks taken out, cut into events, each one read. */
#include "drill/script.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SCRIPT_BYTES_MAX = 1 << 22, TOLERANCE_US = 4000 };

/* What is being read. */
struct reader {
    struct script *script;
    char *at;
    unsigned line;
    struct fault *fault;
};

static void blank(char *at, const char *end)
{
    for (; at < end; at++) {
        if (*at != '\n')
            *at = ' ';
    }
}

static char *line_end(char *at)
{
    char *end = strchr(at, '\n');

    return end ? end : at + strlen(at);
}

/* Puts spaces where remarks are. False: one does not end. */
static bool blank_remarks(char *at)
{
    bool is_quoted = false;

    for (; *at; at++) {
        char *end;

        if (*at == '"')
            is_quoted = !is_quoted;
        if (is_quoted || (at[0] != '#' && (at[0] != '/' || (at[1] != '/' && at[1] != '*'))))
            continue;
        end = at[1] == '*' && at[0] == '/' ? strstr(at + 2, "*/") : line_end(at) - 2;
        if (!end)
            return false;
        blank(at, end + 2);
        at = end + 1;
    }
    return true;
}

/* "+.1", "0.2~0.3", "+0...0.2", "*" */
static bool parse_time(struct event *event, struct scan *scan, struct fault *fault)
{
    event->end_us = -1;
    if (scan_word(scan, "*")) {
        event->is_any_time = true;
        return true;
    }
    event->is_relative = scan_word(scan, "+");
    if (!scan_seconds(scan, &event->at_us))
        return fault_is(fault, "here should be a time, as in 0.1 or +0.1: \"%.40s\"", scan->at);
    event->latest_us = event->at_us;
    if (scan_word(scan, "~")) {
        (void)scan_word(scan, "+");
        if (!scan_seconds(scan, &event->latest_us) || event->latest_us < event->at_us)
            return fault_is(fault, "a range of time ends where it began, or later");
    } else if (scan_word(scan, "...")) {
        (void)scan_word(scan, "+");
        if (!scan_seconds(scan, &event->end_us) || event->end_us < event->at_us)
            return fault_is(fault, "a call ends when it began, or later");
    }
    return true;
}

/* %{ ... }% may have many lines; anything else has one. */
static bool cut_event(struct reader *r, char **text)
{
    char *at = r->at, *end;

    while (*at == ' ' || *at == '\t')
        at++;
    *text = at;
    end = line_end(at);
    if (strncmp(at, "%{", 2) == 0) {
        end = strstr(at, "}%");
        if (!end)
            return fault_is(r->fault, "%%{ is not closed by }%%");
        end += 2;
    }
    r->at = end;
    return true;
}

static bool parse_what(struct reader *r, struct event *event)
{
    struct scan scan = { event->text };

    if (*event->text == '<' || *event->text == '>') {
        event->kind = EVENT_PACKET;
        return packet_parse(&event->what.packet, &scan, r->script->is_ipv6, r->fault);
    }
    if (*event->text == '`')
        return fault_is(r->fault, "commands of a shell are not supported");
    if (strncmp(event->text, "%{", 2) == 0) {
        event->kind = EVENT_CLAIM;
        return true;
    }
    event->kind = EVENT_CALL;
    return call_parse(&event->what.call, &scan, r->fault);
}

static bool add_event(struct reader *r, struct event *event, char *text)
{
    struct script *script = r->script;
    char after = *r->at;
    struct event *events;
    bool is_fine;

    *r->at = '\0';
    event->text = strdup(text);
    *r->at = after;
    events = realloc(script->events, (script->event_count + 1) * sizeof(*events));
    if (!events || !event->text) {
        free((char *)event->text);
        script->events = events ? events : script->events;
        return fault_is(r->fault, "out of memory");
    }
    script->events = events;
    is_fine = parse_what(r, event);
    events[script->event_count++] = *event;
    return is_fine;
}

/* "--tolerance_usecs=10000" */
static bool parse_option(struct reader *r)
{
    struct scan scan = { r->at };
    uint64_t number;

    if (scan_word(&scan, "--tolerance_usecs=") && scan_number(&scan, 10000000, &number))
        r->script->tolerance_us = (int64_t)number;
    else if (scan_word(&scan, "--ip_version=ipv6"))
        r->script->is_ipv6 = true;
    else if (scan_word(&scan, "--ip_version=ipv4"))
        r->script->is_ipv6 = false;
    else
        return fault_is(r->fault, "the option \"%.*s\" is not supported",
                        (int)strcspn(r->at, " \t\n"), r->at);
    r->at = (char *)scan.at;
    return true;
}

static void skip_space(struct reader *r)
{
    for (; isspace((unsigned char)*r->at); r->at++)
        r->line += *r->at == '\n';
}

static bool parse_one(struct reader *r)
{
    struct event event = { .line = r->line };
    struct scan scan = { r->at };
    char *text;

    if (strncmp(r->at, "--", 2) == 0)
        return parse_option(r);
    if (*r->at == '`')
        return fault_is(r->fault, "commands of a shell are not supported");
    if (!parse_time(&event, &scan, r->fault))
        return false;
    r->at = (char *)scan.at;
    return cut_event(r, &text) && add_event(r, &event, text);
}

/* The events lie where they stay: a call's arguments are in its own text, one behind the other. */
static void find_arguments(struct script *script)
{
    for (unsigned i = 0; i < script->event_count; i++) {
        struct call *call = &script->events[i].what.call;
        unsigned at = 0;

        if (script->events[i].kind != EVENT_CALL)
            continue;
        for (unsigned j = 0; j < call->argument_count; j++) {
            call->arguments[j] = call->text + at;
            at += (unsigned)strlen(call->arguments[j]) + 1;
        }
    }
}

bool script_parse(struct script *script, const char *text, size_t len, bool is_ipv6,
                  struct fault *fault)
{
    struct reader r = { .script = script, .line = 1, .fault = fault };
    bool is_fine;

    *script = (struct script){ .is_ipv6 = is_ipv6, .tolerance_us = TOLERANCE_US };
    if (memchr(text, '\0', len))
        return fault_is(fault, "this is not a text");
    script->bytes = strndup(text, len);
    if (!script->bytes)
        return fault_is(fault, "out of memory");
    is_fine = blank_remarks(script->bytes) || fault_is(fault, "/* is not closed by */");
    r.at = script->bytes;
    while (is_fine) {
        const char *before;

        skip_space(&r);
        if (*r.at == '\0')
            break;
        script->line = r.line;
        before = r.at;
        is_fine = parse_one(&r);
        for (; before < r.at; before++)
            r.line += *before == '\n';
    }
    if (is_fine && script->event_count == 0)
        is_fine = fault_is(fault, "there is nothing in it");
    if (is_fine)
        find_arguments(script);
    else
        script_free(script);
    return is_fine;
}

/* NULL: *fault says why. */
static char *read_all(const char *path, size_t *len, struct fault *fault)
{
    FILE *file = fopen(path, "rb");
    char *text = malloc(SCRIPT_BYTES_MAX);
    bool is_fine = false;

    *len = 0;
    if (file && text) {
        *len = fread(text, 1, SCRIPT_BYTES_MAX, file);
        is_fine = !ferror(file) && *len < SCRIPT_BYTES_MAX;
    }
    if (!is_fine)
        (void)fault_is(fault, "%s", *len == SCRIPT_BYTES_MAX ? "it is too long" : strerror(errno));
    if (file)
        fclose(file);
    if (!is_fine)
        free(text);
    return is_fine ? text : NULL;
}

bool script_read(struct script *script, const char *path, bool is_ipv6, struct fault *fault)
{
    size_t len;
    char *text = read_all(path, &len, fault);
    bool is_fine;

    script->line = 0;
    if (!text)
        return false;
    is_fine = script_parse(script, text, len, is_ipv6, fault);
    free(text);
    return is_fine;
}

void script_free(struct script *script)
{
    for (unsigned i = 0; i < script->event_count; i++)
        free((char *)script->events[i].text);
    free(script->events);
    free(script->bytes);
    *script = (struct script){ .line = script->line };
}
