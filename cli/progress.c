/* SPDX-License-Identifier: ISC */
/* A progress bar on stderr, on a terminal only. */
#include "progress.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { BAR_WIDTH = 30, DRAW_EVERY_US = 100000 };

const char *size_text(uint64_t bytes, char text[SIZE_TEXT_SIZE])
{
    static const char *const units[] = { "B", "kB", "MB", "GB", "TB", "PB", "EB" };
    double value = (double)bytes;
    unsigned unit = 0;

    while (value >= 1000 && unit < 6) {
        value /= 1000;
        unit++;
    }
    snprintf(text, SIZE_TEXT_SIZE, unit ? "%.1f %s" : "%.0f %s", value, units[unit]);
    return text;
}

void progress_start(struct progress *progress, uint64_t bytes, uint64_t now_us)
{
    *progress = (struct progress){ .start_us = now_us, .start_bytes = bytes };
}

static void draw_bar(uint64_t bytes, uint64_t total)
{
    double part = total ? (double)bytes / (double)total : 1;
    int filled = (int)(part * BAR_WIDTH);
    char bar[BAR_WIDTH + 1];

    memset(bar, ' ', BAR_WIDTH);
    memset(bar, '=', (size_t)(filled > BAR_WIDTH ? BAR_WIDTH : filled));
    bar[BAR_WIDTH] = 0;
    fprintf(stderr, "\r\033[K%3.0f%% [%s] ", part * 100, bar);
}

void progress_update(struct progress *progress, uint64_t bytes, uint64_t total, uint64_t now_us)
{
    char done[SIZE_TEXT_SIZE], all[SIZE_TEXT_SIZE], rate_text[SIZE_TEXT_SIZE];
    uint64_t elapsed_us = now_us - progress->start_us;
    double rate;

    if (!isatty(STDERR_FILENO) || now_us - progress->shown_us < DRAW_EVERY_US)
        return;
    progress->shown_us = now_us;
    progress->is_shown = true;
    rate = elapsed_us ? (double)(bytes - progress->start_bytes) * 1e6 / (double)elapsed_us : 0;
    size_text(bytes, done);
    size_text((uint64_t)rate, rate_text);
    if (total == UINT64_MAX) {
        fprintf(stderr, "\r\033[K%s, %s/s", done, rate_text);
        return;
    }
    draw_bar(bytes, total);
    fprintf(stderr, "%s of %s, %s/s", done, size_text(total, all), rate_text);
    if (rate > 0 && total > bytes)
        fprintf(stderr, ", %.0f s left", (double)(total - bytes) / rate);
}

void progress_end(struct progress *progress)
{
    if (progress->is_shown)
        fputs("\r\033[K", stderr);
    progress->is_shown = false;
}
