/* SPDX-License-Identifier: ISC */
/* Reads pcap and pcapng files as a sequence of packets; writes pcap. */
#ifndef MSTACK_DRIVERS_PCAP_FILE_H
#define MSTACK_DRIVERS_PCAP_FILE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "mstack/driver.h"
#include "mstack/frame.h"

struct ms_pcap_reader;

enum ms_pcap_link {
    MS_PCAP_ETHERNET,
    MS_PCAP_RAW,  /* begins with the IP header */
    MS_PCAP_SLL,  /* Linux cooked */
    MS_PCAP_SLL2, /* Linux cooked, version 2 */
    MS_PCAP_NULL, /* BSD loopback */
};

/* One record; its bytes stay valid until the next one is read. */
struct ms_pcap_record {
    uint64_t time_us;
    const uint8_t *data;
    uint32_t len;      /* bytes in the file */
    uint32_t wire_len; /* bytes there were */
    const uint8_t *ip; /* the IP header within data; NULL: something else than IP */
    uint32_t ip_len;   /* bytes from ip to the end of data; padding may follow the packet */
};

/* Return 0, or an errno (EINVAL: not a capture, or a link type not read here) and a line. */
int ms_pcap_reader_open(struct ms_pcap_reader **reader, const char *path, char *message,
                        size_t size);
/* The same from a stream, which the reader closes, also when it fails. */
int ms_pcap_reader_open_stream(struct ms_pcap_reader **reader, FILE *stream, char *message,
                               size_t size);
/* 1: a record; 0: the end of the file; -1: the file is broken here, see ms_pcap_reader_error(). */
int ms_pcap_reader_next(struct ms_pcap_reader *reader, struct ms_pcap_record *record);
const char *ms_pcap_reader_error(const struct ms_pcap_reader *reader);
enum ms_pcap_link ms_pcap_reader_link(const struct ms_pcap_reader *reader);
void ms_pcap_reader_close(struct ms_pcap_reader *reader);

struct ms_pcap_writer;

/* Returns 0, or an errno and a line. Path "-" is standard output. */
int ms_pcap_writer_open(struct ms_pcap_writer **writer, const char *path, enum ms_medium medium,
                        char *message, size_t size);
void ms_pcap_writer_bytes(struct ms_pcap_writer *writer, uint64_t time_us, const uint8_t *data,
                          uint32_t len);
/* All pieces of the frame; a partial checksum is finished in what is written. */
void ms_pcap_writer_frame(struct ms_pcap_writer *writer, uint64_t time_us,
                          const struct ms_frame *frame);
/* Return 0, or the errno of the first write that failed. */
int ms_pcap_writer_flush(struct ms_pcap_writer *writer);
int ms_pcap_writer_close(struct ms_pcap_writer *writer);

#endif
