/* SPDX-License-Identifier: ISC */
/*
 * What a Cortex-M3 without a system needs to run main(): vectors, a start, and under newlib a heap
 * and a way out for text, by ARM's semihosting.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

enum { SYS_WRITE0 = 0x04, SYS_GET_CMDLINE = 0x15, SYS_EXIT_EXTENDED = 0x20 };
enum { APPLICATION_EXIT = 0x20026 };
enum { EXCEPTIONS = 15, WORDS_MAX = 8, TEXT_MAX = 256 };

/* From bare.ld. */
extern uint8_t bare_bss[], end[], bare_stack_top[], bare_heap_top[];

int main(int argc, char **argv);
void bare_start(void);
void *_sbrk(ptrdiff_t more);
ssize_t _write(int file, const char *text, size_t len);
void _exit(int status) __attribute__((noreturn));

static uintptr_t ask_host(uintptr_t operation, void *block)
{
    register uintptr_t r0 __asm__("r0") = operation;
    register void *r1 __asm__("r1") = block;

    __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
}

void *_sbrk(ptrdiff_t more)
{
    static uint8_t *top = end;
    uint8_t *before = top;

    if (more > bare_heap_top - top) {
        errno = ENOMEM;
        return (void *)-1;
    }
    top += more;
    return before;
}

ssize_t _write(int file, const char *text, size_t len)
{
    char line[TEXT_MAX];
    size_t n = len < sizeof(line) ? len : sizeof(line) - 1;

    (void)file;
    memcpy(line, text, n);
    line[n] = 0;
    (void)ask_host(SYS_WRITE0, line);
    return (ssize_t)n;
}

void _exit(int status)
{
    uintptr_t block[2] = { APPLICATION_EXIT, (uintptr_t)status };

    for (;;)
        (void)ask_host(SYS_EXIT_EXTENDED, block);
}

static void fault(void)
{
    (void)ask_host(SYS_WRITE0, "an exception\n");
    _exit(EXIT_FAILURE);
}

void bare_start(void)
{
    static char line[TEXT_MAX];
    static char *words[WORDS_MAX + 1];
    uintptr_t block[2] = { (uintptr_t)line, sizeof(line) };
    int count = 0, status;

    memset(bare_bss, 0, (size_t)(end - bare_bss));
    (void)ask_host(SYS_GET_CMDLINE, block);
    for (char *word = strtok(line, " "); word && count < WORDS_MAX; word = strtok(NULL, " "))
        words[count++] = word;
    status = main(count, words);
    fflush(NULL);
    _exit(status);
}

static const struct {
    void *stack;
    void (*handlers[EXCEPTIONS])(void);
} vectors __attribute__((section(".vectors"), used)) = {
    .stack = bare_stack_top,
    .handlers = { bare_start, fault, fault, fault, fault, fault, fault, fault, fault, fault, fault,
                  fault, fault, fault, fault },
};
