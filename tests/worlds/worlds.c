/* SPDX-License-Identifier: ISC */
/*
 * Runs simulated worlds: `worlds --seeds 1000`, or one of them with its trace. A world that fails
 * is made smaller before it is shown, and with it the command that brings it again.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "world.h"

enum { TRACE_LINES = 24, TRACE_LINE_MAX = 160 };

struct options {
    uint64_t first, count;
    struct smaller smaller;
    bool traces, prints_digest, stays_large;
};

static void usage(void)
{
    fputs("usage: worlds [--first N] [--seeds N] [--digest] [--no-minimise]\n"
          "       worlds --seed N [--trace] [--digest] [--without FAULT,...]\n"
          "              [--drop CONNECTION,...] [--halve TIMES]\n"
          "faults:",
          stderr);
    for (unsigned i = 0; i < FAULT_COUNT; i++)
        fprintf(stderr, " %s", plan_fault_text((enum fault)i));
    fputc('\n', stderr);
    exit(2);
}

static uint64_t number_of(const char *text)
{
    char *end;
    uint64_t number = strtoull(text ? text : "", &end, 10);

    if (!text || end == text || *end)
        usage();
    return number;
}

static uint32_t fault_bit(const char *name)
{
    for (unsigned i = 0; i < FAULT_COUNT; i++) {
        if (strcmp(name, plan_fault_text((enum fault)i)) == 0)
            return UINT32_C(1) << i;
    }
    usage();
    return 0;
}

static uint32_t connection_bit(const char *name)
{
    uint64_t number = number_of(name);

    if (number >= CONNECTIONS_MAX)
        usage();
    return UINT32_C(1) << number;
}

static uint32_t bits_of(char *list, uint32_t bit_of(const char *name))
{
    uint32_t bits = 0;

    if (!list)
        usage();
    for (char *name = strtok(list, ","); name; name = strtok(NULL, ","))
        bits |= bit_of(name);
    return bits;
}

/* Takes one option and says whether its value was used too. */
static bool read_option(struct options *options, const char *name, char *value)
{
    if (strcmp(name, "--trace") == 0)
        options->traces = true;
    else if (strcmp(name, "--digest") == 0)
        options->prints_digest = true;
    else if (strcmp(name, "--no-minimise") == 0)
        options->stays_large = true;
    else if (strcmp(name, "--seed") == 0 || strcmp(name, "--first") == 0)
        options->first = number_of(value);
    else if (strcmp(name, "--seeds") == 0)
        options->count = number_of(value);
    else if (strcmp(name, "--halve") == 0)
        options->smaller.shift = (uint32_t)number_of(value) & 31;
    else if (strcmp(name, "--without") == 0)
        options->smaller.without_faults = bits_of(value, fault_bit);
    else if (strcmp(name, "--drop") == 0)
        options->smaller.without_connections = bits_of(value, connection_bit);
    else
        usage();
    return strcmp(name, "--trace") && strcmp(name, "--digest") && strcmp(name, "--no-minimise");
}

/* What a crash leaves behind. */
static char last_words[100];

static void on_crash(int signal)
{
    ssize_t ignored = write(STDERR_FILENO, last_words, strlen(last_words));

    (void)ignored;
    _exit(128 + signal);
}

/* Whatever is installed already, as by a sanitizer, says more. */
static void catch_crashes(void)
{
    const int signals[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT };
    struct sigaction crash = { .sa_handler = on_crash }, old;

    for (unsigned i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
        if (sigaction(signals[i], NULL, &old) == 0 && old.sa_handler == SIG_DFL)
            (void)sigaction(signals[i], &crash, NULL);
    }
}

static void run(uint64_t seed, const struct smaller *smaller, FILE *trace, struct outcome *outcome)
{
    static struct plan plan;

    snprintf(last_words, sizeof(last_words),
             "seed %llu crashes; again: worlds --seed %llu --trace\n", (unsigned long long)seed,
             (unsigned long long)seed);
    plan_make(&plan, seed, smaller);
    world_run(&plan, trace, outcome);
}

/* The same sentence, whatever the numbers in it. */
static bool is_alike(const char *a, const char *b)
{
    const char *digits = "0123456789.";

    for (;;) {
        a += strspn(a, digits);
        b += strspn(b, digits);
        if (*a != *b || *a == 0 || *a == '(')
            return *a == *b;
        a++;
        b++;
    }
}

static bool still_fails(uint64_t seed, const struct smaller *smaller, const char *fault)
{
    struct outcome outcome;

    run(seed, smaller, NULL, &outcome);
    return outcome.has_failed && is_alike(outcome.fault, fault);
}

/* Leaves out whatever the failure does not need: connections, faults, bytes. */
static void minimise(uint64_t seed, struct smaller *smaller, const char *fault)
{
    for (unsigned i = 0; i < CONNECTIONS_MAX + FAULT_COUNT; i++) {
        struct smaller tried = *smaller;

        if (i < CONNECTIONS_MAX)
            tried.without_connections |= UINT32_C(1) << i;
        else
            tried.without_faults |= UINT32_C(1) << (i - CONNECTIONS_MAX);
        if (still_fails(seed, &tried, fault))
            *smaller = tried;
    }
    for (unsigned i = 0; i < 16; i++) {
        struct smaller tried = *smaller;

        tried.shift++;
        if (!still_fails(seed, &tried, fault))
            break;
        *smaller = tried;
    }
}

/* What is left out of a world, in the words of the command line. */
static void print_command(uint64_t seed, const struct smaller *smaller)
{
    static const struct smaller whole;
    static struct plan plan;
    const char *comma = " --without ";

    plan_make(&plan, seed, &whole);
    printf("worlds --seed %llu --trace", (unsigned long long)seed);
    for (unsigned i = 0; i < FAULT_COUNT; i++) {
        if (smaller->without_faults & plan.faults & UINT32_C(1) << i) {
            printf("%s%s", comma, plan_fault_text((enum fault)i));
            comma = ",";
        }
    }
    comma = " --drop ";
    for (unsigned i = 0; i < plan.connection_count; i++) {
        if (smaller->without_connections >> i & 1) {
            printf("%s%u", comma, i);
            comma = ",";
        }
    }
    if (smaller->shift > 0)
        printf(" --halve %u", smaller->shift);
    putchar('\n');
}

static void print_faults(uint64_t seed, const struct smaller *smaller)
{
    static struct plan plan;

    plan_make(&plan, seed, smaller);
    printf("  with");
    for (unsigned i = 0; i < FAULT_COUNT; i++) {
        if (plan_has(&plan, (enum fault)i))
            printf(" %s", plan_fault_text((enum fault)i));
    }
    printf("; %u hosts, %u links\n", plan.host_count, plan.link_count);
}

/* How the smaller world ends; all of it is what --trace shows. */
static void print_last_lines(uint64_t seed, const struct smaller *smaller)
{
    static char lines[TRACE_LINES][TRACE_LINE_MAX];
    FILE *trace = tmpfile();
    struct outcome outcome;
    unsigned count = 0;

    if (!trace)
        return;
    run(seed, smaller, trace, &outcome);
    rewind(trace);
    while (fgets(lines[count % TRACE_LINES], TRACE_LINE_MAX, trace))
        count++;
    for (unsigned i = count < TRACE_LINES ? 0 : count - TRACE_LINES; i < count; i++)
        printf("  %s", lines[i % TRACE_LINES]);
    fclose(trace);
}

static void report(uint64_t seed, const struct options *options, const struct outcome *outcome)
{
    struct smaller smaller = options->smaller;
    struct outcome least;

    printf("seed %llu fails %s\n", (unsigned long long)seed, outcome->fault);
    if (options->stays_large)
        return;
    minimise(seed, &smaller, outcome->fault);
    run(seed, &smaller, NULL, &least);
    printf("  least: %s\n", least.fault);
    print_faults(seed, &smaller);
    printf("  again: ");
    print_command(seed, &smaller);
    print_last_lines(seed, &smaller);
    fflush(stdout);
}

static void print_digest(uint64_t seed, const struct outcome *outcome)
{
    printf("%llu ", (unsigned long long)seed);
    for (unsigned i = 0; i < DIGEST_BYTES; i++)
        printf("%02x", outcome->digest[i]);
    putchar('\n');
}

static double cpu_seconds(void)
{
    struct timespec spent;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &spent);
    return (double)spent.tv_sec + (double)spent.tv_nsec / 1e9;
}

struct sums {
    uint64_t failed, events, frames, segments, connections, completed;
    double virtual_s;
};

static void add(struct sums *sums, const struct outcome *outcome)
{
    sums->failed += outcome->has_failed;
    sums->events += outcome->events;
    sums->frames += outcome->frames;
    sums->segments += outcome->segments;
    sums->connections += outcome->connections;
    sums->completed += outcome->completed;
    sums->virtual_s += (double)outcome->virtual_us / 1e6;
}

static void print_sums(const struct sums *sums, const struct options *options, double seconds)
{
    printf("worlds: %llu\nworlds_failed: %llu\nworlds_first_seed: %llu\n",
           (unsigned long long)options->count, (unsigned long long)sums->failed,
           (unsigned long long)options->first);
    printf("worlds_connections: %llu\nworlds_connections_completed: %llu\n",
           (unsigned long long)sums->connections, (unsigned long long)sums->completed);
    printf("worlds_frames: %llu\nworlds_events: %llu\nworlds_segments_checked: %llu\n",
           (unsigned long long)sums->frames, (unsigned long long)sums->events,
           (unsigned long long)sums->segments);
    printf("worlds_virtual_days: %.1f\nworlds_cpu_ms_each: %.3f\n", sums->virtual_s / 86400,
           1e3 * seconds / (double)options->count);
}

int main(int argc, char **argv)
{
    struct options options = { .first = 1, .count = 1 };
    struct sums sums = { 0 };
    double begun = cpu_seconds();

    catch_crashes();
    for (int i = 1; i < argc; i++)
        i += read_option(&options, argv[i], i + 1 < argc ? argv[i + 1] : NULL);
    if (options.count == 0)
        usage();
    for (uint64_t seed = options.first; seed < options.first + options.count; seed++) {
        struct outcome outcome;

        run(seed, &options.smaller, options.traces ? stdout : NULL, &outcome);
        add(&sums, &outcome);
        if (options.prints_digest)
            print_digest(seed, &outcome);
        if (outcome.has_failed)
            report(seed, &options, &outcome);
    }
    if (!options.prints_digest)
        print_sums(&sums, &options, cpu_seconds() - begun);
    return sums.failed > 0;
}
