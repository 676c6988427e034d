/* SPDX-License-Identifier: ISC */
/*
 * Blocks of files that are lent to the stack. A block is read once, shared by all who send it, and
 * does not change: a file that is changed or truncated under us can neither kill the server (as it
 * could with mmap) nor make a retransmission differ from the first transmission.
 */
#ifndef CLI_BLOCKS_H
#define CLI_BLOCKS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

enum { BLOCK_BYTES = 65536, BLOCK_BUCKETS = 4096 };

/* A file's contents at one time. */
struct file_id {
    uint64_t device, inode, size;
    int64_t modified_s, modified_ns;
};
struct file_id file_id(const struct stat *stat);

struct block {
    struct block *hash_next;
    struct block *idle_next, *idle_prev; /* while nobody refers to it */
    struct file_id id;
    uint64_t index; /* its first byte is index * BLOCK_BYTES of the file */
    uint32_t len;
    uint32_t refs;
    uint8_t bytes[];
};

struct blocks {
    struct block *buckets[BLOCK_BUCKETS];
    struct block *idle_oldest, *idle_newest;
    size_t idle_bytes, idle_bytes_max; /* kept for the next reader */
};

/* The block of the open file fd, with one more reference. NULL: the file is shorter than it was, it
 * cannot be read, or memory ran out. */
struct block *block_get(struct blocks *blocks, const struct file_id *id, int fd, uint64_t index);
void block_put(struct blocks *blocks, struct block *block);
/* Frees all blocks nobody refers to. */
void blocks_clear(struct blocks *blocks);

#endif
