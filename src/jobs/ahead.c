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

// The video that players begin with: the first variant of our playlists is the
// one nearest to this rate.
static int find_first_video(const struct asset *a)
{
    const int64_t start_bps = 2000000;
    int64_t nearest = INT64_MAX;
    int found = -1;
    for (uint32_t r = 0; r < a->renditions; r++) {
        int64_t off = a->rendition[r].declared_bps - start_bps;
        off = off < 0 ? -off : off;
        if (a->rendition[r].recipe.kind == TRACK_VIDEO && off < nearest) {
            nearest = off;
            found = (int)r;
        }
    }
    return found;
}

// What every player asks for first: the worker that probed has the file open.
void ahead_first_pieces(struct jobs *j, const struct asset *a)
{
    for (uint32_t r = 0; r < a->renditions; r++)
        flight_ahead(j, a, r, PIECE_INIT, 0, URGENCY_EDGE);
    int first[] = {asset_main_audio(a), find_first_video(a)};
    for (int i = 0; i < 2; i++)
        if (first[i] >= 0)
            flight_ahead(j, a, (uint32_t)first[i], PIECE_SEGMENT, 0,
                         URGENCY_EDGE);
}
