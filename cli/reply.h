/* SPDX-License-Identifier: ISC */
/* What a request is answered with: a head, and a text or part of a file as its content. */
#ifndef CLI_REPLY_H
#define CLI_REPLY_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "blocks.h"
#include "request.h"
#include "text.h"

struct reply {
    uint16_t status;
    bool ends_connection;
    struct text head, body; /* body: a page made for this reply */
    int fd;                 /* the file to send from, or -1 */
    struct file_id id;
    uint64_t at, end; /* what is left of the file to send */
    uint64_t content_length;
};

/* Answers a request, complete or refused, from the open directory root. */
void reply_make(struct reply *reply, const struct request *request, int root, time_t now);
/* Answers without a request, for one that came too slowly. */
void reply_make_error(struct reply *reply, uint16_t status, time_t now);
void reply_free(struct reply *reply);

#endif
