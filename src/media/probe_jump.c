// SPDX-License-Identifier: MIT
// probe_jump.c - finds where the clock of a transport stream jumps.
//
// A packet that lies far from where its stream was due begins a new clock: all
// that stands behind it in the file is shifted so that the stream goes on
// without a gap, and others keep their distance to it. Packets come out of the
// demuxer when they are complete, a large picture later than the sound behind
// it: so a jump may be found at a packet that is not the first of the new
// clock, and is moved forward then.
#include "probe_jump.h"

enum {
    CLOCK = 90000,
    FORWARD_MAX = 10 * CLOCK,
    BACK_MAX = 1 * CLOCK,
};

static bool is_jump(int64_t delta)
{
    return delta > FORWARD_MAX || delta < -BACK_MAX;
}

static int64_t shift_at(const struct plan *p, int64_t position)
{
    int64_t shift = 0;
    for (uint32_t i = 0; i < p->jumps && p->jump[i].position <= position; i++)
        shift = p->jump[i].shift;
    return shift;
}

static enum err find(struct plan *p, int64_t position, int64_t time,
                     int64_t due)
{
    int64_t shift = shift_at(p, position);
    if (!is_jump(time + shift - due))
        return OK;
    struct plan_jump *last = p->jumps ? &p->jump[p->jumps - 1] : NULL;
    if (last && position < last->position) {
        if (!is_jump(time + last->shift - due) &&
            (p->jumps < 2 || p->jump[p->jumps - 2].position < position))
            last->position = position;
        return OK;
    }
    if (last && position == last->position)
        return OK;
    if (p->jumps == PLAN_JUMPS_MAX)
        return fail(ERR_TOO_LARGE, "its clock jumps more than %d times",
                    PLAN_JUMPS_MAX);
    p->jump[p->jumps++] = (struct plan_jump){position, due - time};
    return OK;
}

enum err jump_watch_note(struct jump_watch *w, const AVStream *s,
                         AVPacket *packet)
{
    const AVRational clock = {1, CLOCK};
    int i = s->index;
    if (packet->pos >= 0)
        w->stream[i].position = packet->pos;
    int64_t position = w->stream[i].position;
    int64_t time = av_rescale_q(packet->dts, s->time_base, clock);
    if (w->stream[i].is_known)
        TRY(find(w->plan, position, time, w->stream[i].next));
    int64_t shift = shift_at(w->plan, position);
    int64_t own = av_rescale_q(shift, clock, s->time_base);
    packet->pts += own;
    packet->dts += own;
    w->stream[i].is_known = true;
    w->stream[i].next =
        time + shift + av_rescale_q(packet->duration, s->time_base, clock);
    return OK;
}
