/* SPDX-License-Identifier: ISC */
/* How far the start had come when. */
#include "milestones.h"

#include "text.h"

void ms_guest_milestone(struct milestones *milestones, const char *what, uint64_t now_ns)
{
    unsigned i = milestones->count;

    if (i == MILESTONES_MAX)
        return;
    milestones->list[i].what = what;
    milestones->list[i].ns = now_ns;
    milestones->count++;
}

bool ms_guest_milestone_line(const struct milestones *milestones, unsigned i,
                             char line[MILESTONE_LINE_BYTES])
{
    struct text text = ms_guest_text_in(line, MILESTONE_LINE_BYTES);

    if (i >= milestones->count)
        return false;
    ms_guest_text_put(&text, "boot: ");
    ms_guest_text_put_number(&text, (milestones->list[i].ns - milestones->start_ns) / 1000);
    ms_guest_text_put(&text, " us, ");
    ms_guest_text_put(&text, milestones->list[i].what);
    ms_guest_text_put(&text, "\n");
    return true;
}
