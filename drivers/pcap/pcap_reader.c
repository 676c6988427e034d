/* SPDX-License-Identifier: ISC */
/* Reads pcap and pcapng files by libpcap, and finds the IP packet in each record. */
#define _DEFAULT_SOURCE 1 /* libpcap's headers want BSD's short type names */

#include <errno.h>
#include <pcap/pcap.h>
#include <stdlib.h>
#include <string.h>

#include "../bytes.h"
#include "pcap_file.h"

enum {
    ETH_HEADER_BYTES = 14,
    ETH_TYPE_AT = 12,
    VLAN_BYTES = 4,
    VLANS_MAX = 2,
    ETH_TYPE_IPV4 = 0x0800,
    ETH_TYPE_IPV6 = 0x86dd,
    ETH_TYPE_VLAN = 0x8100,
    ETH_TYPE_VLAN_OUTER = 0x88a8,
    SLL_HEADER_BYTES = 16,
    SLL_TYPE_AT = 14,
    SLL2_HEADER_BYTES = 20,
    SLL2_TYPE_AT = 0,
    NULL_HEADER_BYTES = 4,
    US_PER_S = 1000000,
};

struct ms_pcap_reader {
    pcap_t *pcap;
    enum ms_pcap_link link;
    uint64_t last_us;
    char error[PCAP_ERRBUF_SIZE + 32];
};

/* How long the header in front of the IP packet is, by an Ethernet type at type_at; 0: not IP. */
static uint32_t typed_header(const struct ms_pcap_record *r, uint32_t header, uint32_t type_at)
{
    for (unsigned tags = 0; r->len >= header; tags++) {
        uint16_t type = load_be16(r->data + type_at);

        if (type == ETH_TYPE_IPV4 || type == ETH_TYPE_IPV6)
            return header;
        if ((type != ETH_TYPE_VLAN && type != ETH_TYPE_VLAN_OUTER) || tags == VLANS_MAX)
            return 0;
        type_at = header + VLAN_BYTES - 2;
        header += VLAN_BYTES;
    }
    return 0;
}

/* SLL2 has its type in front, so a VLAN tag behind it is not looked for. */
static uint32_t sll2_header(const struct ms_pcap_record *r)
{
    uint16_t type;

    if (r->len < SLL2_HEADER_BYTES)
        return 0;
    type = load_be16(r->data + SLL2_TYPE_AT);
    return type == ETH_TYPE_IPV4 || type == ETH_TYPE_IPV6 ? SLL2_HEADER_BYTES : 0;
}

static void find_ip(enum ms_pcap_link link, struct ms_pcap_record *r)
{
    uint32_t header = 0;

    switch (link) {
    case MS_PCAP_ETHERNET: header = typed_header(r, ETH_HEADER_BYTES, ETH_TYPE_AT); break;
    case MS_PCAP_SLL: header = typed_header(r, SLL_HEADER_BYTES, SLL_TYPE_AT); break;
    case MS_PCAP_SLL2: header = sll2_header(r); break;
    case MS_PCAP_NULL: header = NULL_HEADER_BYTES; break;
    case MS_PCAP_RAW: break;
    }
    r->ip = NULL;
    r->ip_len = 0;
    if ((header == 0 && link != MS_PCAP_RAW) || r->len <= header)
        return;
    /* The version tells IPv4 from IPv6 everywhere; the address family of MS_PCAP_NULL differs
     * between systems. */
    if (r->data[header] >> 4 != 4 && r->data[header] >> 4 != 6)
        return;
    r->ip = r->data + header;
    r->ip_len = r->len - header;
}

/* The link types read here; false: another one. */
static bool know_link(pcap_t *pcap, enum ms_pcap_link *link)
{
    switch (pcap_datalink(pcap)) {
    case DLT_EN10MB: *link = MS_PCAP_ETHERNET; return true;
    case DLT_RAW:
    case DLT_IPV4:
    case DLT_IPV6: *link = MS_PCAP_RAW; return true;
    case DLT_LINUX_SLL: *link = MS_PCAP_SLL; return true;
    case DLT_LINUX_SLL2: *link = MS_PCAP_SLL2; return true;
    case DLT_NULL:
    case DLT_LOOP: *link = MS_PCAP_NULL; return true;
    default: return false;
    }
}

/* Closes pcap, and the stream with it, if it is of no use. */
static int adopt(struct ms_pcap_reader **reader, pcap_t *pcap, char *message, size_t size)
{
    struct ms_pcap_reader *r = calloc(1, sizeof *r);
    int type = pcap_datalink(pcap);
    int error = ENOMEM;

    if (!r) {
        snprintf(message, size, "out of memory");
    } else if (!know_link(pcap, &r->link)) {
        const char *name = pcap_datalink_val_to_name(type);

        snprintf(message, size,
                 "link type %s (%d) is not supported: only Ethernet, raw IP, "
                 "Linux cooked (SLL, SLL2) and NULL are",
                 name ? name : "unknown", type);
        error = EINVAL;
    } else {
        r->pcap = pcap;
        *reader = r;
        return 0;
    }
    free(r);
    pcap_close(pcap);
    return error;
}

int ms_pcap_reader_open_stream(struct ms_pcap_reader **reader, FILE *stream, char *message,
                               size_t size)
{
    char why[PCAP_ERRBUF_SIZE] = "";
    pcap_t *pcap = pcap_fopen_offline(stream, why);

    if (pcap)
        return adopt(reader, pcap, message, size);
    snprintf(message, size, "not a capture file: %s", why);
    fclose(stream);
    return EINVAL;
}

int ms_pcap_reader_open(struct ms_pcap_reader **reader, const char *path, char *message,
                        size_t size)
{
    FILE *stream = fopen(path, "rb");
    char why[512];
    int error;

    if (!stream) {
        error = errno;
        snprintf(message, size, "cannot read %s: %s", path, strerror(error));
        return error;
    }
    error = ms_pcap_reader_open_stream(reader, stream, why, sizeof why);
    if (error)
        snprintf(message, size, "cannot read %s: %s", path, why);
    return error;
}

/* Hostile times (negative, beyond all bounds) do not make time go back. */
static uint64_t record_time(struct ms_pcap_reader *reader, const struct pcap_pkthdr *header)
{
    uint64_t seconds = (uint64_t)header->ts.tv_sec;
    uint64_t us = (uint64_t)header->ts.tv_usec;

    if (header->ts.tv_sec >= 0 && seconds <= UINT32_MAX && us < US_PER_S &&
        seconds * US_PER_S + us > reader->last_us)
        reader->last_us = seconds * US_PER_S + us;
    return reader->last_us;
}

int ms_pcap_reader_next(struct ms_pcap_reader *reader, struct ms_pcap_record *record)
{
    struct pcap_pkthdr *header;
    const u_char *data;
    int got = pcap_next_ex(reader->pcap, &header, &data);

    if (got == PCAP_ERROR_BREAK)
        return 0;
    if (got != 1) {
        snprintf(reader->error, sizeof reader->error, "the capture file is broken: %s",
                 pcap_geterr(reader->pcap));
        return -1;
    }
    *record = (struct ms_pcap_record){
        .time_us = record_time(reader, header),
        .data = data,
        .len = header->caplen,
        .wire_len = header->len > header->caplen ? header->len : header->caplen,
    };
    find_ip(reader->link, record);
    return 1;
}

const char *ms_pcap_reader_error(const struct ms_pcap_reader *reader)
{
    return reader->error[0] ? reader->error : NULL;
}

enum ms_pcap_link ms_pcap_reader_link(const struct ms_pcap_reader *reader) { return reader->link; }

void ms_pcap_reader_close(struct ms_pcap_reader *reader)
{
    pcap_close(reader->pcap);
    free(reader);
}
