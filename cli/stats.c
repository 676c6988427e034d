/* SPDX-License-Identifier: ISC */
/* Prints the counters that are not zero. */
#include "stats.h"

#include <inttypes.h>

static const struct {
    size_t offset;
    const char *name, *text;
} counters[] = {
#define COUNTER_ROW(name, text) { offsetof(struct ms_counters, name), #name, text },
    MS_COUNTER_LIST(COUNTER_ROW)
#undef COUNTER_ROW
};

static const char *const drop_names[MS_DROP_COUNT] = {
#define DROP_NAME(name, text) #name,
    MS_DROP_LIST(DROP_NAME)
#undef DROP_NAME
};

const char *drop_name(unsigned drop) { return drop < MS_DROP_COUNT ? drop_names[drop] : "?"; }

static void print_line(FILE *out, uint64_t number, const char *name, const char *text)
{
    if (number)
        fprintf(out, "%12" PRIu64 "  %-30s %s\n", number, name, text);
}

static void print_stack(FILE *out, const struct ms_counters *values)
{
    for (size_t i = 0; i < sizeof(counters) / sizeof(counters[0]); i++) {
        const char *at = (const char *)values + counters[i].offset;

        print_line(out, *(const uint64_t *)(const void *)at, counters[i].name, counters[i].text);
    }
    for (unsigned i = 0; i < MS_DROP_COUNT; i++) {
        char name[64];

        snprintf(name, sizeof(name), "drop %s", drop_names[i]);
        print_line(out, values->drops[i], name, ms_drop_text((enum ms_drop)i));
    }
}

static void print_lossy(FILE *out, const struct ms_lossy *lossy)
{
    static const struct {
        enum ms_lossy_direction direction;
        const char *name;
    } directions[] = { { MS_LOSSY_TRANSMIT, "transmit" }, { MS_LOSSY_RECEIVE, "receive" } };

    for (unsigned i = 0; i < 2; i++) {
        struct ms_lossy_stats stats;

        ms_lossy_stats(lossy, directions[i].direction, &stats);
        fprintf(out,
                "lossy %s: frames %" PRIu64 " dropped %" PRIu64 " duplicated %" PRIu64
                " reordered %" PRIu64 " corrupted %" PRIu64 " overflowed %" PRIu64 "\n",
                directions[i].name, stats.frames, stats.dropped, stats.duplicated, stats.reordered,
                stats.corrupted, stats.overflowed);
    }
}

static void print_interface(FILE *out, const struct device *device)
{
    struct ms_netif_stats netif;
    struct ms_tap_stats tap;

    ms_netif_stats(device->netif, &netif);
    ms_tap_stats(device->tap, &tap);
    fprintf(out,
            "interface %s: received %" PRIu64 " frames %" PRIu64 " bytes, sent %" PRIu64
            " frames %" PRIu64 " bytes, refused %" PRIu64 "\n",
            ms_tap_name(device->tap), netif.rx_frames, netif.rx_bytes, netif.tx_frames,
            netif.tx_bytes, netif.tx_refused);
    fprintf(out,
            "tap: %" PRIu64 " reads, %" PRIu64 " writes, %" PRIu64 " writes tried again, %" PRIu64
            " send errors, %" PRIu64 " receive errors, %" PRIu64 " copied\n",
            tap.reads, tap.writes, tap.tx_again, tap.tx_errors, tap.rx_errors, tap.rx_copied);
}

void stats_print(FILE *out, const struct device *device)
{
    print_stack(out, ms_stack_counters(device->stack));
    if (device->lossy)
        print_lossy(out, device->lossy);
    print_interface(out, device);
}
