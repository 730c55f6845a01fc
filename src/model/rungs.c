// SPDX-License-Identifier: MIT
// rungs.c - reads the setting "rungs": "1080p:4800k:60 720p:2700k:60".
#include "reeld/model/ladder.h"

#include "reeld/base/str.h"

enum {
    SHORT_SIDE_LEAST = 16,
    SHORT_SIDE_MOST = 4320,
    CAP_KBPS_LEAST = 16,
    CAP_KBPS_MOST = 200000,
    RATE_MOST = 240,
};

static enum err bad_word(struct str word, const char *why)
{
    return fail(ERR_BAD_INPUT,
                "rung \"%.*s\": %s; a rung is SIDEp:CAPk[:FPS], for instance "
                "720p:2700k:60",
                STR_ARG(word), why);
}

// Takes `unit` off the end; false if it is not there.
static bool drop_unit(struct str *s, char unit)
{
    if (s->len == 0 || s->ptr[s->len - 1] != unit)
        return false;
    s->len--;
    return true;
}

static enum err parse_rung(struct str word, struct rung *ret)
{
    struct str rest = word;
    struct str side = str_cut(&rest, ':');
    struct str cap = rest.ptr ? str_cut(&rest, ':') : (struct str){0};
    struct str rate = rest;
    int64_t pixels, kbps, fps = 0;
    if (!drop_unit(&side, 'p') ||
        str_to_int(side, SHORT_SIDE_LEAST, SHORT_SIDE_MOST, &pixels) != OK ||
        pixels % 2 != 0)
        return bad_word(word, "its side is an even number from 16 to 4320 "
                              "and a p");
    if (!drop_unit(&cap, 'k') ||
        str_to_int(cap, CAP_KBPS_LEAST, CAP_KBPS_MOST, &kbps) != OK)
        return bad_word(word, "its cap is 16 to 200000 kbit/s and a k");
    if (rate.ptr && str_to_int(rate, 1, RATE_MOST, &fps) != OK)
        return bad_word(word, "its frame rate is 1 to 240");
    ret->short_side = (int32_t)pixels;
    ret->cap_bps = kbps * 1000;
    ret->frame_rate_cap = (struct rational){fps, 1};
    return OK;
}

enum err ladder_parse_rungs(struct str text, struct ladder_wish *ret)
{
    struct str rest = str_trim(text);
    uint32_t count = 0;
    while (rest.ptr && rest.len > 0) {
        struct str word = str_trim(str_cut(&rest, ' '));
        rest = str_trim(rest);
        if (count == RUNGS_MAX)
            return bad_word(word, "there may be ten at most");
        TRY(parse_rung(word, &ret->rung[count]));
        if (count > 0 &&
            ret->rung[count].short_side >= ret->rung[count - 1].short_side)
            return bad_word(word, "rungs go from large to small");
        count++;
    }
    if (count == 0)
        return fail(ERR_BAD_INPUT, "rungs: there must be one at least");
    ret->rungs = count;
    return OK;
}
