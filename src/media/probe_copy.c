// SPDX-License-Identifier: MIT
// probe_copy.c - may H.264 of the source be played as it is, and encoded
// pictures beside it?
#include "probe_lay.h"

#include <libavutil/pixdesc.h>

#include "colour.h"
#include "nal.h"

enum { LEVEL_MAX = 51, SPS_HEAD_BYTES = 4 };

static bool is_plain_profile(const uint8_t *sps)
{
    const unsigned baseline = 66, main = 77, high = 100, constrained = 0x40;
    // Baseline without constraint_set1 may order slices at will (A.2.1), which
    // players do not decode.
    return sps[1] == main || sps[1] == high ||
           (sps[1] == baseline && (sps[2] & constrained));
}

static bool is_plain_picture(const AVFrame *f)
{
    bool is_420 =
        f->format == AV_PIX_FMT_YUV420P || f->format == AV_PIX_FMT_YUVJ420P;
    return is_420 && !f->interlaced_frame && f->width % 2 == 0 &&
           f->height % 2 == 0;
}

bool probe_may_copy(const struct probe *p, const struct probe_stream *v)
{
    const AVStream *s = input_stream(p->in, v->index);
    const AVCodecParameters *c = s->codecpar;
    if (!p->ask->copy_source || c->codec_id != AV_CODEC_ID_H264 ||
        v->is_damaged || v->sets.has_changed || !is_plain_picture(v->first))
        return false;
    struct track t = {0};
    probe_tell_picture(p, v, &t);
    // The init carries no matrix and no sample aspect.
    if (t.rotation != 0 || t.is_mirrored || t.is_interlaced ||
        t.sample_aspect.num != t.sample_aspect.den)
        return false;
    uint8_t sps[SPS_HEAD_BYTES];
    return probe_find_sps(c, sps) && is_plain_profile(sps) &&
           sps[3] <= LEVEL_MAX;
}

static bool has_our_set_id(const AVCodecParameters *c)
{
    scoped(buf) struct buf sets;
    probe_read_sets(c, &sets);
    return sets.is_over ||
           nal_has_set_id(nal_walk_over(sets.bytes, sets.len, 0),
                          RECIPE_SET_ID);
}

bool probe_takes_edges(const struct probe *p, const struct probe_stream *v)
{
    struct track t = {0};
    probe_tell_picture(p, v, &t);
    const struct recipe r = {.transfer = t.transfer,
                             .is_full_range = t.is_full_range};
    struct colour colour = colour_of(v->first, &r);
    return colour_is_ours(&colour) &&
           !has_our_set_id(input_stream(p->in, v->index)->codecpar);
}
