/* SPDX-License-Identifier: ISC */
/* Two whole stacks, joined by a wire of the test's own, in virtual time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/bytes.h"
#include "core/stack.h"
#include "pair.h"

static void hash_frame(struct pair *pair, const struct ms_frame *frame)
{
    SHA256Update(&pair->sha2, (const uint8_t *)&pair->now_us, sizeof(pair->now_us));
    SHA256Update(&pair->sha2, frame->head, frame->head_len);
    for (unsigned i = 0; i < frame->slice_count; i++)
        SHA256Update(&pair->sha2, frame->slices[i].data, frame->slices[i].len);
}

static unsigned transmit(struct ms_driver *driver, struct ms_frame **frames, unsigned n)
{
    struct pair_host *host = MS_CONTAINER_OF(driver, struct pair_host, driver);
    struct pair *pair = host->pair;
    unsigned taken = 0;

    for (; taken < n && taken < host->refuse_after && host->wire_count < PAIR_WIRE_FRAMES;
         taken++) {
        host->frames_sent++;
        if (pair->is_hashed)
            hash_frame(pair, frames[taken]);
        if (pair->drop_every && host->frames_sent % pair->drop_every == 0)
            ms_frame_put(frames[taken]);
        else
            host->wire[host->wire_count++] = frames[taken];
    }
    return taken;
}

static const struct ms_driver_ops ops = { .transmit = transmit };

struct ms_endpoint pair_endpoint(unsigned host, bool is_ipv4, uint16_t port)
{
    struct ms_endpoint endpoint = { .port = port };

    if (is_ipv4)
        endpoint.addr = ms_addr_ipv4(10, 0, 0, (uint8_t)(host + 1));
    else
        assert_int_equal(ms_addr_parse(&endpoint.addr, host ? "2001:db8::2" : "2001:db8::1"),
                         MS_OK);
    return endpoint;
}

static void open_host(struct pair *pair, unsigned i, const struct ms_config *config)
{
    struct pair_host *host = &pair->hosts[i];
    struct ms_endpoint v4 = pair_endpoint(i, true, 0), v6 = pair_endpoint(i, false, 0);
    struct ms_config own = *config;
    size_t size;

    own.seed[0] = (uint8_t)(own.seed[0] + i);
    size = ms_stack_size(&own);
    host->pair = pair;
    host->refuse_after = UINT32_MAX;
    host->driver =
        (struct ms_driver){ .ops = &ops, .medium = MS_MEDIUM_IP, .mtu = 1500, .slices_max = 16 };
    host->memory = malloc(size);
    host->stack = ms_stack_init(&own, host->memory, size);
    assert_non_null(host->stack);
    assert_int_equal(ms_netif_attach(host->stack, &host->driver, &host->netif), MS_OK);
    assert_int_equal(ms_netif_add_addr(host->netif, &v4.addr, 24, false), MS_OK);
    assert_int_equal(ms_netif_add_addr(host->netif, &v6.addr, 64, false), MS_OK);
}

void pair_open(struct pair *pair, const struct ms_config *config)
{
    *pair = (struct pair){ .now_us = 1000000, .delay_us = 1000 };
    SHA256Init(&pair->sha2);
    for (unsigned i = 0; i < 2; i++)
        open_host(pair, i, config);
}

/* What each host has sent reaches the other. */
static void exchange(struct pair *pair)
{
    struct ms_frame *frames[2][PAIR_WIRE_FRAMES];
    unsigned counts[2];

    for (unsigned i = 0; i < 2; i++) {
        counts[i] = pair->hosts[i].wire_count;
        memcpy(frames[i], pair->hosts[i].wire, counts[i] * sizeof(frames[i][0]));
        pair->hosts[i].wire_count = 0;
    }
    for (unsigned i = 0; i < 2; i++)
        ms_netif_input(pair->hosts[!i].netif, frames[i], counts[i], pair->now_us);
}

void pair_run(struct pair *pair, uint64_t us)
{
    uint64_t until_us = pair->now_us + us;

    do {
        uint64_t next_us = until_us;

        exchange(pair);
        for (unsigned i = 0; i < 2; i++) {
            ms_poll(pair->hosts[i].stack, pair->now_us);
            next_us = min_u64(next_us, ms_next_deadline(pair->hosts[i].stack));
            if (pair->hosts[i].wire_count > 0)
                next_us = min_u64(next_us, pair->now_us + pair->delay_us);
        }
        pair->now_us = max_u64(next_us, pair->now_us + 1);
    } while (pair->now_us < until_us);
}

void pair_close(struct pair *pair)
{
    for (unsigned i = 0; i < 2; i++) {
        struct pair_host *host = &pair->hosts[i];

        for (unsigned n = 0; n < host->wire_count; n++)
            ms_frame_put(host->wire[n]);
        ms_netif_detach(host->netif);
    }
    for (unsigned i = 0; i < 2; i++) {
        ms_poll(pair->hosts[i].stack, pair->now_us + 1);
        ms_poll(pair->hosts[i].stack, pair->now_us + 2);
    }
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(pair->hosts[i].stack->frames.used, 0);
        free(pair->hosts[i].memory);
    }
}
