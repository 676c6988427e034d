/* SPDX-License-Identifier: ISC */
/* What an application sees of the unikernel that it is linked into: this, and mstack's headers. */
#ifndef MSTACK_UNIKERNEL_H
#define MSTACK_UNIKERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdnoreturn.h>

#include "mstack/mstack.h"

struct ms_unikernel {
    struct ms_stack *stack;
    struct ms_netif *netif; /* NULL: the domain has no network device */
    const char *arguments;  /* the command line */
};

/*
 * The application's own, called once when the stack is there: opens sockets, and returns. All else
 * happens in its events. What it is given stays.
 */
void ms_unikernel_start(const struct ms_unikernel *unikernel);

/*
 * The application's own too, if it wants another stack than the default, which is scaled to the
 * domain's memory: called before there is one. Who has none leaves it out.
 */
void ms_unikernel_configure(struct ms_config *config);

/*
 * Work beside the events: done after frames came in and again after the stack has sent. Returns
 * when it is to be done though nothing comes, UINT64_MAX: never.
 */
typedef uint64_t ms_unikernel_work_fn(uint64_t now_us);
void ms_unikernel_set_work(ms_unikernel_work_fn *work);

/* Writes to the console. */
void ms_unikernel_print(const char *text);
/* Says why, and ends the domain as crashed. */
noreturn void ms_unikernel_panic(const char *why);
/* Ends the domain once this event has been dealt with. */
void ms_unikernel_stop(bool is_reboot);

/* Memory of its own, all zero and aligned to 4096; there is no giving back. NULL: none is left. */
void *ms_unikernel_memory(size_t bytes);
/* Microseconds since Xen started, as the stack counts them. */
uint64_t ms_unikernel_now_us(void);
/* Microseconds since 1970 (UTC). */
uint64_t ms_unikernel_wall_us(void);
/* What the setting of that name says: the first `name=value` on the command line, or else the value
 * at data/mstack/name in the domain's xenstore. False: there is none. */
bool ms_unikernel_setting(const char *name, char *value, size_t size);
/* The same for a number. Where there is none it is `otherwise`; one that is not from min to max
 * ends the domain, with a message. */
uint64_t ms_unikernel_number(const char *name, uint64_t otherwise, uint64_t min, uint64_t max);

/*
 * Outboxes, for bytes that are to go back to where they came from, or to a peer that is as fast:
 * the frame they lie in belongs to the device, so they are copied, and lent from here. What a
 * connection has in its outbox its peer gets no credit for: nobody can fill it, so that nothing is
 * refused.
 */
struct ms_outbox;
struct ms_outboxes;

/* So many, or as many as there is memory for. NULL: not even one. */
struct ms_outboxes *ms_outboxes_make(unsigned count);
/* The outbox of a connection from its accept on. NULL: all are in use. */
struct ms_outbox *ms_outbox_open(struct ms_outboxes *outboxes, struct ms_tcp *tcp);
/* Copies bytes that the connection received. They go out once those before have arrived. */
void ms_outbox_send(struct ms_outbox *outbox, const struct ms_slice *slice);
/* Closes the connection behind what is in the outbox. */
void ms_outbox_finish(struct ms_outbox *outbox);
/* From the connection's on_close: the outbox is for others again. */
void ms_outbox_close(struct ms_outbox *outbox);
/* Copies a datagram and sends it back. It is lost if all outboxes are in use. */
void ms_outbox_return(struct ms_outboxes *outboxes, struct ms_udp *udp,
                      const struct ms_datagram *datagram);

#endif
