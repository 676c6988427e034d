/* SPDX-License-Identifier: ISC */
/*
 * What the guest is told from outside: words of the command line, and values in the xenstore, in
 * the domain's own directory under data/mstack/. A name on the command line hides the other.
 */
#ifndef UNIKERNEL_SETTINGS_H
#define UNIKERNEL_SETTINGS_H

#include "store.h"

enum { SETTINGS_READ = 5, SETTING_BYTES = 256, FAULT_BYTES = 384 };

struct settings {
    const char *arguments;
    struct store *store;
    struct ms_xen_read reads[SETTINGS_READ]; /* those that are always asked for */
    char values[SETTINGS_READ][SETTING_BYTES];
    char fault[FAULT_BYTES]; /* what is wrong, once anything is */
};

/* Reads what is always asked for, in one journey. */
void ms_guest_settings_init(struct settings *settings, const char *arguments, struct store *store);

/*
 * The value of that name, the `which`-th from 0 on: each is a word of its own on the command line;
 * in the xenstore they stand in one value, with spaces between. False: there is none; a value too
 * long counts as empty.
 */
bool ms_guest_setting(struct settings *settings, const char *name, unsigned which, char *value,
                      size_t size);
/* A number from min to max; where there is none *number stays. False: it is not such a number. */
bool ms_guest_setting_number(struct settings *settings, const char *name, uint64_t min,
                             uint64_t max, uint64_t *number);
/* Says in the fault which value is wrong, where it comes from, and why. Returns the fault. */
const char *ms_guest_setting_fault(struct settings *settings, const char *name, const char *value,
                                   const char *why);

#endif
