/* SPDX-License-Identifier: ISC */
/* Time, from the page that Xen shares: a point in time, and how far the counter of the processor
 * went from there. Xen makes the version odd while it writes. */
#include "clock.h"

static uint64_t read_counter(void)
{
    uint32_t low, high;

    __asm__ volatile("lfence; rdtsc" : "=a"(low), "=d"(high) : : "memory");
    return (uint64_t)high << 32 | low;
}

/* The upper 96 bits of the product. */
static uint64_t scale(uint64_t delta, uint32_t fraction)
{
    return (delta >> 32) * fraction + ((delta & UINT32_MAX) * fraction >> 32);
}

uint64_t ms_guest_clock_ns(const struct shared_info *shared)
{
    const volatile struct vcpu_time_info *time = &shared->vcpu_info[0].time;
    uint32_t version;
    uint64_t ns;

    do {
        uint64_t delta;
        int shift;

        version = __atomic_load_n(&time->version, __ATOMIC_ACQUIRE);
        delta = read_counter() - time->tsc_timestamp;
        shift = time->tsc_shift;
        delta = shift >= 0 ? delta << shift : delta >> -shift;
        ns = time->system_time + scale(delta, time->tsc_to_system_mul);
        __atomic_thread_fence(__ATOMIC_ACQUIRE);
    } while (version % 2 != 0 || version != time->version);
    return ns;
}

uint64_t ms_guest_clock_epoch_ns(const struct shared_info *shared)
{
    const volatile struct shared_info *s = shared;
    uint32_t version;
    uint64_t seconds, ns;

    do {
        version = __atomic_load_n(&s->wc_version, __ATOMIC_ACQUIRE);
        seconds = (uint64_t)s->wc_sec_hi << 32 | s->wc_sec;
        ns = s->wc_nsec;
        __atomic_thread_fence(__ATOMIC_ACQUIRE);
    } while (version % 2 != 0 || version != s->wc_version);
    return seconds * 1000000000 + ns;
}
