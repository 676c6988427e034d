/* SPDX-License-Identifier: ISC */
/* Files that are in memory already: how they are found and described. */
#include "http/packed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const uint8_t plain[] = "plain", compressed[] = "zip";

#define FILE_AT(at)                                      \
    {                                                    \
        .path = at, .tag = "t", .bytes = plain, .len = 5 \
    }
#define FILE_TWICE(at)                   \
    {                                    \
        at, "t", plain, compressed, 5, 3 \
    }

static const struct ms_http_file files[] = {
    FILE_AT("a"),   FILE_AT("a-b/index.html"), FILE_AT("a/b.css"),   FILE_TWICE("a/index.html"),
    FILE_AT("b/c"), FILE_TWICE("index.html"),  FILE_AT("z\xc3\xa4"),
};
static const struct ms_http_files all = { files, sizeof(files) / sizeof(files[0]) };

static struct ms_http_packed packed;
static struct ms_http_content content;

static int open(const char *path, bool is_directory, bool takes_gzip)
{
    struct ms_http_query query = { path, is_directory, takes_gzip };

    ms_http_packed_init(&packed, &all);
    content = (struct ms_http_content){ 0 };
    return packed.source.ops->open(&packed.source, &query, &content);
}

static void finds_every_file_and_no_other(void **state)
{
    static const char *const missing[] = { "", "0", "a/", "a/b", "a/b.cs", "a/b.css2", "b", "zz" };

    (void)state;
    for (size_t i = 0; i < all.count; i++)
        assert_int_equal(open(files[i].path, false, false), 200);
    for (size_t i = 1; i < sizeof(missing) / sizeof(missing[0]); i++) {
        if (open(missing[i], false, false) != 404)
            fail_msg("\"%s\" was found", missing[i]);
    }
    ms_http_packed_init(&packed, &(struct ms_http_files){ files, 0 });
    assert_int_equal(
        packed.source.ops->open(&packed.source, &(struct ms_http_query){ .path = "a" }, &content),
        404);
}

static void finds_the_index_of_a_directory(void **state)
{
    (void)state;
    assert_int_equal(open("", true, false), 200);
    assert_string_equal(content.type, "text/html; charset=utf-8");
    assert_int_equal(open("a", true, false), 200);
    assert_int_equal(open("a-b", false, false), 301);
    assert_int_equal(open("a-b", true, false), 200);
    assert_int_equal(open("b", true, false), 404);
    assert_int_equal(open("b", false, false), 404);
    assert_int_equal(open("index.html", true, false), 404);
}

static void has_no_path_too_long(void **state)
{
    static char path[8192];

    (void)state;
    memset(path, 'a', sizeof(path) - 1);
    assert_int_equal(open(path, false, false), 404);
    path[4095] = 0;
    assert_int_equal(open(path, false, false), 404);
    assert_int_equal(open(path, true, false), 404);
}

static void sends_what_the_client_takes(void **state)
{
    (void)state;
    assert_int_equal(open("index.html", false, false), 200);
    assert_int_equal(content.bytes, 5);
    assert_false(content.is_gzip);
    assert_true(content.depends_on_encoding);
    assert_string_equal(content.etag, "\"t\"");
    assert_int_equal(open("index.html", false, true), 200);
    assert_int_equal(content.bytes, 3);
    assert_true(content.is_gzip && content.depends_on_encoding);
    assert_string_equal(content.etag, "\"t-gzip\"");
    assert_int_equal(open("a/b.css", false, true), 200);
    assert_int_equal(content.bytes, 5);
    assert_false(content.is_gzip || content.depends_on_encoding);
    assert_string_equal(content.type, "text/css; charset=utf-8");
}

/* In one piece, and no copy of it. */
static void lends_the_files_themselves(void **state)
{
    struct ms_http_stretch stretch;

    (void)state;
    open("a/b.css", false, false);
    assert_true(packed.source.ops->lend(&content, 2, &stretch));
    assert_ptr_equal(stretch.data, plain + 2);
    assert_int_equal(stretch.len, 3);
    packed.source.ops->give_back(&packed.source, stretch.keeper);
    packed.source.ops->close(&content);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_every_file_and_no_other),
        cmocka_unit_test(finds_the_index_of_a_directory),
        cmocka_unit_test(has_no_path_too_long),
        cmocka_unit_test(sends_what_the_client_takes),
        cmocka_unit_test(lends_the_files_themselves),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
