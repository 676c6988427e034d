/* SPDX-License-Identifier: ISC */
/* Writes pcap files (the classic format, microseconds). */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../bytes.h"
#include "pcap_file.h"

#define MAGIC_MICROSECONDS 0xa1b2c3d4u

enum {
    VERSION_MAJOR = 2,
    VERSION_MINOR = 4,
    SNAPLEN = 262144,
    LINKTYPE_ETHERNET = 1,
    LINKTYPE_RAW = 101,
    US_PER_S = 1000000,
};

struct ms_pcap_writer {
    FILE *file;
    int error; /* errno of the first write that failed */
};

/* The file is big-endian everywhere, which every reader takes, so that runs compare bytewise. */
struct file_header {
    uint8_t magic[4], major[2], minor[2], zone[4], accuracy[4], snaplen[4], link[4];
};

struct record_header {
    uint8_t seconds[4], microseconds[4], captured[4], original[4];
};

_Static_assert(sizeof(struct file_header) == 24, "the format says so");
_Static_assert(sizeof(struct record_header) == 16, "the format says so");

static void put(struct ms_pcap_writer *writer, const void *data, size_t len)
{
    if (writer->error || len == 0 || fwrite(data, 1, len, writer->file) == len)
        return;
    writer->error = errno ? errno : EIO;
}

static void put_file_header(struct ms_pcap_writer *writer, enum ms_medium medium)
{
    struct file_header header = { 0 };

    store_be32(header.magic, MAGIC_MICROSECONDS);
    store_be16(header.major, VERSION_MAJOR);
    store_be16(header.minor, VERSION_MINOR);
    store_be32(header.snaplen, SNAPLEN);
    store_be32(header.link, medium == MS_MEDIUM_ETHERNET ? LINKTYPE_ETHERNET : LINKTYPE_RAW);
    put(writer, &header, sizeof header);
}

static void put_record_header(struct ms_pcap_writer *writer, uint64_t time_us, uint32_t len)
{
    struct record_header header;

    store_be32(header.seconds, (uint32_t)(time_us / US_PER_S));
    store_be32(header.microseconds, (uint32_t)(time_us % US_PER_S));
    store_be32(header.captured, len);
    store_be32(header.original, len);
    put(writer, &header, sizeof header);
}

int ms_pcap_writer_open(struct ms_pcap_writer **writer, const char *path, enum ms_medium medium,
                        char *message, size_t size)
{
    struct ms_pcap_writer *w = calloc(1, sizeof *w);
    int error;

    if (w)
        w->file = strcmp(path, "-") == 0 ? stdout : fopen(path, "wb");
    if (!w || !w->file) {
        error = w ? errno : ENOMEM;
        snprintf(message, size, "cannot write %s: %s", path, strerror(error));
        free(w);
        return error;
    }
    put_file_header(w, medium);
    *writer = w;
    return 0;
}

void ms_pcap_writer_bytes(struct ms_pcap_writer *writer, uint64_t time_us, const uint8_t *data,
                          uint32_t len)
{
    put_record_header(writer, time_us, len);
    put(writer, data, len);
}

/* The head with the checksum in its place. */
static void put_head(struct ms_pcap_writer *writer, const struct ms_frame *frame)
{
    uint32_t at = (uint32_t)frame->checksum_start + frame->checksum_offset;
    uint8_t checksum[2];

    if (!(frame->flags & MS_FRAME_CHECKSUM_PARTIAL) || !checksum_fits(frame)) {
        put(writer, frame->head, frame->head_len);
        return;
    }
    store_be16(checksum, frame_checksum(frame));
    put(writer, frame->head, at);
    put(writer, checksum, sizeof checksum);
    put(writer, frame->head + at + sizeof checksum, frame->head_len - at - sizeof checksum);
}

void ms_pcap_writer_frame(struct ms_pcap_writer *writer, uint64_t time_us,
                          const struct ms_frame *frame)
{
    put_record_header(writer, time_us, ms_frame_len(frame));
    put_head(writer, frame);
    for (unsigned i = 0; i < frame->slice_count; i++)
        put(writer, frame->slices[i].data, frame->slices[i].len);
}

int ms_pcap_writer_flush(struct ms_pcap_writer *writer)
{
    if (fflush(writer->file) != 0 && !writer->error)
        writer->error = errno;
    return writer->error;
}

int ms_pcap_writer_close(struct ms_pcap_writer *writer)
{
    int error = ms_pcap_writer_flush(writer);

    if (writer->file != stdout && fclose(writer->file) != 0 && !error)
        error = errno;
    free(writer);
    return error;
}
