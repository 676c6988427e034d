/* SPDX-License-Identifier: ISC */
/* Tests of core/text.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/drop.h"
#include "mstack/error.h"

typedef const char *text_fn(unsigned number);

static const char *drop_text(unsigned number) { return ms_drop_text((enum ms_drop)number); }
static const char *error_text(unsigned number) { return ms_error_text((enum ms_error)number); }

/* Each has a text that no other one has, and that is not the one for numbers out of range. */
static void assert_texts(text_fn *text, unsigned count, const char *none)
{
    for (unsigned i = 0; i < count; i++) {
        assert_non_null(text(i));
        assert_true(text(i)[0] != '\0');
        assert_string_not_equal(text(i), none);
        for (unsigned j = 0; j < i; j++)
            assert_string_not_equal(text(i), text(j));
    }
    assert_string_equal(text(count), none);
    assert_string_equal(text(count + 1000), none);
    assert_string_equal(text((unsigned)-1), none);
}

static void has_a_text_for_each_drop(void **state)
{
    (void)state;
    assert_texts(drop_text, MS_DROP_COUNT, "?");
    assert_string_equal(ms_drop_text(MS_DROP_NONE), "accepted");
    assert_string_equal(ms_drop_text(MS_DROP_SEND_NO_ROUTE), "no route or no source address");
}

static void has_a_text_for_each_error(void **state)
{
    (void)state;
    assert_texts(error_text, MS_ERROR_COUNT, "unknown error");
    assert_string_equal(ms_error_text(MS_OK), "done");
    assert_string_equal(ms_error_text(MS_ERROR_INTERFACE_GONE), "interface or address is gone");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(has_a_text_for_each_drop),
        cmocka_unit_test(has_a_text_for_each_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
