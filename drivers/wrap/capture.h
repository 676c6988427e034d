/* SPDX-License-Identifier: ISC */
/* A driver around a driver that writes every frame, both ways, to a pcap file. */
#ifndef MSTACK_DRIVERS_CAPTURE_H
#define MSTACK_DRIVERS_CAPTURE_H

#include "../device.h"

struct ms_capture;

struct ms_capture_config {
    const char *path;  /* written anew */
    uint64_t epoch_us; /* added to all times, so that a monotonic clock can be written as a date */
};

/*
 * Stands between inner and the stack; owns inner from now on, if it succeeds. Frames sent carry the
 * time of the last poll or ms_capture_set_time(). Partial checksums are finished in the written
 * copy. Returns 0, or an errno and a line in message.
 */
int ms_capture_open(struct ms_capture **capture, struct ms_device *inner,
                    const struct ms_capture_config *config, char *message, size_t size);
/* Closes the file and inner. */
void ms_capture_close(struct ms_capture *capture);
struct ms_device *ms_capture_device(struct ms_capture *capture);
void ms_capture_set_time(struct ms_capture *capture, uint64_t now_us);
/* Writes out what is buffered. Returns 0, or the errno of the first write that failed. */
int ms_capture_flush(struct ms_capture *capture);
uint64_t ms_capture_frames(const struct ms_capture *capture);

#endif
