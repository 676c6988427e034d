/* SPDX-License-Identifier: ISC */
/* Paths of requests. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "http/path.h"

static enum path_result clean(const char *target, char path[PATH_SIZE], bool *is_directory)
{
    return ms_http_path_clean(target, strlen(target), path, is_directory);
}

static void cleans_paths(void **state)
{
    static const struct {
        const char *target, *path;
        bool is_directory;
    } rows[] = {
        { "/", "", true },
        { "//", "", true },
        { "/?a=/b", "", true },
        { "/a", "a", false },
        { "/a/", "a", true },
        { "/a//b/./c", "a/b/c", false },
        { "/a/../b", "b", false },
        { "/a/b/..", "a", true },
        { "/a/.", "a", true },
        { "/a/b/../..", "", true },
        { "/%61%2Fb", "a/b", false },
        { "/a%20b?c%zz", "a b", false },
        { "/...", "...", false },
        { "/..a/b..", "..a/b..", false },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char path[PATH_SIZE];
        bool is_directory = !rows[i].is_directory;

        if (clean(rows[i].target, path, &is_directory) != PATH_OK)
            fail_msg("%s was refused", rows[i].target);
        assert_string_equal(path, rows[i].path);
        assert_int_equal(is_directory, rows[i].is_directory);
    }
}

static void refuses_paths(void **state)
{
    static const struct {
        const char *target;
        enum path_result result;
    } rows[] = {
        { "", PATH_MALFORMED },
        { "a", PATH_MALFORMED },
        { "?a", PATH_MALFORMED },
        { "*", PATH_MALFORMED },
        { "/%", PATH_MALFORMED },
        { "/%4", PATH_MALFORMED },
        { "/%4g", PATH_MALFORMED },
        { "/%00", PATH_MALFORMED },
        { "/a%00b", PATH_MALFORMED },
        { "/..", PATH_ESCAPES },
        { "/../etc/passwd", PATH_ESCAPES },
        { "/a/../../b", PATH_ESCAPES },
        { "/%2e%2e/b", PATH_ESCAPES },
        { "/..%2fb", PATH_ESCAPES },
        { "/./../b", PATH_ESCAPES },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char path[PATH_SIZE];
        bool is_directory;

        if (clean(rows[i].target, path, &is_directory) != rows[i].result)
            fail_msg("%s", rows[i].target);
    }
}

static void takes_a_path_up_to_its_limit_and_no_more(void **state)
{
    char target[PATH_SIZE + 1], path[PATH_SIZE];
    bool is_directory;

    (void)state;
    memset(target, 'a', sizeof(target));
    target[0] = '/';
    assert_int_equal(ms_http_path_clean(target, PATH_SIZE - 1, path, &is_directory), PATH_OK);
    assert_int_equal(strlen(path), PATH_SIZE - 2);
    assert_int_equal(ms_http_path_clean(target, PATH_SIZE, path, &is_directory), PATH_TOO_LONG);
}

static void encodes_what_it_decodes(void **state)
{
    char all[256], encoded[3 * 256], decoded[256];

    (void)state;
    for (int i = 0; i < 255; i++)
        all[i] = (char)(i + 1);
    all[255] = 0;
    assert_true(ms_http_percent_encode(all, encoded, sizeof(encoded)) < sizeof(encoded));
    assert_null(strpbrk(encoded, "<>\"' &?#\n"));
    assert_true(ms_http_percent_decode(encoded, strlen(encoded), decoded, sizeof(decoded)));
    assert_string_equal(decoded, all);
}

static void says_how_much_room_encoding_takes(void **state)
{
    char out[4] = "xyz";

    (void)state;
    assert_int_equal(ms_http_percent_encode("a b", out, sizeof(out)), 5);
    assert_int_equal(out[sizeof(out) - 1], 0);
    assert_false(ms_http_percent_decode("abcd", 4, out, sizeof(out)));
    assert_true(ms_http_percent_decode("abc", 3, out, sizeof(out)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cleans_paths),
        cmocka_unit_test(refuses_paths),
        cmocka_unit_test(takes_a_path_up_to_its_limit_and_no_more),
        cmocka_unit_test(encodes_what_it_decodes),
        cmocka_unit_test(says_how_much_room_encoding_takes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
