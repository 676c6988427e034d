/* SPDX-License-Identifier: ISC */
/* The guest's network device. */
#include "network.h"

#include "arguments.h"
#include "memory.h"
#include "sizes.h"
#include "text.h"
#include "unikernel.h"

enum { CLOSE_US = 2000000, NAP_US = 10000, QUEUES_MOST = 8, ADDRESS_BYTES = 64 };

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

static const char *give_addresses(struct network *network, struct settings *settings)
{
    char text[ADDRESS_BYTES], whole[ADDRESS_BYTES];

    for (unsigned i = 0; ms_guest_setting(settings, "ip", i, text, sizeof(text)); i++) {
        struct ms_addr addr;
        uint8_t prefix_len;

        memcpy(whole, text, sizeof(whole));
        if (!ms_guest_argument_prefix(text, &addr, &prefix_len))
            return ms_guest_setting_fault(settings, "ip", whole, "is no ADDRESS/PREFIX");
        if (ms_netif_add_addr(network->netif, &addr, prefix_len, false) != MS_OK)
            return ms_guest_setting_fault(settings, "ip", whole, "cannot be given to a device");
    }
    return NULL;
}

static const char *give_gateways(struct network *network, struct ms_stack *stack,
                                 struct settings *settings)
{
    char text[ADDRESS_BYTES];

    for (unsigned i = 0; ms_guest_setting(settings, "gateway", i, text, sizeof(text)); i++) {
        struct ms_addr gateway, any = { { 0 } };

        if (ms_addr_parse(&gateway, text) != MS_OK)
            return ms_guest_setting_fault(settings, "gateway", text, "is no address");
        if (ms_addr_is_ipv4(&gateway))
            any = ms_addr_ipv4(0, 0, 0, 0);
        if (ms_route_add(stack, &any, 0, &gateway, network->netif) != MS_OK)
            return ms_guest_setting_fault(settings, "gateway", text, "cannot be one");
    }
    return NULL;
}

/* What buffers are lent from: the image, and all that follows. */
static const char *announce_memory(struct network *network, const struct guest *guest)
{
    struct ms_driver *driver = &network->device->driver;
    size_t bytes = (size_t)(guest->heap.end - ms_guest_image);

    return driver->ops->map(driver, ms_guest_image, bytes) == MS_OK ? NULL
                                                                    : "memory cannot be announced";
}

static const char *open_device(struct network *network, struct guest *guest)
{
    struct ms_netfront_config config;
    enum ms_netfront_reason reason;
    uint64_t queues = 1;
    void *memory;

    ms_netfront_config_default(&config);
    if (!ms_guest_setting_number(&guest->settings, "queues", 1, QUEUES_MOST, &queues))
        return guest->settings.fault;
    config.queues = (uint16_t)queues;
    ms_guest_sizes_of_device(&config, guest->memory_bytes);
    config.platform = ms_guest_platform(guest);
    config.on_change = on_change;
    config.user = network;
    memory = ms_guest_heap_take(&guest->heap, ms_netfront_size(&config));
    if (!memory)
        return "no memory for the network device";
    network->netfront = ms_netfront_open(&config, memory, ms_netfront_size(&config), &reason);
    if (!network->netfront)
        return ms_netfront_reason_text(reason);
    network->device = ms_netfront_device(network->netfront);
    return NULL;
}

const char *ms_guest_network_open(struct network *network, struct guest *guest,
                                  struct ms_stack *stack)
{
    const char *fault;

    *network = (struct network){ .start_ms = guest->milestones.start_ns / 1000000 };
    if (!guest->has_network)
        return NULL;
    fault = open_device(network, guest);
    if (fault)
        return fault;
    if (ms_netif_attach(stack, &network->device->driver, &network->netif) != MS_OK)
        return "the network device cannot be attached";
    ms_netif_set_up(network->netif, false);
    ms_device_attach(network->device, network->netif);
    fault = announce_memory(network, guest);
    if (!fault)
        fault = give_addresses(network, &guest->settings);
    if (!fault)
        fault = give_gateways(network, stack, &guest->settings);
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
