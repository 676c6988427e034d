/* SPDX-License-Identifier: ISC */
/* Blocks of files: shared, bounded, and steady when the file is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <string.h>
#include <unistd.h>

#include "blocks.h"

enum { FILE_BYTES = 2 * BLOCK_BYTES + 100 };

struct fixture {
    struct blocks blocks;
    struct file_id id;
    int fd;
};

static int open_file(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    char name[] = "/tmp/mstack-blocks-XXXXXX";
    uint8_t *bytes = malloc(FILE_BYTES);
    struct stat stat;

    f->fd = mkstemp(name);
    unlink(name);
    for (int i = 0; i < FILE_BYTES; i++)
        bytes[i] = (uint8_t)(i / BLOCK_BYTES + i % 251);
    assert_int_equal(write(f->fd, bytes, FILE_BYTES), FILE_BYTES);
    free(bytes);
    assert_int_equal(fstat(f->fd, &stat), 0);
    f->id = file_id(&stat);
    f->blocks.idle_bytes_max = FILE_BYTES;
    *state = f;
    return 0;
}

static int close_file(void **state)
{
    struct fixture *f = *state;

    blocks_clear(&f->blocks);
    assert_int_equal(f->blocks.idle_bytes, 0);
    close(f->fd);
    free(f);
    return 0;
}

static void reads_blocks_with_a_shorter_last_one(void **state)
{
    struct fixture *f = *state;
    struct block *second = block_get(&f->blocks, &f->id, f->fd, 1);
    struct block *last = block_get(&f->blocks, &f->id, f->fd, 2);

    assert_int_equal(second->len, BLOCK_BYTES);
    assert_int_equal(second->bytes[0], 1 + BLOCK_BYTES % 251);
    assert_int_equal(last->len, 100);
    block_put(&f->blocks, second);
    block_put(&f->blocks, last);
}

static void shares_a_block_while_it_is_held_and_after(void **state)
{
    struct fixture *f = *state;
    struct block *one = block_get(&f->blocks, &f->id, f->fd, 0);

    assert_ptr_equal(block_get(&f->blocks, &f->id, f->fd, 0), one);
    block_put(&f->blocks, one);
    block_put(&f->blocks, one);
    assert_int_equal(f->blocks.idle_bytes, BLOCK_BYTES);
    assert_ptr_equal(block_get(&f->blocks, &f->id, f->fd, 0), one);
    assert_int_equal(f->blocks.idle_bytes, 0);
    block_put(&f->blocks, one);
}

static void tells_versions_apart(void **state)
{
    struct fixture *f = *state;
    struct file_id later = f->id;
    struct block *one = block_get(&f->blocks, &f->id, f->fd, 0);
    struct block *other;

    later.modified_ns++;
    other = block_get(&f->blocks, &later, f->fd, 0);
    assert_ptr_not_equal(one, other);
    block_put(&f->blocks, one);
    block_put(&f->blocks, other);
}

static void keeps_no_more_idle_bytes_than_told(void **state)
{
    struct fixture *f = *state;
    struct block *blocks[3];

    f->blocks.idle_bytes_max = BLOCK_BYTES + 100;
    for (unsigned i = 0; i < 3; i++)
        blocks[i] = block_get(&f->blocks, &f->id, f->fd, i);
    for (unsigned i = 0; i < 3; i++)
        block_put(&f->blocks, blocks[i]);
    assert_int_equal(f->blocks.idle_bytes, BLOCK_BYTES + 100);
    /* The oldest went. */
    assert_int_equal(f->blocks.idle_oldest->index, 1);
}

static void survives_a_file_that_is_truncated(void **state)
{
    struct fixture *f = *state;
    struct block *held = block_get(&f->blocks, &f->id, f->fd, 1);
    uint8_t before = held->bytes[BLOCK_BYTES - 1];

    assert_int_equal(ftruncate(f->fd, 10), 0);
    assert_int_equal(held->bytes[BLOCK_BYTES - 1], before);
    assert_null(block_get(&f->blocks, &f->id, f->fd, 0));
    assert_null(block_get(&f->blocks, &f->id, f->fd, 2));
    block_put(&f->blocks, held);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(reads_blocks_with_a_shorter_last_one, open_file,
                                        close_file),
        cmocka_unit_test_setup_teardown(shares_a_block_while_it_is_held_and_after, open_file,
                                        close_file),
        cmocka_unit_test_setup_teardown(tells_versions_apart, open_file, close_file),
        cmocka_unit_test_setup_teardown(keeps_no_more_idle_bytes_than_told, open_file, close_file),
        cmocka_unit_test_setup_teardown(survives_a_file_that_is_truncated, open_file, close_file),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
