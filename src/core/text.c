/* SPDX-License-Identifier: ISC */
/* The words for drops and errors. */
#include "core/bytes.h"
#include "core/drop.h"
#include "mstack/error.h"

static const char *const drop_texts[] = {
#define DROP_TEXT(name, text) [MS_DROP_##name] = text,
    MS_DROP_LIST(DROP_TEXT)
#undef DROP_TEXT
};

static const char *const error_texts[] = {
    [MS_OK] = "done",
    [MS_ERROR_INVALID] = "an argument makes no sense",
    [MS_ERROR_NO_MEMORY] = "a table or pool is full",
    [MS_ERROR_QUEUE_FULL] = "the transmit queue is full",
    [MS_ERROR_STATE] = "not in a state for this",
    [MS_ERROR_NO_ROUTE] = "no route to the destination",
    [MS_ERROR_NO_ADDRESS] = "no such address of ours",
    [MS_ERROR_IN_USE] = "address and port are in use",
    [MS_ERROR_TOO_LONG] = "longer than any packet may be",
    [MS_ERROR_REFUSED] = "connection refused",
    [MS_ERROR_RESET] = "connection reset by the peer",
    [MS_ERROR_TIMED_OUT] = "connection timed out",
    [MS_ERROR_UNREACHABLE] = "destination unreachable",
    [MS_ERROR_ABORTED] = "connection aborted",
    [MS_ERROR_INTERFACE_GONE] = "interface or address is gone",
};

_Static_assert(MS_ARRAY_LEN(drop_texts) == MS_DROP_COUNT, "a text for each reason");
_Static_assert(MS_ARRAY_LEN(error_texts) == MS_ERROR_COUNT, "a text for each error");

const char *ms_drop_text(enum ms_drop drop)
{
    return (unsigned)drop < MS_DROP_COUNT ? drop_texts[drop] : "?";
}

const char *ms_error_text(enum ms_error error)
{
    return (unsigned)error < MS_ERROR_COUNT ? error_texts[error] : "unknown error";
}
