/* SPDX-License-Identifier: ISC */
/* What all subcommands that use a device have in common on their command line. */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include <argp.h>
#include <stdbool.h>
#include <stdint.h>

#include "values.h"

enum {
    EXIT_USAGE = 2,
    OPTIONS_ADDRS_MAX = 16,
    OPTIONS_GATEWAYS_MAX = 2,       /* one for each family */
    OPTIONS_FIRST_FREE_KEY = 0x200, /* keys of long options of the subcommands start here */
};

struct options {
    const char *dev;
    struct prefixed_addr addrs[OPTIONS_ADDRS_MAX];
    struct ms_addr gateways[OPTIONS_GATEWAYS_MAX];
    unsigned addr_count, gateway_count;
    const char *capture; /* NULL: none */
    double loss_percent, reorder_percent, duplicate_percent, corrupt_percent, delay_ms;
    uint64_t seed;
    bool has_seed;
    bool wants_stats;
    uint16_t mtu; /* 0: the device's own */
};

/* A child for the subcommands' parsers; its input is a struct options. */
extern const struct argp options_argp;

/* Parses argv with the subcommand's parser. Errors end the program with EXIT_USAGE. */
void options_parse(const struct argp *argp, int argc, char **argv, void *input);
/* For a subcommand's parser: passes input to the child and keeps argp to one line an error. */
void options_begin(struct argp_state *state, struct options *common);
/* Prints one line after the subcommand's name and ends the program with EXIT_USAGE. */
_Noreturn void options_fail(const struct argp_state *state, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Reads a number from min to max or fails with a line that names the option. */
uint64_t options_number(const struct argp_state *state, const char *name, const char *text,
                        const uint64_t limits[2]);

/* Fails if the option's file is "-", standard output, where the command itself writes. */
void options_keep_stdout(const struct argp_state *state, const char *name, const char *file);
/* Whether two names are of one file, so that writing to one would destroy the other. */
bool options_is_same_file(const char *one, const char *other);

/* The name of the command, which lives as long as the program. */
void complain_as(const char *name);
/* "mstack serve: ..." on stderr. */
void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
