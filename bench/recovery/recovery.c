/* SPDX-License-Identifier: ISC */
/* How much of a path is used when it loses, reorders, shrinks or is shared, in virtual time. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "play.h"

enum { SEEDS = 8, MS = 1000, SECOND = 1000000, MBIT = 1000000, KIB = 1024, MIB = 1 << 20 };

/* 100 Mbit/s, 10 ms there and back, and a queue of as much: what the peers were measured on. */
enum { RATE = 100 * MBIT, DELAY_US = 5 * MS, QUEUE_BYTES = 125000 };

static const struct ms_cc_ops *const controllers[] = { &ms_cc_newreno, &ms_cc_cubic };

enum { CONTROLLERS = sizeof(controllers) / sizeof(controllers[0]) };

static struct play_config usual(void)
{
    return (struct play_config){
        .path = { { .rate_bits_per_s = RATE, .delay_us = DELAY_US, .queue_bytes = QUEUE_BYTES },
                  { .rate_bits_per_s = RATE, .delay_us = DELAY_US, .queue_bytes = QUEUE_BYTES } },
        .flow_count = 1,
        .mtu = 1500,
        .recv_window_bytes = 2 * MIB,
        .duration_us = 60 * (uint64_t)SECOND,
    };
}

static struct play_config lossy(uint32_t loss_ppm)
{
    struct play_config config = usual();

    config.path[PATH_DATA].loss_ppm = loss_ppm;
    return config;
}

static struct play_config loss_0(void) { return lossy(0); }
static struct play_config loss_0_1(void) { return lossy(1000); }
static struct play_config loss_1(void) { return lossy(10000); }
static struct play_config loss_3(void) { return lossy(30000); }

/* Once in a thousand packets ten in a row. */
static struct play_config burst_loss(void)
{
    struct play_config config = lossy(1000);

    config.path[PATH_DATA].loss_run = 10;
    return config;
}

static struct play_config ack_loss(void)
{
    struct play_config config = usual();

    config.path[PATH_ACKS].loss_ppm = 200000;
    return config;
}

/* One in ten is overtaken by some 25 others. */
static struct play_config reordering(void)
{
    struct play_config config = usual();

    config.path[PATH_DATA].reorder_ppm = 100000;
    config.path[PATH_DATA].reorder_us = 3 * MS;
    return config;
}

static struct play_config slow(void)
{
    struct play_config config = usual();

    for (unsigned i = 0; i < PATH_DIRECTIONS; i++)
        config.path[i] = (struct path_config){ .rate_bits_per_s = MBIT,
                                               .delay_us = 300 * MS,
                                               .queue_bytes = 75000 };
    return config;
}

/* 125 MB on the way; what counts is the rate after three seconds. */
static struct play_config fast_and_far(void)
{
    struct play_config config = usual();

    for (unsigned i = 0; i < PATH_DIRECTIONS; i++)
        config.path[i] = (struct path_config){ .rate_bits_per_s = 10000 * (uint64_t)MBIT,
                                               .delay_us = 50 * MS,
                                               .queue_bytes = 125000000 };
    config.recv_window_bytes = 512 * MIB;
    config.duration_us = 4 * SECOND;
    return config;
}

/* From 20 to 40 seconds a round trip takes ten times as long. */
static struct play_config longer_way(void)
{
    struct play_config config = usual();

    for (unsigned i = 0; i < 2; i++) {
        config.changes[i].at_us = 20 * (i + 1) * (uint64_t)SECOND;
        memcpy(config.changes[i].path, config.path, sizeof(config.path));
    }
    for (unsigned i = 0; i < PATH_DIRECTIONS; i++)
        config.changes[0].path[i].delay_us = 10 * DELAY_US;
    return config;
}

/* After 10 seconds packets of more than 1280 bytes vanish, and nobody says so. */
static struct play_config black_hole(void)
{
    struct play_config config = usual();

    config.changes[0].at_us = 10 * SECOND;
    memcpy(config.changes[0].path, config.path, sizeof(config.path));
    config.changes[0].path[PATH_DATA].packet_bytes_max = 1280;
    return config;
}

static struct play_config policed(void)
{
    struct play_config config = usual();

    config.path[PATH_DATA].police_bits_per_s = 50 * MBIT;
    config.path[PATH_DATA].police_burst_bytes = 64 * KIB;
    return config;
}

/* A web page every tenth of a second: half of the rate, never more to send than that. */
static struct play_config bursts(void)
{
    struct play_config config = usual();

    config.flows[0].every_us = 100 * MS;
    config.flows[0].burst_bytes = 600 * KIB;
    return config;
}

static struct play_config eight_flows(void)
{
    struct play_config config = usual();

    config.flow_count = 8;
    for (unsigned i = 0; i < config.flow_count; i++)
        config.flows[i].start_us = i * 10 * MS;
    return config;
}

/* So many segments at once, of which the last is lost. */
static struct play_config tail_of(uint32_t segments)
{
    struct play_config config = usual();

    config.flows[0].bytes = segments * 1460;
    config.lose_last_of = segments;
    config.duration_us = 5 * SECOND;
    return config;
}

/* The peer acknowledges every second segment at once: all but the last, or but the last two. */
static struct play_config tail_loss_odd(void) { return tail_of(9); }
static struct play_config tail_loss_even(void) { return tail_of(10); }

/* Figures. */

static double goodput_mbit(const struct play_config *config, const struct play_result *result)
{
    double bytes = 0;

    for (unsigned i = 0; i < config->flow_count; i++)
        bytes += (double)result->flows[i].bytes;
    return bytes * 8 / (double)config->duration_us;
}

/* Of the last second. */
static double final_mbit(const struct play_config *config, const struct play_result *result)
{
    unsigned n = result->tick_count, ticks = SECOND / PLAY_TICK_US;

    (void)config;
    return (double)(result->ticks[n - 1] - result->ticks[n - 1 - ticks]) * 8 / SECOND;
}

/* Jain's index: 1 if all flows have as much. */
static double fairness(const struct play_config *config, const struct play_result *result)
{
    double sum = 0, squares = 0;

    for (unsigned i = 0; i < config->flow_count; i++) {
        double bytes = (double)result->flows[i].bytes;

        sum += bytes;
        squares += bytes * bytes;
    }
    return sum * sum / (config->flow_count * squares);
}

/* From the loss of the last segment until it arrived; -1: it never did. */
static double repair_ms(const struct play_config *config, const struct play_result *result)
{
    uint64_t end_us = result->flows[0].end_us;

    (void)config;
    return end_us ? (double)(end_us - result->path[PATH_DATA].lost_us) / MS : -1;
}

typedef double figure_fn(const struct play_config *config, const struct play_result *result);

struct scenario {
    const char *name;
    struct play_config (*config)(void);
    figure_fn *figure;
    const char *unit;
    const char *peers; /* what they were measured to reach */
    double goal;       /* of CUBIC */
    unsigned seeds;
    bool is_less_better;
};

static const struct scenario scenarios[] = {
    { "loss_0", loss_0, goodput_mbit, "Mbit/s",
      "lwIP 91.0, smoltcp 54.2, Linux CUBIC 94.1, Reno 93.3, BBR 94.3", 95, 1, false },
    { "loss_0.1", loss_0_1, goodput_mbit, "Mbit/s",
      "lwIP 44.0, smoltcp 40.0, Linux CUBIC 42.3, Reno 39.9, BBR 95.1", 45, SEEDS, false },
    { "loss_1", loss_1, goodput_mbit, "Mbit/s",
      "lwIP 9.05, smoltcp 11.7, Linux CUBIC 12.2, Reno 11.8, BBR 94.7", 13.5, SEEDS, false },
    { "loss_3", loss_3, goodput_mbit, "Mbit/s",
      "lwIP 1.28, smoltcp 2.56, Linux CUBIC 5.1, Reno 6.1, BBR 93.9", 7, SEEDS, false },
    { "burst_loss", burst_loss, goodput_mbit, "Mbit/s", "", 30, SEEDS, false },
    { "ack_loss", ack_loss, goodput_mbit, "Mbit/s", "", 95, SEEDS, false },
    { "reordering", reordering, goodput_mbit, "Mbit/s", "", 91.6, SEEDS, false },
    { "slow", slow, goodput_mbit, "Mbit/s", "", 0.9, 1, false },
    { "fast_and_far", fast_and_far, final_mbit, "Mbit/s", "", 9158, 1, false },
    { "longer_way", longer_way, goodput_mbit, "Mbit/s", "", 80, 1, false },
    { "black_hole", black_hole, goodput_mbit, "Mbit/s", "", 85, 1, false },
    { "policed", policed, goodput_mbit, "Mbit/s", "", 40, 1, false },
    { "bursts", bursts, goodput_mbit, "Mbit/s", "", 48.5, 1, false },
    { "eight_flows", eight_flows, fairness, "Jain's index", "", 0.95, SEEDS, false },
    { "tail_loss_even", tail_loss_even, repair_ms, "ms", "", 30, 1, true },
    { "tail_loss_odd", tail_loss_odd, repair_ms, "ms", "", 30, 1, true },
};

enum { SCENARIOS = sizeof(scenarios) / sizeof(scenarios[0]) };

static double mean_figure(const struct scenario *scenario, const struct ms_cc_ops *cc)
{
    double sum = 0;

    for (unsigned seed = 1; seed <= scenario->seeds; seed++) {
        struct play_config config = scenario->config();
        struct play_result result;

        for (unsigned i = 0; i < config.flow_count; i++)
            config.flows[i].cc = cc;
        config.seed = seed;
        play(&config, &result);
        sum += scenario->figure(&config, &result);
        play_free(&result);
    }
    return sum / scenario->seeds;
}

static bool is_reached(const struct scenario *scenario, double figure)
{
    return scenario->is_less_better ? figure >= 0 && figure <= scenario->goal
                                    : figure >= scenario->goal;
}

/* One line of the table. */
static void measure(const struct scenario *scenario, FILE *json, bool is_first)
{
    double figures[CONTROLLERS];

    for (unsigned i = 0; i < CONTROLLERS; i++)
        figures[i] = mean_figure(scenario, controllers[i]);
    printf("| `%s` |", scenario->name);
    for (unsigned i = 0; i < CONTROLLERS; i++)
        printf(" %.*f |", figures[i] < 10 ? 2 : 1, figures[i]);
    printf(" %g |%s %s | %s |\n", scenario->goal,
           is_reached(scenario, figures[CONTROLLERS - 1]) ? "" : " (not reached)", scenario->unit,
           scenario->peers);
    fflush(stdout);
    if (!json)
        return;
    fprintf(json, "%s\n  \"%s\": {", is_first ? "" : ",", scenario->name);
    for (unsigned i = 0; i < CONTROLLERS; i++)
        fprintf(json, "\"%s\": %.3f, ", controllers[i]->name, figures[i]);
    fprintf(json, "\"goal\": %g, \"unit\": \"%s\"}", scenario->goal, scenario->unit);
}

static const struct scenario *find(const char *name)
{
    for (unsigned i = 0; i < SCENARIOS; i++)
        if (strcmp(name, scenarios[i].name) == 0)
            return &scenarios[i];
    return NULL;
}

static int usage(FILE *to)
{
    fprintf(to, "usage: recovery [--json FILE] [SCENARIO]...\nThe scenarios:");
    for (unsigned i = 0; i < SCENARIOS; i++)
        fprintf(to, " %s", scenarios[i].name);
    fprintf(to, "\n");
    return to == stdout ? 0 : 2;
}

static void measure_all(char **names, int count, FILE *json)
{
    printf("| scenario |");
    for (unsigned i = 0; i < CONTROLLERS; i++)
        printf(" %s |", controllers[i]->name);
    printf(" goal of CUBIC | unit | peers |\n|---|");
    for (unsigned i = 0; i < CONTROLLERS; i++)
        printf("---:|");
    printf("---:|---|---|\n");
    for (int i = 0; i < count; i++)
        measure(find(names[i]), json, i == 0);
    for (unsigned i = 0; count == 0 && i < SCENARIOS; i++)
        measure(&scenarios[i], json, i == 0);
}

int main(int argc, char **argv)
{
    static const struct option options[] = { { "json", required_argument, NULL, 'j' },
                                             { "help", no_argument, NULL, 'h' },
                                             { NULL, 0, NULL, 0 } };
    FILE *json = NULL;

    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (option == 'h')
            return usage(stdout);
        if (option != 'j')
            return usage(stderr);
        json = fopen(optarg, "w");
        if (!json) {
            perror(optarg);
            return 2;
        }
    }
    for (int i = optind; i < argc; i++) {
        if (!find(argv[i])) {
            fprintf(stderr, "recovery: there is no scenario %s\n", argv[i]);
            return usage(stderr);
        }
    }
    if (json)
        fprintf(json, "{");
    measure_all(argv + optind, argc - optind, json);
    if (json)
        fprintf(json, "\n}\n");
    return json && fclose(json) ? 2 : 0;
}
