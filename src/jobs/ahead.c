// SPDX-License-Identifier: MIT
// ahead.c - what will be asked for next is made before it is.
#include <string.h>

#include "crew.h"
#include "reeld/base/clock.h"
#include "reeld/base/thread.h"
#include "reeld/model/show.h"

// Longer than a player takes between segments, much shorter than eviction.
static const int64_t SEEN_FOR_US = 20 * INT64_C(1000000);

// Any thread.
bool ahead_is_news(struct jobs *j, const struct piece *p, enum ahead_word word)
{
    // Two that fall together only cost a look, or one read-ahead less. A clip
    // goes on elsewhere than the asset after the same piece.
    uint64_t hash;
    memcpy(&hash, &p->key, sizeof hash);
    hash += ((uint64_t)p->clip_to * 2 + word) * UINT64_C(0x9e3779b97f4a7c15);
    int64_t now = clock_now_us();
    HOLD(&j->lock);
    struct seen *seen = &j->seen[(hash >> 32) % SEEN_SLOTS];
    if (seen->piece == hash && now < seen->until_us)
        return false;
    *seen = (struct seen){hash, now + SEEN_FOR_US};
    return true;
}

void ahead_of(struct jobs *j, const struct piece *p)
{
    if (p->kind != PIECE_SEGMENT && p->kind != PIECE_TS)
        return;
    scoped(piece) struct piece at = {0};
    piece_copy(p, &at);
    for (int i = 0; i < j->options.read_ahead; i++) {
        struct piece next;
        if (piece_next(&at, &next) != OK)
            return; // the end
        flight_ahead(j, &next, URGENCY_NEXT);
        piece_done(&at);
        at = next;
    }
}

static void make_ahead(struct jobs *j, const struct asset *a, uint32_t r,
                       enum piece_kind kind)
{
    scoped(piece) struct piece p = {0};
    if (piece_of_asset(a, r, kind, 0, &p) == OK)
        flight_ahead(j, &p, URGENCY_EDGE);
}

// What every player asks for first: the worker that probed has the file open.
void ahead_first_pieces(struct jobs *j, const struct asset *a)
{
    for (uint32_t r = 0; r < a->renditions; r++)
        if (!a->rendition[r].is_standby)
            make_ahead(j, a, r, PIECE_INIT);
    scoped(show) struct show *s = show_of_asset(a);
    int32_t video = show_server(s, 0, show_first_video(s))->own;
    int first[] = {asset_main_audio(a), s->videos > 0 ? video : -1};
    for (int i = 0; i < 2; i++)
        if (first[i] >= 0)
            make_ahead(j, a, (uint32_t)first[i], PIECE_SEGMENT);
}
