/* SPDX-License-Identifier: ISC */
/*
 * What lwIP leaves to its port, done as well as one thread allows. The library calls these through
 * its procedure linkage table, so that ours, which come first in the namespace, take their place.
 */
#include "lwip_port.h"

#include <dlfcn.h>
#if defined __x86_64__
#include <immintrin.h>
#endif

#include "lwip/inet_chksum.h"
#include "lwip/ip_addr.h"
#include "lwip/pbuf.h"
#include "lwip/sys.h"

enum lwip_sum lwip_port_sum;

static u16_t (*next_standard)(const void *, int);
static u16_t (*next_copy)(void *, const void *, u16_t);
static u16_t (*next_sum)(const void *, u16_t);
static u16_t (*next_pseudo)(struct pbuf *, u8_t, u16_t, const ip_addr_t *, const ip_addr_t *);
static u16_t (*next_partial)(struct pbuf *, u8_t, u16_t, u16_t, const ip_addr_t *,
                             const ip_addr_t *);

#if defined __x86_64__
static u16_t fold(uint64_t sum)
{
    sum = (sum & 0xffffffff) + (sum >> 32);
    sum = (sum & 0xffffffff) + (sum >> 32);
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    return (u16_t)sum;
}

static uint64_t sum_rest(const uint8_t *at, size_t len)
{
    uint64_t sum = 0;
    for (; len >= 4; at += 4, len -= 4) {
        uint32_t word;
        memcpy(&word, at, 4);
        sum += word;
    }
    uint32_t last = 0;
    memcpy(&last, at, len);
    return sum + last;
}

/* 32-bit words summed in 64-bit lanes, which cannot overflow here. */
__attribute__((target("avx2"))) static u16_t sum_vector(const uint8_t *at, size_t len)
{
    const __m256i low = _mm256_set1_epi64x(0xffffffff);
    __m256i a = _mm256_setzero_si256(), b = a;
    for (; len >= 64; at += 64, len -= 64) {
        __m256i x = _mm256_loadu_si256((const __m256i *)(const void *)at);
        __m256i y = _mm256_loadu_si256((const __m256i *)(const void *)(at + 32));
        a = _mm256_add_epi64(a, _mm256_and_si256(x, low));
        b = _mm256_add_epi64(b, _mm256_srli_epi64(x, 32));
        a = _mm256_add_epi64(a, _mm256_and_si256(y, low));
        b = _mm256_add_epi64(b, _mm256_srli_epi64(y, 32));
    }
    uint64_t lanes[4];
    _mm256_storeu_si256((__m256i *)(void *)lanes, _mm256_add_epi64(a, b));
    return fold((uint64_t)fold(lanes[0]) + fold(lanes[1]) + fold(lanes[2]) + fold(lanes[3]) +
                sum_rest(at, len));
}

static bool has_vector_sum(void) { return __builtin_cpu_supports("avx2"); }
#else
static u16_t sum_vector(const uint8_t *at, size_t len) { return next_standard(at, (int)len); }
static bool has_vector_sum(void) { return false; }
#endif

/* ISO C has no cast from an object pointer, which dlsym() returns, to a function pointer. */
static void find_next(const char *name, void *function)
{
    void *symbol = dlsym(RTLD_NEXT, name);
    if (!symbol) {
        fprintf(stderr, "liblwip lacks %s\n", name);
        exit(1);
    }
    memcpy(function, &symbol, sizeof symbol);
}

void lwip_port_init(enum lwip_sum sum)
{
    lwip_port_sum = sum == LWIP_SUM_VECTOR && !has_vector_sum() ? LWIP_SUM_STOCK : sum;
    find_next("lwip_standard_chksum", &next_standard);
    find_next("lwip_chksum_copy", &next_copy);
    find_next("inet_chksum", &next_sum);
    find_next("ip_chksum_pseudo", &next_pseudo);
    find_next("ip_chksum_pseudo_partial", &next_partial);
}

/* One thread: nothing to protect. */
sys_prot_t sys_arch_protect(void) { return 0; }
void sys_arch_unprotect(sys_prot_t level) { (void)level; }
void sys_check_core_locking(void) {}

u16_t lwip_standard_chksum(const void *data, int len); /* in no header */
u16_t lwip_standard_chksum(const void *data, int len)
{
    if (lwip_port_sum == LWIP_SUM_VECTOR)
        return sum_vector(data, (size_t)len);
    return lwip_port_sum == LWIP_SUM_OFF ? 0 : next_standard(data, len);
}

u16_t lwip_chksum_copy(void *to, const void *from, u16_t len)
{
    if (lwip_port_sum != LWIP_SUM_OFF)
        return next_copy(to, from, len);
    memcpy(to, from, len);
    return 0;
}

u16_t inet_chksum(const void *data, u16_t len)
{
    return lwip_port_sum == LWIP_SUM_OFF ? 0 : next_sum(data, len);
}

u16_t ip_chksum_pseudo(struct pbuf *p, u8_t protocol, u16_t len, const ip_addr_t *from,
                       const ip_addr_t *to)
{
    return lwip_port_sum == LWIP_SUM_OFF ? 0 : next_pseudo(p, protocol, len, from, to);
}

u16_t ip_chksum_pseudo_partial(struct pbuf *p, u8_t protocol, u16_t len, u16_t sum_len,
                               const ip_addr_t *from, const ip_addr_t *to)
{
    if (lwip_port_sum == LWIP_SUM_OFF)
        return 0;
    return next_partial(p, protocol, len, sum_len, from, to);
}
