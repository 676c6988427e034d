/* SPDX-License-Identifier: ISC */
/* A guest that tries its platform: says on the console, line by line, what works. */
#include "clock.h"
#include "guest.h"
#include "sizes.h"
#include "text.h"
#include "unikernel.h"

static struct ms_xen_platform platform;
static uint8_t *page;

static void say(const char *what, uint64_t number)
{
    char bytes[128];
    struct text text = ms_guest_text_in(bytes, sizeof(bytes));

    ms_guest_text_put(&text, what);
    ms_guest_text_put(&text, " ");
    ms_guest_text_put_number(&text, number);
    ms_guest_text_put(&text, "\n");
    ms_unikernel_print(bytes);
}

static void check(bool is_right, const char *what)
{
    ms_unikernel_print(is_right ? "PROBE ok " : "PROBE FAIL ");
    ms_unikernel_print(what);
    ms_unikernel_print("\n");
}

static enum ms_xen_status read_value(const char *path, char *value, size_t size)
{
    struct ms_xen_read read = { .path = path, .value = value, .size = size };

    platform.ops->store_read(platform.arg, &read, 1);
    return read.status;
}

/* NULL: removes it. */
static enum ms_xen_status write_value(uint32_t transaction, const char *path, const char *value)
{
    struct ms_xen_write write = { .path = path, .value = value };

    return platform.ops->store_write(platform.arg, transaction, &write, 1);
}

static enum ms_xen_status read_within(uint32_t transaction, const char *path)
{
    struct guest *guest = platform.arg;
    char value[32];
    struct ms_xen_read read = { .path = path, .value = value, .size = sizeof(value) };

    ms_guest_store_read_all(&guest->store, transaction, &read, 1);
    return read.status;
}

static void try_store(void)
{
    char value[32], small[2];

    check(read_value("name", value, sizeof(value)) == MS_XEN_OK, "reads its name");
    check(read_value("name", small, sizeof(small)) == MS_XEN_TOO_LONG,
          "leaves out what is too long");
    check(read_value("no/such/path", value, sizeof(value)) == MS_XEN_NOT_FOUND,
          "finds what is not there missing");
    check(write_value(0, "/local", "x") == MS_XEN_REFUSED, "may not write everywhere");
    check(write_value(0, "data/probe", "one") == MS_XEN_OK &&
              read_value("data/probe", value, sizeof(value)) == MS_XEN_OK &&
              ms_guest_text_equal(value, "one"),
          "reads back what it wrote");
    check(write_value(0, "data/probe", NULL) == MS_XEN_OK &&
              write_value(0, "data/probe", NULL) == MS_XEN_OK &&
              read_value("data/probe", value, sizeof(value)) == MS_XEN_NOT_FOUND,
          "removes it");
}

static void try_transactions(void)
{
    const struct ms_xen_platform_ops *ops = platform.ops;
    void *arg = platform.arg;
    char value[32];
    uint32_t one = 0, other = 0;

    check(ops->store_begin(arg, &one) == MS_XEN_OK && one != 0 &&
              write_value(one, "data/whole", "1") == MS_XEN_OK &&
              read_value("data/whole", value, sizeof(value)) == MS_XEN_NOT_FOUND &&
              ops->store_end(arg, one, true) == MS_XEN_OK &&
              read_value("data/whole", value, sizeof(value)) == MS_XEN_OK,
          "sees a transaction only when it is done");
    check(ops->store_begin(arg, &one) == MS_XEN_OK &&
              write_value(one, "data/whole", "2") == MS_XEN_OK &&
              ops->store_end(arg, one, false) == MS_XEN_OK &&
              read_value("data/whole", value, sizeof(value)) == MS_XEN_OK &&
              ms_guest_text_equal(value, "1"),
          "takes a transaction back");
    check(ops->store_begin(arg, &one) == MS_XEN_OK && ops->store_begin(arg, &other) == MS_XEN_OK &&
              read_within(one, "data/whole") == MS_XEN_OK &&
              write_value(one, "data/whole", "3") == MS_XEN_OK &&
              write_value(other, "data/whole", "4") == MS_XEN_OK &&
              ops->store_end(arg, other, true) == MS_XEN_OK &&
              ops->store_end(arg, one, true) == MS_XEN_AGAIN,
          "is told of a transaction that came too late");
}

static void try_watches(void)
{
    const struct ms_xen_platform_ops *ops = platform.ops;
    void *arg = platform.arg;
    struct guest *guest = arg;
    char value[32];
    bool fired = false, is_first;

    check(ops->store_watch(arg, "data", &fired) == MS_XEN_OK, "watches");
    while (!fired)
        ms_guest_store_poll(&guest->store);
    is_first = fired;
    fired = false;
    (void)write_value(0, "data/deep/below", "1");
    (void)read_value("name", value, sizeof(value));
    ms_guest_store_poll(&guest->store);
    check(is_first && fired, "hears of what it watches");
    ops->store_unwatch(arg, "data", &fired);
    fired = false;
    (void)write_value(0, "data/deep/below", "2");
    (void)read_value("name", value, sizeof(value));
    ms_guest_store_poll(&guest->store);
    check(!fired, "hears no more of it");
}

static void try_grants(void)
{
    const struct ms_xen_platform_ops *ops = platform.ops;
    void *arg = platform.arg;
    struct guest *guest = arg;
    uint16_t free_count = guest->grants.free_count;
    uint32_t reference = 0, again = 0;

    page = ms_unikernel_memory(MS_XEN_PAGE_BYTES);
    check(ops->grant(arg, 0, page, true, &reference) == MS_XEN_OK && reference >= 8, "grants");
    check(ops->revoke(arg, reference) && guest->grants.free_count == free_count, "revokes");
    check(ops->grant(arg, 0, page, false, &again) == MS_XEN_OK && again == reference &&
              ops->revoke(arg, again),
          "grants anew");
}

static void try_events(void)
{
    const struct ms_xen_platform_ops *ops = platform.ops;
    void *arg = platform.arg;
    struct guest *guest = arg;
    uint64_t before, after;
    uint32_t port = 0, other = 0;

    check(ops->open_port(arg, 0, &port) == MS_XEN_OK &&
              ops->open_port(arg, 0, &other) == MS_XEN_OK && port != other &&
              !ops->take_event(arg, port),
          "opens ports");
    before = ms_unikernel_now_us();
    ms_guest_events_wait_for(port, (before + 20000) * 1000);
    after = ms_unikernel_now_us();
    check(after >= before + 20000 && after < before + 1000000, "sleeps until its time");
    __atomic_fetch_or(&guest->events.shared->evtchn_pending[port / 64], 1ul << port % 64,
                      __ATOMIC_SEQ_CST);
    ops->mask(arg, port, false);
    ms_guest_events_wait(&guest->events, UINT64_MAX);
    check(ops->take_event(arg, port) && !ops->take_event(arg, port), "wakes up at an event");
    ops->close_port(arg, port);
    ops->close_port(arg, other);
    check(guest->events.awake_count == 1, "closes ports");
}

static void try_clock(void)
{
    uint64_t last = ms_unikernel_now_us();
    bool goes_back = false;

    for (unsigned i = 0; i < 10000; i++) {
        uint64_t now = ms_unikernel_now_us();

        goes_back = goes_back || now < last;
        last = now;
    }
    check(!goes_back, "has a clock that never goes back");
    say("PROBE wall", ms_unikernel_wall_us() / 1000000);
}

static void try_entropy(struct guest *guest)
{
    uint64_t words[4], more[4];

    ms_guest_entropy_take(&guest->entropy, (uint8_t *)words);
    ms_guest_entropy_take(&guest->entropy, (uint8_t *)more);
    check(words[0] != more[0], "has entropy");
    say("PROBE random", words[0]);
}

/* How many connections the stack's tables are for, as a default of this domain's memory has it. */
static void say_connections(const struct guest *guest)
{
    struct ms_config config;

    ms_config_default(&config);
    ms_guest_sizes_of_stack(&config, guest->memory_bytes);
    say("PROBE connections", config.tcp_connections);
}

/* Takes all memory there is, and writes down in each page where it is. */
static void try_memory(void)
{
    enum { PIECE_BYTES = 64 * 1024 };
    uint64_t *last = NULL, *piece;
    uint64_t kilobytes = 0;
    bool is_right = true;

    for (; (piece = ms_unikernel_memory(PIECE_BYTES)) != NULL; last = piece) {
        kilobytes += PIECE_BYTES / 1024;
        for (unsigned i = 0; i < PIECE_BYTES / sizeof(*piece); i++)
            is_right = is_right && piece[i] == 0;
        for (unsigned i = 0; i < PIECE_BYTES / sizeof(*piece); i++)
            piece[i] = (uintptr_t)&piece[i];
        piece[1] = (uintptr_t)last;
    }
    check(is_right && last, "has memory that is zero");
    for (; last; last = (uint64_t *)last[1])
        for (unsigned i = 2; i < PIECE_BYTES / sizeof(*last); i++)
            is_right = is_right && last[i] == (uintptr_t)&last[i];
    check(is_right, "has memory that nobody else writes to");
    say("PROBE kilobytes", kilobytes);
}

void ms_unikernel_start(const struct ms_unikernel *unikernel)
{
    struct guest *guest = ms_guest_the();
    char action[16] = "", memory[8] = "";

    ms_unikernel_print(guest->machine.is_pv ? "PROBE kind PV\n" : "PROBE kind PVH\n");
    ms_unikernel_print("PROBE arguments ");
    ms_unikernel_print(unikernel->arguments);
    ms_unikernel_print("\n");
    say("PROBE memory", guest->machine.memory_bytes);
    platform = ms_guest_platform(guest);
    try_store();
    try_transactions();
    try_watches();
    try_grants();
    try_events();
    try_clock();
    try_entropy(guest);
    say_connections(guest);
    (void)ms_unikernel_setting("memory", memory, sizeof(memory));
    if (ms_guest_text_equal(memory, "all"))
        try_memory();
    say("PROBE done us",
        (ms_guest_clock_ns(guest->events.shared) - guest->milestones.start_ns) / 1000);
    (void)ms_unikernel_setting("then", action, sizeof(action));
    if (ms_guest_text_equal(action, "panic"))
        ms_unikernel_panic("as it was told to");
    if (ms_guest_text_equal(action, "stop"))
        ms_unikernel_stop(false);
}
