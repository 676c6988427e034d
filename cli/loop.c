/* SPDX-License-Identifier: ISC */
/* The event loop of a subcommand. */
#include "loop.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <time.h>

static volatile sig_atomic_t signal_came;

static void on_signal(int number)
{
    (void)number;
    signal_came = 1;
}

/* The signals that end a subcommand. They are blocked but while ppoll() waits, so none is lost. */
static const int ending_signals[] = { SIGINT, SIGTERM, SIGHUP };

bool loop_prepare(void)
{
    struct sigaction action = { .sa_handler = on_signal };
    sigset_t set;

    sigemptyset(&set);
    for (unsigned i = 0; i < sizeof(ending_signals) / sizeof(ending_signals[0]); i++) {
        sigaddset(&set, ending_signals[i]);
        sigaction(ending_signals[i], &action, NULL);
    }
    signal(SIGPIPE, SIG_IGN);
    if (sigprocmask(SIG_BLOCK, &set, NULL) == 0)
        return true;
    complain("signals: %s", strerror(errno));
    return false;
}

static uint64_t min_u64(uint64_t a, uint64_t b) { return a < b ? a : b; }

static uint64_t next_us(const struct loop *loop)
{
    uint64_t next = min_u64(ms_next_deadline(loop->device->stack),
                            ms_device_next_deadline(loop->device->outermost));

    return loop->next_us ? min_u64(next, loop->next_us(loop)) : next;
}

static void wait_for_events(struct loop *loop)
{
    struct ms_device *device = loop->device->outermost;
    struct pollfd poll = { .fd = device->fd, .events = ms_device_events(device) };
    uint64_t deadline = next_us(loop), now = clock_us();
    uint64_t wait_us = deadline > now ? deadline - now : 0;
    struct timespec timeout;
    sigset_t none;

    /* A look once an hour keeps the arithmetic small when there is no deadline. */
    wait_us = min_u64(wait_us, 3600000000u);
    timeout.tv_sec = (time_t)(wait_us / 1000000u);
    timeout.tv_nsec = (long)(wait_us % 1000000u * 1000u);
    sigemptyset(&none);
    if (poll.events == 0)
        poll.fd = -1; /* else an error on it would be reported all the same */
    ppoll(&poll, 1, &timeout, &none);
}

void loop_round(struct loop *loop)
{
    uint64_t now = clock_us();

    ms_device_poll(loop->device->outermost, now);
    loop->work(loop, now);
    if (loop->device->capture)
        ms_capture_set_time(loop->device->capture, now);
    ms_poll(loop->device->stack, now);
    loop->work(loop, now);
}

void loop_run(struct loop *loop)
{
    loop_round(loop);
    while (!loop->is_done && !loop->was_interrupted) {
        wait_for_events(loop);
        loop->was_interrupted = signal_came;
        loop_round(loop);
    }
}
