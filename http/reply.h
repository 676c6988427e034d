/* SPDX-License-Identifier: ISC */
/* What a request is answered with: a head, and part of a content or a line of text. */
#ifndef HTTP_REPLY_H
#define HTTP_REPLY_H

#include "http.h"
#include "request.h"
#include "text.h"

struct reply {
    uint16_t status;
    bool ends_connection;
    bool has_content;               /* content is open */
    struct ms_http_content content; /* at to end of it are still to be lent */
    uint64_t at, end;
    uint64_t content_bytes; /* as the head says */
};

/* Answers a request, complete or refused, and opens what it is answered with; NULL: one that came
 * too slowly, with 408. The head, and a line of text without a content, go into head. */
void ms_http_reply_make(struct reply *reply, struct text *head, const struct request *request,
                        struct ms_http_source *source, uint64_t wall_s);
/* Closes the content, if there is one. */
void ms_http_reply_end(struct reply *reply);

#endif
