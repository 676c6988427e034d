/* SPDX-License-Identifier: ISC */
/* A stack with one interface on the device that the options describe. */
#include "device.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

enum { MESSAGE_SIZE = 256, IPV6_MTU_MIN = 1280 };

static uint64_t read_clock_us(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000u + (uint64_t)now.tv_nsec / 1000u;
}

uint64_t clock_us(void) { return read_clock_us(CLOCK_MONOTONIC); }

void device_fill_seed(uint8_t seed[32], const struct options *options)
{
    memset(seed, 0, 32);
    if (options->has_seed) {
        memcpy(seed, &options->seed, sizeof(options->seed));
    } else if (getrandom(seed, 32, 0) != 32) {
        /* Cannot fail for so few bytes once the machine has started; if it does, do not go on. */
        complain("the kernel gives no random numbers");
        exit(EXIT_FAILURE);
    }
}

static bool is_in_network(const struct ms_addr *addr, const struct prefixed_addr *network)
{
    bool is_ipv4 = ms_addr_is_ipv4(addr);
    unsigned bits = network->prefix_len + (is_ipv4 ? 96u : 0u); /* they are IPv4-mapped */

    if (is_ipv4 != ms_addr_is_ipv4(&network->addr))
        return false;
    for (unsigned i = 0; i < bits; i++)
        if ((addr->bytes[i / 8] ^ network->addr.bytes[i / 8]) >> (7 - i % 8) & 1)
            return false;
    return true;
}

static bool can_be_reached(const struct ms_addr *gateway, const struct options *options)
{
    bool is_near = gateway->bytes[0] == 0xfe && (gateway->bytes[1] & 0xc0) == 0x80;

    for (unsigned i = 0; i < options->addr_count; i++) {
        if (ms_addr_equal(gateway, &options->addrs[i].addr))
            return false;
        is_near = is_near || is_in_network(gateway, &options->addrs[i]);
    }
    return is_near;
}

/* NULL, or what is wrong with an address of mstack beside those of the kernel. */
static const char *find_wrong_addr(const struct device_spec *spec, const struct options *options,
                                   const struct ms_addr *addr)
{
    for (unsigned i = 0; i < spec->host_addr_count; i++)
        if (ms_addr_equal(addr, &spec->host_addrs[i].addr))
            return "host= gives it to the kernel already";
    if (options->mtu > 0 && options->mtu < IPV6_MTU_MIN && !ms_addr_is_ipv4(addr))
        return "IPv6 needs an MTU of at least 1280";
    return NULL;
}

/* What each option alone cannot tell. */
static int check_addrs(const struct device_spec *spec, const struct options *options)
{
    char text[MS_ADDR_TEXT_SIZE];

    for (unsigned i = 0; i < options->addr_count; i++) {
        const char *wrong = find_wrong_addr(spec, options, &options->addrs[i].addr);

        ms_addr_format(&options->addrs[i].addr, text);
        if (wrong) {
            complain("--addr: %s: %s", text, wrong);
            return EXIT_USAGE;
        }
    }
    for (unsigned i = 0; i < options->gateway_count; i++) {
        ms_addr_format(&options->gateways[i], text);
        if (!can_be_reached(&options->gateways[i], options)) {
            complain("--gateway: %s is no neighbour: it is in none of the networks of --addr, or "
                     "mstack's own",
                     text);
            return EXIT_USAGE;
        }
    }
    return 0;
}

static bool is_lossy(const struct options *options)
{
    return options->loss_percent > 0 || options->reorder_percent > 0 ||
           options->duplicate_percent > 0 || options->corrupt_percent > 0 || options->delay_ms > 0;
}

static int open_tap(struct device *device, const struct options *options)
{
    struct ms_tap_config config = {
        .name = device->spec.name,
        .medium = device->spec.medium,
        .no_offload = is_lossy(options),
        .mtu = options->mtu,
    };
    struct ms_host_config host = {
        .mtu = options->mtu,
        .addrs = device->spec.host_addrs,
        .addr_count = device->spec.host_addr_count,
    };
    char message[MESSAGE_SIZE] = "";

    if (ms_tap_open(&device->tap, &config, message, sizeof(message)) != 0) {
        device->tap = NULL;
        complain("%s", message);
        return EXIT_FAILURE;
    }
    device->outermost = ms_tap_device(device->tap);
    host.name = ms_tap_name(device->tap);
    if (ms_host_up(&host, message, sizeof(message)) != 0) {
        complain("%s", message);
        return EXIT_FAILURE;
    }
    return 0;
}

/* Next to the device, so that it shows what is on the wire and not what the stack meant. */
static int wrap_in_capture(struct device *device, const struct options *options)
{
    const struct ms_capture_config config = {
        .path = options->capture,
        .epoch_us = read_clock_us(CLOCK_REALTIME) - clock_us(),
    };
    char message[MESSAGE_SIZE] = "";

    if (!options->capture)
        return 0;
    if (ms_capture_open(&device->capture, device->outermost, &config, message, sizeof(message)) !=
        0) {
        device->capture = NULL;
        complain("--capture: %s", message);
        return EXIT_FAILURE;
    }
    device->outermost = ms_capture_device(device->capture);
    return 0;
}

static int wrap_in_lossy(struct device *device, const struct options *options)
{
    struct ms_lossy_rates rates = {
        .drop = options->loss_percent,
        .duplicate = options->duplicate_percent,
        .reorder = options->reorder_percent,
        .corrupt = options->corrupt_percent,
        .delay_us = (uint64_t)(options->delay_ms * 1000),
    };
    struct ms_lossy_config config = { .rates = { rates, rates } };
    uint8_t seed[32];

    if (!is_lossy(options))
        return 0;
    device_fill_seed(seed, options);
    memcpy(&config.seed, seed, sizeof(config.seed));
    device->lossy = ms_lossy_open(device->outermost, &config);
    if (!device->lossy) {
        complain("not enough memory");
        return EXIT_FAILURE;
    }
    device->outermost = ms_lossy_device(device->lossy);
    return 0;
}

static int make_stack(struct device *device, const struct options *options,
                      struct ms_config *config)
{
    size_t size;
    enum ms_error error;

    device_fill_seed(config->seed, options);
    size = ms_stack_size(config);
    device->memory = size ? malloc(size) : NULL;
    if (device->memory)
        device->stack = ms_stack_init(config, device->memory, size);
    if (!device->stack) {
        complain("not enough memory for the stack");
        return EXIT_FAILURE;
    }
    error = ms_netif_attach(device->stack, &device->outermost->driver, &device->netif);
    if (error) {
        complain("attaching %s: %s", device->spec.name, ms_error_text(error));
        return EXIT_FAILURE;
    }
    ms_device_attach(device->outermost, device->netif);
    return 0;
}

static const char *fault_of_addr(enum ms_error error)
{
    switch (error) {
    case MS_ERROR_INVALID: return "it is not an address that a host can have";
    case MS_ERROR_IN_USE: return "it is given twice";
    default: return ms_error_text(error);
    }
}

static int add_addrs(struct device *device, const struct options *options)
{
    for (unsigned i = 0; i < options->addr_count; i++) {
        const struct prefixed_addr *addr = &options->addrs[i];
        enum ms_error error =
            ms_netif_add_addr(device->netif, &addr->addr, addr->prefix_len, false);
        char text[MS_ADDR_TEXT_SIZE];

        if (!error)
            continue;
        ms_addr_format(&addr->addr, text);
        complain("--addr: %s/%u: %s", text, addr->prefix_len, fault_of_addr(error));
        return error == MS_ERROR_NO_MEMORY ? EXIT_FAILURE : EXIT_USAGE;
    }
    return 0;
}

static int add_gateways(struct device *device, const struct options *options)
{
    for (unsigned i = 0; i < options->gateway_count; i++) {
        const struct ms_addr *gateway = &options->gateways[i];
        struct ms_addr any = { { 0 } };
        enum ms_error error;
        char text[MS_ADDR_TEXT_SIZE];

        if (ms_addr_is_ipv4(gateway))
            any = ms_addr_ipv4(0, 0, 0, 0);
        error = ms_route_add(device->stack, &any, 0, gateway, device->netif);
        if (!error)
            continue;
        ms_addr_format(gateway, text);
        complain("--gateway: %s: %s", text, ms_error_text(error));
        return EXIT_FAILURE;
    }
    return 0;
}

int device_open(struct device *device, const struct options *options, struct ms_config *config)
{
    const char *wrong;
    int failed;

    *device = (struct device){ 0 };
    wrong = device_spec_parse(options->dev, &device->spec);
    if (wrong) {
        complain("--dev: \"%.200s\": %s", options->dev, wrong);
        return EXIT_USAGE;
    }
    failed = check_addrs(&device->spec, options);
    if (!failed)
        failed = open_tap(device, options);
    if (!failed)
        failed = wrap_in_capture(device, options);
    if (!failed)
        failed = wrap_in_lossy(device, options);
    if (!failed)
        failed = make_stack(device, options, config);
    if (!failed)
        failed = add_addrs(device, options);
    if (!failed)
        failed = add_gateways(device, options);
    if (failed)
        (void)device_close(device);
    return failed;
}

int device_close(struct device *device)
{
    int code = EXIT_SUCCESS;

    if (device->netif)
        ms_netif_detach(device->netif);
    if (device->capture && ms_capture_flush(device->capture) != 0) {
        complain("--capture: the file is not complete");
        code = EXIT_FAILURE;
    }
    if (device->outermost)
        ms_device_close(device->outermost);
    free(device->memory);
    *device = (struct device){ 0 };
    return code;
}
