/* SPDX-License-Identifier: ISC */
/* A driver that replays a capture file into a netif, and writes what the stack sends. */
#include "pcap_driver.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "pcap_file.h"

enum { MTU = 1500, MTU_MIN = 68, SLICES_MAX = 64, MAC_BYTES = 6, BATCH = 64 };

struct ms_pcap {
    struct ms_device device;
    struct ms_pcap_reader *reader;
    struct ms_pcap_writer *writer;
    struct ms_pcap_record record; /* the next one, unless at the end */
    bool is_at_end;
    uint64_t now_us;
    struct ms_pcap_stats stats;
};

static void free_frame(struct ms_frame *frame) { free(frame); }

/* Goes to the next record that can be delivered. */
static void advance(struct ms_pcap *p)
{
    while (!p->is_at_end) {
        p->is_at_end = ms_pcap_reader_next(p->reader, &p->record) != 1;
        if (p->is_at_end)
            return;
        if (p->record.len < p->record.wire_len || p->record.len == 0)
            p->stats.truncated++;
        else if (p->device.driver.medium == MS_MEDIUM_IP && !p->record.ip)
            p->stats.not_ip++;
        else
            return;
    }
}

/* The record as a frame, from the header that the medium has first. NULL: no memory. */
static struct ms_frame *make_frame(const struct ms_pcap *p)
{
    bool is_ip = p->device.driver.medium == MS_MEDIUM_IP;
    const uint8_t *data = is_ip ? p->record.ip : p->record.data;
    uint32_t len = is_ip ? p->record.ip_len : p->record.len;
    struct ms_frame *frame = malloc(sizeof *frame + len);

    if (!frame)
        return NULL;
    *frame = (struct ms_frame){
        .head = (uint8_t *)frame->slices,
        .head_len = len,
        .refs = 1,
        .release = free_frame,
    };
    memcpy(frame->head, data, len);
    return frame;
}

unsigned ms_pcap_poll(struct ms_pcap *pcap, uint64_t now_us)
{
    unsigned delivered = 0;

    while (delivered < BATCH && !pcap->is_at_end && pcap->record.time_us <= now_us) {
        struct ms_frame *frame = make_frame(pcap);

        pcap->now_us = pcap->record.time_us;
        advance(pcap);
        if (!frame)
            continue;
        delivered++;
        pcap->stats.frames++;
        ms_device_deliver(&pcap->device, &frame, 1, pcap->now_us);
    }
    if (pcap->now_us < now_us && delivered < BATCH)
        pcap->now_us = now_us;
    return delivered;
}

uint64_t ms_pcap_next_deadline(const struct ms_pcap *pcap)
{
    return pcap->is_at_end ? UINT64_MAX : pcap->record.time_us;
}

static unsigned transmit(struct ms_driver *driver, struct ms_frame **frames, unsigned n)
{
    struct ms_pcap *pcap = (struct ms_pcap *)driver;

    for (unsigned i = 0; i < n; i++) {
        if (pcap->writer)
            ms_pcap_writer_frame(pcap->writer, pcap->now_us, frames[i]);
        ms_frame_put(frames[i]);
    }
    pcap->stats.sent += n;
    return n;
}

static unsigned device_poll(struct ms_device *device, uint64_t now_us)
{
    return ms_pcap_poll((struct ms_pcap *)device, now_us);
}

static uint64_t device_next_deadline(const struct ms_device *device)
{
    return ms_pcap_next_deadline((const struct ms_pcap *)device);
}

static short device_events(const struct ms_device *device)
{
    (void)device;
    return 0;
}

static void device_close(struct ms_device *device) { ms_pcap_close((struct ms_pcap *)device); }

static const struct ms_driver_ops driver_ops = { .transmit = transmit };
static const struct ms_device_ops device_ops = {
    .poll = device_poll,
    .next_deadline = device_next_deadline,
    .events = device_events,
    .close = device_close,
};

/* Whoever the first unicast IP packet is for. */
static bool find_mac(const char *path, uint8_t mac[MAC_BYTES])
{
    struct ms_pcap_reader *reader;
    struct ms_pcap_record record;
    bool found = false;
    char unused[1];

    if (ms_pcap_reader_open(&reader, path, unused, 0) != 0)
        return false;
    while (!found && ms_pcap_reader_next(reader, &record) == 1)
        found = record.ip && record.len >= MAC_BYTES && !(record.data[0] & 1);
    if (found)
        memcpy(mac, record.data, MAC_BYTES);
    ms_pcap_reader_close(reader);
    return found;
}

static void choose_mac(struct ms_pcap *p, const struct ms_pcap_config *config)
{
    static const uint8_t none[MAC_BYTES], other[MAC_BYTES] = { 0x02, 0, 0, 0, 0, 1 };
    uint8_t *mac = p->device.driver.mac;

    memcpy(mac, config->mac, MAC_BYTES);
    if (memcmp(mac, none, MAC_BYTES) == 0 && !find_mac(config->in, mac))
        memcpy(mac, other, MAC_BYTES);
}

int ms_pcap_open(struct ms_pcap **pcap, const struct ms_pcap_config *config, char *message,
                 size_t size)
{
    struct ms_pcap *p;
    int error;

    if (config->mtu != 0 && config->mtu < MTU_MIN) {
        snprintf(message, size, "MTU below 68");
        return EINVAL;
    }
    p = calloc(1, sizeof *p);
    if (!p) {
        snprintf(message, size, "out of memory");
        return ENOMEM;
    }
    error = ms_pcap_reader_open(&p->reader, config->in, message, size);
    if (error) {
        free(p);
        return error;
    }
    p->device = (struct ms_device){
        .driver = { .ops = &driver_ops,
                    .medium = ms_pcap_reader_link(p->reader) == MS_PCAP_ETHERNET
                                  ? MS_MEDIUM_ETHERNET
                                  : MS_MEDIUM_IP,
                    .mtu = config->mtu ? config->mtu : MTU,
                    .slices_max = SLICES_MAX },
        .ops = &device_ops,
        .fd = -1,
    };
    if (config->out)
        error =
            ms_pcap_writer_open(&p->writer, config->out, p->device.driver.medium, message, size);
    if (error) {
        ms_pcap_close(p);
        return error;
    }
    if (p->device.driver.medium == MS_MEDIUM_ETHERNET)
        choose_mac(p, config);
    advance(p);
    *pcap = p;
    return 0;
}

void ms_pcap_close(struct ms_pcap *pcap)
{
    ms_pcap_reader_close(pcap->reader);
    if (pcap->writer)
        (void)ms_pcap_writer_close(pcap->writer);
    free(pcap);
}

struct ms_device *ms_pcap_device(struct ms_pcap *pcap) { return &pcap->device; }

const char *ms_pcap_error(const struct ms_pcap *pcap) { return ms_pcap_reader_error(pcap->reader); }

void ms_pcap_stats(const struct ms_pcap *pcap, struct ms_pcap_stats *stats)
{
    *stats = pcap->stats;
}
