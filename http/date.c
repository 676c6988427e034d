/* SPDX-License-Identifier: ISC */
/* Dates as HTTP writes them. */
#include "date.h"

enum {
    DAY_S = 86400,
    EPOCH_YEAR = 1970,
    LAST_YEAR = 9999,
    DATE_LEN = 29,
    WEEKDAY_OF_EPOCH = 4, /* a Thursday */
};

static const char weekdays[] = "SunMonTueWedThuFriSat";
static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

static bool is_leap(unsigned year) { return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0; }

static unsigned month_days(unsigned year, unsigned month)
{
    static const uint8_t days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

    return days[month] + (month == 1 && is_leap(year) ? 1u : 0u);
}

/* From the first of January 1970 to that of the year. */
static uint64_t days_before(unsigned year)
{
    unsigned past = year - 1;
    unsigned leaps = past / 4 - past / 100 + past / 400;

    return (uint64_t)(year - EPOCH_YEAR) * 365 + leaps - 477; /* those before 1970 */
}

static void put_two(struct text *text, uint64_t number)
{
    if (number < 10)
        ms_http_text_put(text, "0");
    ms_http_text_put_number(text, number);
}

static void put_name(struct text *text, const char *names, uint64_t index)
{
    ms_http_text_put_slice(text, (struct slice){ names + 3 * index, 3 });
}

void ms_http_date_put(struct text *text, uint64_t time_s)
{
    uint64_t end_s = days_before(LAST_YEAR + 1) * DAY_S;
    uint64_t days, of_day_s;
    unsigned year, month = 0;

    if (time_s >= end_s)
        time_s = end_s - 1;
    days = time_s / DAY_S;
    of_day_s = time_s % DAY_S;
    put_name(text, weekdays, (days + WEEKDAY_OF_EPOCH) % 7);
    /* No year is longer, so this is never too late. */
    for (year = EPOCH_YEAR + (unsigned)(days / 366); days_before(year + 1) <= days; year++)
        ;
    for (days -= days_before(year); days >= month_days(year, month); month++)
        days -= month_days(year, month);
    ms_http_text_put(text, ", ");
    put_two(text, days + 1);
    ms_http_text_put(text, " ");
    put_name(text, months, month);
    ms_http_text_put(text, " ");
    ms_http_text_put_number(text, year);
    ms_http_text_put(text, " ");
    put_two(text, of_day_s / 3600);
    ms_http_text_put(text, ":");
    put_two(text, of_day_s / 60 % 60);
    ms_http_text_put(text, ":");
    put_two(text, of_day_s % 60);
    ms_http_text_put(text, " GMT");
}

/* The number that is written with so many digits at that place. False: it is not. */
static bool number_at(struct slice date, unsigned at, unsigned digits, unsigned *number)
{
    struct slice piece = { date.bytes + at, digits };
    uint64_t value;

    if (!ms_http_slice_take_number(&piece, &value) || piece.len > 0)
        return false;
    *number = (unsigned)value;
    return true;
}

static bool month_at(struct slice date, unsigned at, unsigned *month)
{
    for (*month = 0; *month < 12; ++*month) {
        struct slice name = { months + 3 * *month, 3 };

        if (ms_http_slice_equal(name, (struct slice){ date.bytes + at, 3 }))
            return true;
    }
    return false;
}

bool ms_http_date_parse(struct slice date, uint64_t *time_s)
{
    unsigned day, month, year, hour, minute, second;
    uint64_t days, written_s;
    char bytes[DATE_LEN];
    struct text again = ms_http_text_in(bytes, sizeof(bytes));

    if (date.len != DATE_LEN)
        return false;
    if (!number_at(date, 5, 2, &day) || !month_at(date, 8, &month) ||
        !number_at(date, 12, 4, &year) || !number_at(date, 17, 2, &hour) ||
        !number_at(date, 20, 2, &minute) || !number_at(date, 23, 2, &second))
        return false;
    if (year < EPOCH_YEAR)
        return false;
    days = days_before(year) + day - 1;
    for (unsigned i = 0; i < month; i++)
        days += month_days(year, i);
    written_s = days * DAY_S + hour * 3600u + minute * 60u + second;
    /* Whatever else is wrong with it, it is not what would be written. */
    ms_http_date_put(&again, written_s);
    *time_s = written_s;
    return ms_http_slice_equal(date, (struct slice){ again.bytes, again.len });
}
