/* SPDX-License-Identifier: ISC */
/* The guest's network device. */
#include "network.h"

#include "arguments.h"
#include "text.h"
#include "unikernel.h"

enum { CLOSE_US = 2000000, NAP_US = 10000, QUEUES_MOST = 8 };

static void say(const struct network *network, bool is_up, enum ms_netfront_reason reason)
{
    char bytes[128];
    struct text text = ms_guest_text_in(bytes, sizeof(bytes));

    ms_guest_text_put(&text, is_up ? "network: up at " : "network: down at ");
    ms_guest_text_put_number(&text, ms_unikernel_now_us() / 1000 - network->start_ms);
    ms_guest_text_put(&text, " ms");
    if (reason != MS_NETFRONT_NONE) {
        ms_guest_text_put(&text, ", ");
        ms_guest_text_put(&text, ms_netfront_reason_text(reason));
    }
    ms_guest_text_put(&text, "\n");
    ms_unikernel_print(bytes);
}

static void on_change(void *user, struct ms_netfront *netfront)
{
    struct network *network = user;
    enum ms_netfront_reason reason = ms_netfront_reason(netfront);
    bool is_up = ms_netfront_is_up(netfront);

    ms_netif_set_up(network->netif, is_up);
    if (is_up != network->is_up || reason != network->reason)
        say(network, is_up, reason);
    network->is_up = is_up;
    network->reason = reason;
}

static const char *give_addresses(struct network *network, const char *arguments)
{
    char text[64];

    for (unsigned i = 0; ms_guest_argument(arguments, "ip", i, text, sizeof(text)); i++) {
        struct ms_addr addr;
        uint8_t prefix_len;

        if (!ms_guest_argument_prefix(text, &addr, &prefix_len))
            return "ip= is no address";
        if (ms_netif_add_addr(network->netif, &addr, prefix_len, false) != MS_OK)
            return "ip= cannot be given";
    }
    return NULL;
}

static const char *give_gateways(struct network *network, struct ms_stack *stack,
                                 const char *arguments)
{
    char text[64];

    for (unsigned i = 0; ms_guest_argument(arguments, "gateway", i, text, sizeof(text)); i++) {
        struct ms_addr gateway, any = { { 0 } };

        if (ms_addr_parse(&gateway, text) != MS_OK)
            return "gateway= is no address";
        if (ms_addr_is_ipv4(&gateway))
            any = ms_addr_ipv4(0, 0, 0, 0);
        if (ms_route_add(stack, &any, 0, &gateway, network->netif) != MS_OK)
            return "gateway= cannot be given";
    }
    return NULL;
}

/* What buffers are lent from: all that the guest has written down, and all that it may write. */
static const char *announce_memory(struct network *network)
{
    struct ms_driver *driver = &network->device->driver;
    size_t image_bytes = (size_t)(ms_guest_heap_end - ms_guest_image);

    return driver->ops->map(driver, ms_guest_image, image_bytes) == MS_OK
               ? NULL
               : "memory cannot be announced";
}

static const char *open_device(struct network *network, struct guest *guest)
{
    struct ms_netfront_config config;
    enum ms_netfront_reason reason;
    uint64_t queues = 1;
    void *memory;

    ms_netfront_config_default(&config);
    if (!ms_guest_argument_number(guest->machine.arguments, "queues", QUEUES_MOST, &queues))
        return "queues= is no number from 1 to 8";
    config.queues = (uint16_t)queues;
    config.platform = ms_guest_platform(guest);
    config.on_change = on_change;
    config.user = network;
    memory = ms_guest_memory(guest, ms_netfront_size(&config));
    if (!memory)
        return "no memory for the network device";
    network->netfront = ms_netfront_open(&config, memory, ms_netfront_size(&config), &reason);
    if (!network->netfront)
        return ms_netfront_reason_text(reason);
    network->device = ms_netfront_device(network->netfront);
    return NULL;
}

static bool has_device(struct guest *guest)
{
    char backend[128];

    return ms_guest_store_read(&guest->store, "device/vif/0/backend", backend, sizeof(backend)) ==
           MS_XEN_OK;
}

const char *ms_guest_network_open(struct network *network, struct guest *guest,
                                  struct ms_stack *stack)
{
    const char *fault;

    *network = (struct network){ .start_ms = guest->start_ns / 1000000 };
    if (!has_device(guest))
        return NULL;
    fault = open_device(network, guest);
    if (fault)
        return fault;
    if (ms_netif_attach(stack, &network->device->driver, &network->netif) != MS_OK)
        return "the network device cannot be attached";
    ms_netif_set_up(network->netif, false);
    ms_device_attach(network->device, network->netif);
    fault = announce_memory(network);
    if (!fault)
        fault = give_addresses(network, guest->machine.arguments);
    if (!fault)
        fault = give_gateways(network, stack, guest->machine.arguments);
    return fault;
}

void ms_guest_network_close(struct network *network, struct guest *guest)
{
    uint64_t until_us = ms_unikernel_now_us() + CLOSE_US, now_us = 0;

    if (!network->netfront)
        return;
    ms_netfront_shut_down(network->netfront);
    while (ms_netfront_state(network->netfront) != MS_NETFRONT_CLOSED && now_us < until_us) {
        now_us = ms_unikernel_now_us();
        ms_guest_store_poll(&guest->store);
        (void)ms_device_poll(network->device, now_us);
        ms_guest_events_wait(&guest->events, (now_us + NAP_US) * 1000);
    }
}
