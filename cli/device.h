/* SPDX-License-Identifier: ISC */
/* A stack with one interface on the device that the options describe. */
#ifndef CLI_DEVICE_H
#define CLI_DEVICE_H

#include "device_spec.h"
#include "mstack/mstack.h"
#include "options.h"
#include "tap/tap.h"
#include "wrap/capture.h"
#include "wrap/lossy.h"

struct device {
    struct device_spec spec;
    struct ms_tap *tap;
    struct ms_capture *capture; /* or NULL */
    struct ms_lossy *lossy;     /* or NULL */
    struct ms_device *outermost;
    struct ms_stack *stack;
    struct ms_netif *netif;
    void *memory; /* of the stack */
};

/* The monotonic clock. */
uint64_t clock_us(void);

/*
 * Opens the device, brings the kernel's side up and attaches a stack with its addresses and
 * routes. The seed is filled in here. Returns 0, or the exit code after a line on stderr.
 */
int device_open(struct device *device, const struct options *options, struct ms_config *config);
/* Detaches the stack, removes the interface and frees all. Returns 0, or the exit code if the
 * capture could not be written, after a line on stderr. */
int device_close(struct device *device);

/* From the kernel, or made of --seed. */
void device_fill_seed(uint8_t seed[32], const struct options *options);

#endif
