/* SPDX-License-Identifier: ISC */
/* MS_ASSERT: the programmer's mistakes, never the peer's. Compiled in with -DMS_ASSERTS. */
#ifndef CORE_ASSERT_H
#define CORE_ASSERT_H

#ifdef MS_ASSERTS
#define MS_ASSERT(condition) ((condition) ? (void)0 : __builtin_trap())
#else
#define MS_ASSERT(condition) ((void)sizeof(!(condition)))
#endif

#define MS_LIKELY(condition)   __builtin_expect(!!(condition), 1)
#define MS_UNLIKELY(condition) __builtin_expect(!!(condition), 0)

/* All that it calls is put in line, as far as it is not told to stay apart. */
#define MS_FLATTEN __attribute__((flatten))
/* A seldom path, kept apart so that the usual one needs no room for its variables. */
#define MS_COLD    __attribute__((cold, noinline))

/*
 * For the few steps of every packet that cost less than calling them; not where size counts, where
 * the short cuts of the usual case are left out as well.
 */
#ifdef __OPTIMIZE_SIZE__
#define MS_INLINE   inline
#define MS_IS_SMALL true
#else
#define MS_INLINE   inline __attribute__((always_inline))
#define MS_IS_SMALL false
#endif

#endif
