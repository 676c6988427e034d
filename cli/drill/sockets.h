/* SPDX-License-Identifier: ISC */
/* The calls of sockets, as far as scripts need them, on the stack's own interface. */
#ifndef CLI_DRILL_SOCKETS_H
#define CLI_DRILL_SOCKETS_H

#include "drill/call.h"
#include "drill/world.h"

enum { SOCKETS_MAX = 64 };

struct drill_socket;

struct sockets {
    struct world *world;
    struct drill_socket *all[SOCKETS_MAX];
    struct drill_socket *used; /* by the last call */
};

/* What became of a call. */
enum call_state {
    CALL_DONE,        /* *result, and *error if it is negative */
    CALL_WAITS,       /* ask again when something has moved */
    CALL_UNSUPPORTED, /* *fault says why */
};

struct outcome {
    int64_t result;
    int error;
};

/* is_first: it has not been asked before. */
enum call_state sockets_call(struct sockets *sockets, const struct call *call, bool is_first,
                             struct outcome *outcome, struct fault *fault);
/* The connection that a claim is about: of the socket that was used last. NULL: there is none. */
const struct ms_tcp *sockets_connection(const struct sockets *sockets);
/* After world_close(): no events come any more. */
void sockets_free(struct sockets *sockets);

#endif
