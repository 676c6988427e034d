/* SPDX-License-Identifier: ISC */
/* What replays are reported as: a table for people, JSON for programs. */
#ifndef CLI_REPLAY_REPORT_H
#define CLI_REPLAY_REPORT_H

#include "stream_replay.h"
#include "text.h"

struct replay_report {
    struct text text;
    bool is_json;
    size_t delivered, failed, skipped;
};

void replay_report_begin(struct replay_report *report, const char *file, bool is_json);
/* result NULL: the stream has an obstacle and was not replayed. */
void replay_report_add(struct replay_report *report, const struct replay_job *job,
                       const struct replay_result *result);
void replay_report_end(struct replay_report *report, const struct ms_streams *streams);

#endif
