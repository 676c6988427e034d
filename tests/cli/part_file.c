/* SPDX-License-Identifier: ISC */
/* Files that are being downloaded. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sys/stat.h>
#include <unistd.h>

#include "part_file.h"

static char folder[] = "/tmp/mstack-part-XXXXXX";
static char name[64], part_name[64], version_name[64];

static int make_folder(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(name, sizeof(name), "%s/file", folder);
    snprintf(part_name, sizeof(part_name), "%s/file.part", folder);
    snprintf(version_name, sizeof(version_name), "%s/file.part.version", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    return rmdir(folder); /* fails if a test left something behind */
}

static void break_off(const char *version, const char *bytes)
{
    struct part_file file;

    assert_int_equal(part_file_open(&file, name), 0);
    assert_int_equal(part_file_restart(&file, version), 0);
    assert_int_equal(part_file_append(&file, bytes, strlen(bytes)), 0);
    part_file_close(&file);
}

static void goes_on_where_it_stopped(void **state)
{
    struct part_file file;
    char bytes[16] = "";
    FILE *stream;

    (void)state;
    break_off("\"tag\"", "01234");
    assert_int_equal(part_file_open(&file, name), 0);
    assert_int_equal(file.len, 5);
    assert_string_equal(file.version, "\"tag\"");
    assert_int_equal(part_file_append(&file, "56789", 5), 0);
    assert_int_equal(part_file_complete(&file), 0);
    part_file_close(&file);

    assert_int_not_equal(access(part_name, F_OK), 0);
    assert_int_not_equal(access(version_name, F_OK), 0);
    stream = fopen(name, "r");
    assert_non_null(stream);
    assert_int_equal(fread(bytes, 1, sizeof(bytes), stream), 10);
    assert_string_equal(bytes, "0123456789");
    fclose(stream);
    unlink(name);
}

static void keeps_nothing_of_an_unknown_version(void **state)
{
    (void)state;
    break_off("", "01234");
    assert_int_not_equal(access(part_name, F_OK), 0);
    break_off("a\r\nRange: b", "01234"); /* would become a field of ours */
    assert_int_not_equal(access(part_name, F_OK), 0);
}

static void begins_anew_without_knowing_the_version(void **state)
{
    struct part_file file;

    (void)state;
    break_off("\"tag\"", "01234");
    unlink(version_name);
    assert_int_equal(part_file_open(&file, name), 0);
    assert_int_equal(file.len, 0);
    part_file_close(&file);
    assert_int_not_equal(access(part_name, F_OK), 0);
}

static void forgets_the_old_bytes_when_restarted(void **state)
{
    struct part_file file;
    struct stat status;

    (void)state;
    break_off("\"tag\"", "01234");
    assert_int_equal(part_file_open(&file, name), 0);
    assert_int_equal(part_file_restart(&file, "\"new\""), 0);
    assert_int_equal(part_file_append(&file, "x", 1), 0);
    assert_int_equal(part_file_complete(&file), 0);
    part_file_close(&file);
    assert_int_equal(stat(name, &status), 0);
    assert_int_equal(status.st_size, 1);
    unlink(name);
}

static void refuses_a_name_that_cannot_be_written(void **state)
{
    struct part_file file;

    (void)state;
    assert_int_not_equal(part_file_open(&file, "/nonexistent/file"), 0);
    assert_int_equal(mkdir(part_name, 0755), 0);
    assert_int_not_equal(part_file_open(&file, name), 0);
    rmdir(part_name);
}

/* A device keeps its place: else root would lose /dev/null to a download. */
static void writes_into_what_is_no_file(void **state)
{
    struct part_file file;
    struct stat status;
    int reader;
    char bytes[4] = "";

    (void)state;
    assert_int_equal(mkfifo(name, 0600), 0);
    reader = open(name, O_RDONLY | O_NONBLOCK);
    assert_true(reader >= 0);
    assert_int_equal(part_file_open(&file, name), 0);
    assert_int_equal(part_file_restart(&file, "\"tag\""), 0);
    assert_int_equal(part_file_append(&file, "abc", 3), 0);
    assert_int_equal(part_file_complete(&file), 0);
    part_file_close(&file);
    assert_int_equal(read(reader, bytes, 3), 3);
    assert_string_equal(bytes, "abc");
    assert_int_equal(stat(name, &status), 0);
    assert_true(S_ISFIFO(status.st_mode));
    close(reader);
    unlink(name);
    assert_int_equal(part_file_open(&file, "/dev/full"), 0);
    assert_int_equal(part_file_append(&file, "abc", 3), ENOSPC);
    part_file_close(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(goes_on_where_it_stopped),
        cmocka_unit_test(keeps_nothing_of_an_unknown_version),
        cmocka_unit_test(begins_anew_without_knowing_the_version),
        cmocka_unit_test(forgets_the_old_bytes_when_restarted),
        cmocka_unit_test(refuses_a_name_that_cannot_be_written),
        cmocka_unit_test(writes_into_what_is_no_file),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
