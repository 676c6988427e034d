/* SPDX-License-Identifier: ISC */
/* A unikernel that serves the website in its own image, and tells at /status how it is doing. */
#include "http/http.h"
#include "http/packed.h"
#include "unikernel.h"

enum { PORT = 80, CONNECTIONS = 256, PATIENCE_US = 30000000, US_PER_S = 1000000 };

/* build/site, by tools/pack_site.py. */
extern const struct ms_http_files website_files;

static struct ms_http *http;

static uint64_t work(uint64_t now_us)
{
    ms_http_work(http, now_us, ms_unikernel_wall_us() / US_PER_S);
    return ms_http_next_deadline(http);
}

void ms_unikernel_configure(struct ms_config *config)
{
    config->tcp_connections = CONNECTIONS;
    config->tcp_recv_window_bytes = MS_HTTP_WINDOW_BYTES;
}

void ms_unikernel_start(const struct ms_unikernel *unikernel)
{
    static struct ms_http_packed site;
    const struct ms_http_config config = {
        .stack = unikernel->stack,
        .source = &site.source,
        .port = (uint16_t)ms_unikernel_number("port", PORT, 1, UINT16_MAX),
        .connections = CONNECTIONS,
        .idle_timeout_us = PATIENCE_US,
        .has_status = true,
    };
    void *memory = ms_unikernel_memory(ms_http_size(&config));

    if (!memory)
        ms_unikernel_panic("no memory for the connections");
    ms_http_packed_init(&site, &website_files);
    http = ms_http_init(&config, memory);
    if (ms_http_start(http) != MS_OK)
        ms_unikernel_panic("cannot listen");
    ms_unikernel_set_work(work);
    ms_unikernel_print("website: listens on port 80\n");
}

/* The one function of the C library that http-parser wants beside those of the stack: it is called
 * if the parser finds itself in a state that there is not. */
noreturn void __assert_fail(const char *assertion, const char *file, unsigned line,
                            const char *function);
noreturn void __assert_fail(const char *assertion, const char *file, unsigned line,
                            const char *function)
{
    (void)assertion, (void)file, (void)line;
    ms_unikernel_panic(function);
}
