/* SPDX-License-Identifier: ISC */
/* For tests of the pcap drivers: writes captured TCP conversations, packet by packet. */
#ifndef SUPPORT_CAPTURE_FILE_H
#define SUPPORT_CAPTURE_FILE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "bytes.h"
#include "pcap/pcap_file.h"
#include "pcap/segment.h"

/* One packet; offsets count from the SYN of the side. The client is 192.0.2.1:40000. */
struct captured {
    enum ms_side from;
    uint64_t time_us;
    uint32_t offset, ack; /* offsets; the ISNs are CAPTURED_ISN */
    uint8_t flags;
    const char *payload;
    const uint8_t *options;
    uint8_t options_len;
    uint16_t window;               /* 0: 8192 */
    bool is_bad;                   /* a wrong checksum */
    uint32_t cut;                  /* bytes of the end that were not captured */
    uint16_t port;                 /* of the client; 0: 40000 */
    uint32_t seq_shift, ack_shift; /* added to the numbers: another host's */
};

static const uint32_t CAPTURED_ISN[2] = { 0xfffffff0u, 1000 };

enum { CAPTURED_SERVER_PORT = 80, CAPTURED_CLIENT_PORT = 40000 };

/* A capture file under construction. */
struct capture_file {
    char path[64];
    struct ms_pcap_writer *writer;
};

static inline void capture_file_begin(struct capture_file *f)
{
    char message[128];
    int fd;

    strcpy(f->path, "/tmp/mstack-test-XXXXXX");
    fd = mkstemp(f->path);
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(
        ms_pcap_writer_open(&f->writer, f->path, MS_MEDIUM_IP, message, sizeof message), 0);
}

static inline uint32_t captured_packet(uint8_t *ip, const struct captured *c)
{
    uint8_t *tcp = ip + 20;
    uint32_t payload_len = c->payload ? (uint32_t)strlen(c->payload) : 0;
    uint32_t tcp_len = 20u + c->options_len + payload_len;
    uint16_t client_port = c->port ? c->port : CAPTURED_CLIENT_PORT;
    bool is_server = c->from == MS_SIDE_SERVER;
    struct sum sum = { .total = 6 + (uint64_t)tcp_len };

    memset(ip, 0, 40);
    ip[0] = 0x45;
    store_be16(ip + 2, (uint16_t)(20 + tcp_len));
    ip[8] = 64;
    ip[9] = 6;
    store_be32(ip + 12, 0xc0000201u + is_server);
    store_be32(ip + 16, 0xc0000202u - is_server);
    store_be16(tcp, is_server ? CAPTURED_SERVER_PORT : client_port);
    store_be16(tcp + 2, is_server ? client_port : CAPTURED_SERVER_PORT);
    store_be32(tcp + 4, CAPTURED_ISN[c->from] + c->offset + c->seq_shift);
    if (c->flags & SEGMENT_ACK)
        store_be32(tcp + 8, CAPTURED_ISN[!c->from] + c->ack + c->ack_shift);
    tcp[12] = (uint8_t)((20 + c->options_len) / 4 << 4);
    tcp[13] = c->flags;
    store_be16(tcp + 14, c->window ? c->window : 8192);
    if (c->options_len)
        memcpy(tcp + 20, c->options, c->options_len);
    if (payload_len)
        memcpy(tcp + 20 + c->options_len, c->payload, payload_len);
    sum_bytes(&sum, ip + 12, 8);
    sum_bytes(&sum, tcp, tcp_len);
    store_be16(tcp + 16, (uint16_t)(~sum_fold(&sum) ^ (c->is_bad ? 0x1111 : 0)));
    return 20 + tcp_len;
}

static inline void capture_file_add(struct capture_file *f, struct captured c)
{
    uint8_t ip[2048], original[4];
    uint32_t len = captured_packet(ip, &c);
    FILE *file;

    ms_pcap_writer_bytes(f->writer, c.time_us, ip, len - c.cut);
    if (c.cut == 0)
        return;
    /* The writer has no words for a cut packet: its original length is set behind its back. */
    assert_int_equal(ms_pcap_writer_flush(f->writer), 0);
    file = fopen(f->path, "r+b");
    assert_non_null(file);
    store_be32(original, len);
    assert_int_equal(fseek(file, -(long)(len - c.cut + sizeof original), SEEK_END), 0);
    assert_int_equal(fwrite(original, 1, sizeof original, file), sizeof original);
    fclose(file);
}

/* Ends the file and opens its index; the file is gone afterwards. */
static inline struct ms_streams *capture_file_index(struct capture_file *f)
{
    struct ms_streams *streams = NULL;
    char message[256] = "";

    assert_int_equal(ms_pcap_writer_close(f->writer), 0);
    if (ms_streams_open(&streams, f->path, message, sizeof message) != 0)
        fail_msg("%s", message);
    unlink(f->path);
    return streams;
}

#endif
