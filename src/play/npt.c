// SPDX-License-Identifier: MIT
// npt.c - temporal ranges of W3C media fragments: what ?t= says.
#include "reeld/play/npt.h"

#include <stdbool.h>

enum {
    SECONDS_MAX = 100000000, // three years
    FRACTION_DIGITS = 6,
    MINUTE = 60,
    HOUR = 3600,
};

static enum err bad_time(struct str text)
{
    return fail(ERR_BAD_INPUT,
                "\"%.*s\" is no time: seconds, mm:ss or hh:mm:ss",
                (int)(text.len < 40 ? text.len : 40), text.ptr);
}

// "3.25" in microseconds, below `most` seconds. A dot needs no digits behind
// it (RFC 2326 section 3.6), but some before.
static bool to_seconds(struct str text, int64_t most, int64_t *ret_us)
{
    struct str fraction = text;
    struct str whole = str_cut(&fraction, '.');
    int64_t seconds;
    if (str_to_int(whole, 0, most - 1, &seconds) != OK)
        return false;
    for (size_t i = 0; i < fraction.len; i++)
        if (fraction.ptr[i] < '0' || fraction.ptr[i] > '9')
            return false;
    int64_t us = 0;
    for (size_t i = 0; i < FRACTION_DIGITS; i++)
        us = us * 10 + (i < fraction.len ? fraction.ptr[i] - '0' : 0);
    *ret_us = seconds * 1000000 + us;
    return true;
}

// Minutes and seconds behind a colon are below sixty and may have one digit.
static enum err parse_time(struct str text, int64_t *ret_us)
{
    struct str rest = text, part[3];
    int parts = 0;
    while (rest.ptr && parts < 3)
        part[parts++] = str_cut(&rest, ':');
    int64_t unit = parts == 3 ? HOUR : MINUTE, sum = 0, us;
    if (rest.ptr)
        return bad_time(text);
    for (int i = 0; i + 1 < parts; i++, unit /= MINUTE) {
        int64_t most = i == 0 ? SECONDS_MAX / unit : MINUTE - 1, value;
        if (str_to_int(part[i], 0, most, &value) != OK)
            return bad_time(text);
        sum += value * unit;
    }
    if (!to_seconds(part[parts - 1], parts > 1 ? MINUTE : SECONDS_MAX, &us))
        return bad_time(text);
    *ret_us = sum * 1000000 + us;
    return OK;
}

static struct str without_unit(struct str text)
{
    return str_starts(text, STR("npt:")) ? str_skip(text, 4) : text;
}

enum err npt_parse_time(struct str text, int64_t *ret_us)
{
    return parse_time(without_unit(text), ret_us);
}

enum err npt_parse(struct str text, struct npt_range *ret)
{
    struct str end = without_unit(text);
    struct str start = str_cut(&end, ',');
    struct npt_range range = {0, INT64_MAX};
    // "10," is refused by the standard's grammar but means what it says.
    if (start.len == 0 && end.len == 0)
        return fail(ERR_BAD_INPUT, "t= is START,END with one of them at least");
    if (start.len > 0)
        TRY(parse_time(start, &range.start_us));
    if (end.len > 0)
        TRY(parse_time(end, &range.end_us));
    if (range.end_us <= range.start_us)
        return fail(ERR_BAD_INPUT, "the range does not end after its start");
    *ret = range;
    return OK;
}
