/* SPDX-License-Identifier: ISC */
/* Blocks of files that are lent to the stack. */
#include "blocks.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct file_id file_id(const struct stat *stat)
{
    return (struct file_id){
        .device = stat->st_dev,
        .inode = stat->st_ino,
        .size = (uint64_t)stat->st_size,
        .modified_s = stat->st_mtim.tv_sec,
        .modified_ns = stat->st_mtim.tv_nsec,
    };
}

static struct block **bucket(struct blocks *blocks, const struct file_id *id, uint64_t index)
{
    /* The requests of strangers choose neither inode nor position freely: no keyed hash needed. */
    uint64_t hash = (id->inode * 31 + id->device + index) * 0x9e3779b97f4a7c15u;

    return &blocks->buckets[hash >> 52];
}
_Static_assert(BLOCK_BUCKETS == 1 << 12, "bucket() takes the upper twelve bits");

static void leave_idle(struct blocks *blocks, struct block *block)
{
    *(block->idle_prev ? &block->idle_prev->idle_next : &blocks->idle_oldest) = block->idle_next;
    *(block->idle_next ? &block->idle_next->idle_prev : &blocks->idle_newest) = block->idle_prev;
    blocks->idle_bytes -= block->len;
}

static void enter_idle(struct blocks *blocks, struct block *block)
{
    block->idle_next = NULL;
    block->idle_prev = blocks->idle_newest;
    *(blocks->idle_newest ? &blocks->idle_newest->idle_next : &blocks->idle_oldest) = block;
    blocks->idle_newest = block;
    blocks->idle_bytes += block->len;
}

static void forget(struct blocks *blocks, struct block *block)
{
    struct block **link = bucket(blocks, &block->id, block->index);

    while (*link != block)
        link = &(*link)->hash_next;
    *link = block->hash_next;
    leave_idle(blocks, block);
    free(block);
}

static bool read_wholly(int fd, struct block *block)
{
    uint32_t done = 0;

    while (done < block->len) {
        off_t at = (off_t)(block->index * BLOCK_BYTES + done);
        ssize_t n = pread(fd, block->bytes + done, block->len - done, at);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        done += (uint32_t)n;
    }
    return true;
}

static struct block *block_read(const struct file_id *id, int fd, uint64_t index)
{
    uint64_t left = id->size - index * BLOCK_BYTES;
    uint32_t len = left < BLOCK_BYTES ? (uint32_t)left : BLOCK_BYTES;
    struct block *block = malloc(sizeof(*block) + len);

    if (!block)
        return NULL;
    *block = (struct block){ .id = *id, .index = index, .len = len, .refs = 1 };
    if (read_wholly(fd, block))
        return block;
    free(block);
    return NULL;
}

struct block *block_get(struct blocks *blocks, const struct file_id *id, int fd, uint64_t index)
{
    struct block **first = bucket(blocks, id, index);
    struct block *block;

    for (block = *first; block; block = block->hash_next) {
        if (block->index != index || memcmp(&block->id, id, sizeof(*id)) != 0)
            continue;
        if (block->refs++ == 0)
            leave_idle(blocks, block);
        return block;
    }
    block = block_read(id, fd, index);
    if (block) {
        block->hash_next = *first;
        *first = block;
    }
    return block;
}

void block_put(struct blocks *blocks, struct block *block)
{
    if (--block->refs)
        return;
    enter_idle(blocks, block);
    while (blocks->idle_bytes > blocks->idle_bytes_max)
        forget(blocks, blocks->idle_oldest);
}

void blocks_clear(struct blocks *blocks)
{
    while (blocks->idle_oldest)
        forget(blocks, blocks->idle_oldest);
}
