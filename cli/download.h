/* SPDX-License-Identifier: ISC */
/* One HTTP GET on a stack, into a part file. */
#ifndef CLI_DOWNLOAD_H
#define CLI_DOWNLOAD_H

#include <http_parser.h>

#include "mstack/mstack.h"
#include "part_file.h"
#include "text.h"
#include "url.h"

/* How it ended; the values are the exit codes of mstack fetch. */
enum download_result {
    DOWNLOAD_DONE = 0,
    DOWNLOAD_FAILED = 1, /* our side: the file, memory */
    DOWNLOAD_NO_CONNECTION = 3,
    DOWNLOAD_REFUSED = 4,    /* the server's answer is not the file */
    DOWNLOAD_BROKEN_OFF = 5, /* what came is kept, to be resumed */
    DOWNLOAD_RUNNING = -1,
    DOWNLOAD_AGAIN = -2, /* the part does not fit the server's file: try without it */
};

enum download_field {
    DOWNLOAD_FIELD_OTHER,
    DOWNLOAD_FIELD_CONTENT_RANGE,
    DOWNLOAD_FIELD_ETAG,
    DOWNLOAD_FIELD_LAST_MODIFIED,
    DOWNLOAD_FIELD_LOCATION,
    DOWNLOAD_FIELD_COUNT
};

struct download {
    struct ms_stack *stack;
    const struct url *url;
    struct part_file *file;
    uint64_t connect_timeout_us, stall_timeout_us;

    enum download_result result;
    char message[320]; /* what went wrong, one line */
    uint64_t total;    /* bytes of the whole file, or UINT64_MAX */
    uint64_t now_us;
    uint64_t progress_us; /* when something came last */

    struct ms_tcp *tcp; /* NULL: closed */
    struct ms_buf request_buf;
    struct text request;
    http_parser parser;
    struct text name, fields[DOWNLOAD_FIELD_COUNT];
    bool is_lent, is_open, is_in_value, is_informational, has_restarted;
};

/* stack, url, file and the timeouts are set. Failing is a result too. */
void download_start(struct download *download, uint64_t now_us);
/* Watches the timeouts. */
void download_work(struct download *download, uint64_t now_us);
uint64_t download_next_us(const struct download *download);
/* Both sides are closed and the request's bytes are back. */
bool download_is_over(const struct download *download);
/* Ends the connection without ceremony. */
void download_abort(struct download *download);
void download_free(struct download *download);

#endif
