/* SPDX-License-Identifier: ISC */
/* What all subcommands that use a device have in common on their command line. */
#include "options.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum key {
    KEY_DEV = 0x100,
    KEY_ADDR,
    KEY_GATEWAY,
    KEY_CAPTURE,
    KEY_LOSS,
    KEY_REORDER,
    KEY_DUPLICATE,
    KEY_CORRUPT,
    KEY_DELAY,
    KEY_SEED,
    KEY_STATS,
    KEY_MTU,
};

enum { LINE_SIZE = 16384 };

static const struct argp_option common_options[] = {
    { NULL, 0, NULL, 0, "Device:", 1 },
    { "dev", KEY_DEV, "SPEC", 0,
      "tap:NAME[,host=ADDR/LEN]... (Ethernet) or tun:NAME[,host=ADDR/LEN]... (IP). The interface "
      "is "
      "created, gets the kernel's addresses host=, and is removed at the end",
      1 },
    { "addr", KEY_ADDR, "ADDR/LEN", 0, "an address of mstack; repeatable, IPv4 and IPv6", 1 },
    { "gateway", KEY_GATEWAY, "ADDR", 0, "the router to all other networks; one for each family",
      1 },
    { "mtu", KEY_MTU, "BYTES", 0, "the interface's MTU, 576 to 65535", 1 },
    { NULL, 0, NULL, 0, "A bad network, made on purpose:", 2 },
    { "loss", KEY_LOSS, "PERCENT", 0, "lose frames, in both directions", 2 },
    { "reorder", KEY_REORDER, "PERCENT", 0, "deliver frames later than their successors", 2 },
    { "duplicate", KEY_DUPLICATE, "PERCENT", 0, "deliver frames twice", 2 },
    { "corrupt", KEY_CORRUPT, "PERCENT", 0, "flip a bit in frames", 2 },
    { "delay", KEY_DELAY, "MS", 0, "hold every frame back for so many milliseconds", 2 },
    { "seed", KEY_SEED, "NUMBER", 0, "make chance repeatable; by default it is not", 2 },
    { NULL, 0, NULL, 0, "To see what happens:", 3 },
    { "capture", KEY_CAPTURE, "FILE", 0, "write all frames to a pcap file", 3 },
    { "stats", KEY_STATS, NULL, 0, "print the stack's counters to stderr at the end", 3 },
    { 0 },
};

static const char *program_name = "mstack";

/* One line, whatever an argument in it holds: nothing of it steers a terminal or fills it. */
static void print_line(const char *name, const char *format, va_list args)
{
    char line[LINE_SIZE];
    int len = vsnprintf(line, sizeof(line), format, args);

    for (char *c = line; *c; c++) {
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            *c = '?';
    }
    fprintf(stderr, "%s: %s%s\n", name, line, len >= (int)sizeof(line) ? "..." : "");
}

void complain_as(const char *name) { program_name = name; }

void complain(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    print_line(program_name, format, args);
    va_end(args);
}

void options_fail(const struct argp_state *state, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    (void)state;
    print_line(program_name, format, args);
    va_end(args);
    exit(EXIT_USAGE);
}

uint64_t options_number(const struct argp_state *state, const char *name, const char *text,
                        const uint64_t limits[2])
{
    uint64_t number;

    if (!value_number(text, limits[1], &number) || number < limits[0])
        options_fail(state, "--%s: \"%.200s\" is not a number from %" PRIu64 " to %" PRIu64, name,
                     text, limits[0], limits[1]);
    return number;
}

static double percent(const struct argp_state *state, const char *name, const char *text)
{
    double value = 0;

    if (!value_percent(text, &value))
        options_fail(state, "--%s: \"%.200s\" is not a percentage from 0 to 100", name, text);
    return value;
}

static void add_addr(const struct argp_state *state, struct options *options, const char *text)
{
    struct prefixed_addr *addr = &options->addrs[options->addr_count];

    if (options->addr_count == OPTIONS_ADDRS_MAX)
        options_fail(state, "--addr: more than %d addresses", OPTIONS_ADDRS_MAX);
    if (!value_prefixed_addr(text, addr))
        options_fail(state,
                     "--addr: \"%.200s\" is not an address with a prefix length, as 192.0.2.1/24",
                     text);
    if (ms_addr_is_unspecified(&addr->addr) || ms_addr_is_multicast(&addr->addr))
        options_fail(state, "--addr: \"%.200s\" is not an address that a host can have", text);
    options->addr_count++;
}

static void add_gateway(const struct argp_state *state, struct options *options, const char *text)
{
    struct ms_addr gateway;

    if (ms_addr_parse(&gateway, text) != MS_OK || ms_addr_is_unspecified(&gateway) ||
        ms_addr_is_multicast(&gateway))
        options_fail(state, "--gateway: \"%.200s\" is not the address of a host", text);
    for (unsigned i = 0; i < options->gateway_count; i++)
        if (ms_addr_is_ipv4(&options->gateways[i]) == ms_addr_is_ipv4(&gateway))
            options_fail(state, "--gateway: \"%.200s\" is the second of its family", text);
    options->gateways[options->gateway_count++] = gateway;
}

static void set_delay(const struct argp_state *state, struct options *options, const char *text)
{
    if (!value_seconds(text, &options->delay_ms) || options->delay_ms > 60000)
        options_fail(state, "--delay: \"%.200s\" is not a number of milliseconds from 0 to 60000",
                     text);
}

static void set_seed(const struct argp_state *state, struct options *options, const char *text)
{
    options->seed = options_number(state, "seed", text, (const uint64_t[]){ 0, UINT64_MAX });
    options->has_seed = true;
}

static void set_mtu(const struct argp_state *state, struct options *options, const char *text)
{
    options->mtu = (uint16_t)options_number(state, "mtu", text, (const uint64_t[]){ 576, 65535 });
}

static void check_complete(const struct argp_state *state, const struct options *options)
{
    if (!options->dev)
        options_fail(state,
                     "--dev is missing: which device? (for example tap:mstack0,host=192.0.2.1/24)");
    if (options->addr_count == 0)
        options_fail(state, "--addr is missing: which address? (for example 192.0.2.2/24)");
}

static error_t parse_common(int key, char *arg, struct argp_state *state)
{
    struct options *options = state->input;

    switch (key) {
    case KEY_DEV: options->dev = arg; break;
    case KEY_ADDR: add_addr(state, options, arg); break;
    case KEY_GATEWAY: add_gateway(state, options, arg); break;
    case KEY_CAPTURE: options->capture = arg; break;
    case KEY_LOSS: options->loss_percent = percent(state, "loss", arg); break;
    case KEY_REORDER: options->reorder_percent = percent(state, "reorder", arg); break;
    case KEY_DUPLICATE: options->duplicate_percent = percent(state, "duplicate", arg); break;
    case KEY_CORRUPT: options->corrupt_percent = percent(state, "corrupt", arg); break;
    case KEY_DELAY: set_delay(state, options, arg); break;
    case KEY_SEED: set_seed(state, options, arg); break;
    case KEY_STATS: options->wants_stats = true; break;
    case KEY_MTU: set_mtu(state, options, arg); break;
    case ARGP_KEY_END: check_complete(state, options); break;
    default: return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

const struct argp options_argp = { common_options, parse_common, NULL, NULL, NULL, NULL, NULL };

void options_begin(struct argp_state *state, struct options *common)
{
    /* argp adds a second line, "Try ...", to each message of getopt(): send it nowhere. */
    FILE *nowhere = fopen("/dev/null", "w");

    if (nowhere)
        state->err_stream = nowhere;
    if (common)
        state->child_inputs[0] = common;
}

void options_parse(const struct argp *argp, int argc, char **argv, void *input)
{
    argp_err_exit_status = EXIT_USAGE;
    if (argp_parse(argp, argc, argv, 0, NULL, input) != 0)
        options_fail(NULL, "the arguments make no sense");
}

bool options_is_same_file(const char *one, const char *other)
{
    struct stat a, b;

    return stat(one, &a) == 0 && stat(other, &b) == 0 && S_ISREG(a.st_mode) &&
           a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

void options_keep_stdout(const struct argp_state *state, const char *name, const char *file)
{
    if (file && strcmp(file, "-") == 0)
        options_fail(state, "%s: - is standard output, which is in use: name a file", name);
}
