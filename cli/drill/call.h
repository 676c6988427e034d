/* SPDX-License-Identifier: ISC */
/* Socket calls as scripts write them: accept(3, ..., ...) = 4 */
#ifndef CLI_DRILL_CALL_H
#define CLI_DRILL_CALL_H

#include "drill/scan.h"

enum { CALL_ARGUMENTS_MAX = 8, CALL_WORD_BYTES = 32, CALL_TEXT_BYTES = 512 };

struct call {
    char name[CALL_WORD_BYTES];
    char text[CALL_TEXT_BYTES]; /* of the arguments, each ended by a zero */
    const char *arguments[CALL_ARGUMENTS_MAX];
    unsigned argument_count;
    int64_t result;
    bool has_any_result; /* "= ?" */
    int error;           /* errno to come with result -1; 0: none was named */
};

bool call_parse(struct call *call, struct scan *scan, struct fault *fault);
/* Argument i as a number: 3, 0x10, SOCK_STREAM, A|B, [1]. False: it is none, says *fault. */
bool call_number(const struct call *call, unsigned i, int64_t *number, struct fault *fault);
/* "EAGAIN", or its number as text. */
const char *call_error_name(int error);

#endif
