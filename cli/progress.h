/* SPDX-License-Identifier: ISC */
/* A progress bar on stderr, on a terminal only. */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
    uint64_t start_us, shown_us;
    uint64_t start_bytes; /* were there before (a resumed file) */
    bool is_shown;
};

void progress_start(struct progress *progress, uint64_t bytes, uint64_t now_us);
/* bytes of total (UINT64_MAX: unknown) are done. Draws at most ten times a second. */
void progress_update(struct progress *progress, uint64_t bytes, uint64_t total, uint64_t now_us);
/* Takes the bar away. */
void progress_end(struct progress *progress);

/* "10.5 MB" and the like. */
enum { SIZE_TEXT_SIZE = 24 };
const char *size_text(uint64_t bytes, char text[SIZE_TEXT_SIZE]);

#endif
