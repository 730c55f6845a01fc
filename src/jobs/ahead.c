// SPDX-License-Identifier: MIT
// ahead.c - what will be asked for next is made before it is.
#include "crew.h"
#include "reeld/base/clock.h"
#include "reeld/base/thread.h"

// Longer than a player takes between segments, much shorter than eviction.
static const int64_t SEEN_FOR_US = 20 * INT64_C(1000000);

// Any thread.
bool ahead_is_news(struct jobs *j, const struct asset *a, uint32_t r,
                   uint32_t number)
{
    // FNV-1a over what names the piece; two that fall together only cost a
    // look, or one read-ahead less.
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (const char *at = a->id.text; *at; at++)
        hash = (hash ^ (uint8_t)*at) * UINT64_C(0x100000001b3);
    hash = (hash ^ r) * UINT64_C(0x100000001b3);
    hash = (hash ^ number) * UINT64_C(0x100000001b3);
    int64_t now = clock_now_us();
    HOLD(&j->lock);
    struct seen *seen = &j->seen[(hash >> 32) % SEEN_SLOTS];
    if (seen->piece == hash && now < seen->until_us)
        return false;
    *seen = (struct seen){hash, now + SEEN_FOR_US};
    return true;
}

void ahead_of(struct jobs *j, const struct asset *a, uint32_t r,
              enum piece_kind kind, uint32_t number)
{
    if (kind != PIECE_SEGMENT && kind != PIECE_TS)
        return;
    uint32_t count = (uint32_t)j->options.read_ahead;
    for (uint32_t i = 1; i <= count; i++)
        if (number + i < a->plan->segments)
            flight_ahead(j, a, r, kind, number + i, URGENCY_NEXT);
}

// What every player asks for first: the worker that probed has the file open.
void ahead_first_pieces(struct jobs *j, const struct asset *a)
{
    for (uint32_t r = 0; r < a->renditions; r++)
        flight_ahead(j, a, r, PIECE_INIT, 0, URGENCY_EDGE);
    int audio = asset_main_audio(a);
    if (audio >= 0)
        flight_ahead(j, a, (uint32_t)audio, PIECE_SEGMENT, 0, URGENCY_EDGE);
    if (a->renditions > 0 && a->rendition[0].recipe.kind == TRACK_VIDEO)
        flight_ahead(j, a, 0, PIECE_SEGMENT, 0, URGENCY_EDGE);
}
