/* SPDX-License-Identifier: ISC */
/* How far the start had come when: written down as it goes, and told once it is over, since a word
 * on the console costs more than most of what it would be about. */
#ifndef UNIKERNEL_MILESTONES_H
#define UNIKERNEL_MILESTONES_H

#include "xen_public.h"

enum { MILESTONES_MAX = 12, MILESTONE_LINE_BYTES = 80 };

struct milestones {
    uint64_t start_ns;
    unsigned count;
    struct {
        const char *what;
        uint64_t ns;
    } list[MILESTONES_MAX];
};

/* Too many are left out. */
void ms_guest_milestone(struct milestones *milestones, const char *what, uint64_t now_ns);
/* The line about the i-th. False: there are no more. */
bool ms_guest_milestone_line(const struct milestones *milestones, unsigned i,
                             char line[MILESTONE_LINE_BYTES]);

#endif
