/* SPDX-License-Identifier: ISC */
/*
 * An HTTP/1.1 server on a stack: keep-alive, HEAD, ranges, conditions. What it serves comes from a
 * source, a table of functions; it has no files, no clock and no memory but the block it is given.
 */
#ifndef HTTP_HTTP_H
#define HTTP_HTTP_H

#include "mstack/mstack.h"

struct ms_http_source;

/* What a source is asked for. */
struct ms_http_query {
    const char *path;  /* decoded, relative, without empty, "." or ".." parts; "" is the root */
    bool is_directory; /* it ended in '/' */
    bool takes_gzip;
};

enum { MS_HTTP_ETAG_BYTES = 64 };

/* What a path led to. The source fills it; all is zero before. */
struct ms_http_content {
    struct ms_http_source *source; /* whose it is: not always the one that was asked */
    void *handle;                  /* the source's own */
    uint64_t bytes;
    const char *type;    /* the media type; stays as long as the content is open */
    uint64_t modified_s; /* since 1970; 0: not known */
    char etag[MS_HTTP_ETAG_BYTES]; /* with its quotation marks; empty: there is none */
    bool is_gzip;                  /* bytes are those of the gzip encoding */
    bool depends_on_encoding;      /* another client would get another encoding */
    bool is_live;                  /* made for this request: nobody should keep it */
};

/* Bytes of a content. They stay as they are until given back. */
struct ms_http_stretch {
    const uint8_t *data;
    uint32_t len;
    void *keeper; /* the source's own, to know them by */
};

struct ms_http_source_ops {
    /*
     * Returns the status of the reply. 200: *content is open; 301: path is a directory, to be asked
     * for with '/' at its end; 403, 404, 500, 503: why there is none.
     */
    uint16_t (*open)(struct ms_http_source *source, const struct ms_http_query *query,
                     struct ms_http_content *content);
    /* Lends some bytes from at on, which is below content->bytes. False: they cannot be had. */
    bool (*lend)(struct ms_http_content *content, uint64_t at, struct ms_http_stretch *stretch);
    /* Once for each stretch, perhaps after close(). Inside ms_netif_input() or ms_poll(): it only
     * records. */
    void (*give_back)(struct ms_http_source *source, void *keeper);
    /* Once for each content; stretches of it may still be lent. */
    void (*close)(struct ms_http_content *content);
};

struct ms_http_source {
    const struct ms_http_source_ops *ops;
};

/* A request that is being answered. */
struct ms_http_exchange {
    const struct ms_tcp *tcp;
    const char *method, *target; /* target has no final zero */
    uint32_t target_len;
    uint16_t status;
    uint64_t content_bytes;
};

/* What a peer may have sent and not been answered yet: the stack's tcp_recv_window_bytes is to be
 * no larger, since who sends more than fits is reset. */
enum { MS_HTTP_WINDOW_BYTES = 10240 };

struct ms_http_config {
    struct ms_stack *stack;
    struct ms_http_source *source;
    uint16_t port;
    uint32_t connections; /* served at once; more are refused */
    uint64_t idle_timeout_us;
    bool has_status; /* /status and what belongs to it tell about the stack */
    /* Hears of each reply as it begins; may be NULL. */
    void (*on_reply)(void *user, const struct ms_http_exchange *exchange);
    void *user;
};

struct ms_http_counters {
    uint64_t connections; /* now, those included whose last bytes are still lent */
    uint64_t accepted, refused;
    uint64_t requests;     /* answered, whatever with */
    uint64_t bad_requests; /* of them: not understood, or too late */
    uint64_t aborted;      /* connections that we reset: too slow, or content that ended early */
};

struct ms_http;

/* Bytes that ms_http_init() needs. */
size_t ms_http_size(const struct ms_http_config *config);
/* Makes a server in memory (aligned as for a pointer, zero or not). It is the caller's again after
 * ms_http_stop(), one more ms_poll(), and when all frames are back. */
struct ms_http *ms_http_init(const struct ms_http_config *config, void *memory);
/* Listens on the port, on every address. */
enum ms_error ms_http_start(struct ms_http *http) MS_MUST_CHECK;
/*
 * Reads requests, lends what answers them, and ends connections that wait too long. To be called
 * after frames came in and whenever ms_http_next_deadline() is due; what it lends is sent by the
 * next ms_poll(). wall_s: seconds since 1970, for the Date field; 0: nobody knows.
 */
void ms_http_work(struct ms_http *http, uint64_t now_us, uint64_t wall_s);
/* When ms_http_work() has something to do. UINT64_MAX: only when frames come; 0: at once. */
uint64_t ms_http_next_deadline(const struct ms_http *http);
/* Takes no more connections and resets all; ms_poll() must be called once more. */
void ms_http_stop(struct ms_http *http);
const struct ms_http_counters *ms_http_counters(const struct ms_http *http);

#endif
