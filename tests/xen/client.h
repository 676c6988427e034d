/* SPDX-License-Identifier: ISC */
/* One guest asks another for bytes of the pattern. */
#ifndef TESTS_XEN_CLIENT_H
#define TESTS_XEN_CLIENT_H

#include "mstack/mstack.h"

/* How it went: whether all bytes that came are right, and how many they are. */
typedef void client_done_fn(void *asker, bool is_right, uint64_t bytes);

/* Has a web.c elsewhere send so many bytes. False: not now. */
bool client_fetch(struct ms_stack *stack, const struct ms_addr *from, uint64_t bytes,
                  client_done_fn *done, void *asker);

#endif
