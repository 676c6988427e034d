/* SPDX-License-Identifier: ISC */
/* A driver around a driver that writes all frames to an open pcap writer, which others share. */
#ifndef CLI_RECORDER_H
#define CLI_RECORDER_H

#include "device.h"
#include "pcap/pcap_file.h"

struct recorder {
    struct ms_device device; /* attach this one */
    struct ms_device *inner;
    struct ms_pcap_writer *writer;
    uint64_t epoch_us; /* added to all times */
    uint64_t now_us;   /* keep it up to date: frames sent carry it */
};

/* inner stays the caller's, to be closed after the recorder was detached. */
void recorder_init(struct recorder *recorder, struct ms_device *inner,
                   struct ms_pcap_writer *writer, uint64_t epoch_us);

#endif
