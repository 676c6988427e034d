/* SPDX-License-Identifier: ISC */
/* A test that cannot run here says why. */
#ifndef TESTS_SKIP_H
#define TESTS_SKIP_H

#define skip_because(...)                       \
    do {                                        \
        print_message("skipped: " __VA_ARGS__); \
        print_message("\n");                    \
        skip();                                 \
    } while (0)

#endif
