// SPDX-License-Identifier: MIT
// plan.c - asks a plan: times, segments, audio packets; checks one.
#include "reeld/model/plan.h"

#include <assert.h>
#include <stdlib.h>

#include "reeld/base/mem.h"

enum { MICROSECONDS = 1000000 };

void plan_free(struct plan *p)
{
    if (!p)
        return;
    free(p->gop_border);
    free(p->gop_entry);
    free(p->segment_gop);
    free(p->run);
    free(p->gop_run);
    free(p);
}

// Ticks of a source time, counted from the source's own zero.
static int64_t source_ticks(const struct plan *p, int64_t pts)
{
    return scale_round(pts, p->source_timebase.num * (int64_t)p->timescale,
                       p->source_timebase.den);
}

int64_t plan_ticks(const struct plan *p, int64_t pts)
{
    return source_ticks(p, pts) - source_ticks(p, p->origin_pts);
}

uint32_t plan_pick_timescale(struct rational timebase)
{
    const int64_t fallback = 90000, fine = 10000, least = 1000, most = 1000000;
    int64_t scale = rational_reduce(timebase).den;
    if (scale > most || scale < 1)
        return (uint32_t)fallback;
    if (scale < least)
        while (scale < fine)
            scale *= 2;
    return (uint32_t)scale;
}

int64_t plan_duration_us(const struct plan *p)
{
    return scale_round(p->gop_border[p->gops], MICROSECONDS, p->timescale);
}

int64_t plan_segment_from(const struct plan *p, uint32_t segment)
{
    assert(segment < p->segments);
    return p->gop_border[p->segment_gop[segment]];
}

int64_t plan_segment_to(const struct plan *p, uint32_t segment)
{
    assert(segment < p->segments);
    return p->gop_border[p->segment_gop[segment + 1]];
}

int64_t plan_longest_segment(const struct plan *p)
{
    int64_t longest = 0;
    for (uint32_t i = 0; i < p->segments; i++)
        longest =
            max_i64(longest, plan_segment_to(p, i) - plan_segment_from(p, i));
    return longest;
}

int64_t plan_packet_at(const struct plan *p, const struct plan_audio *a,
                       int64_t ticks)
{
    int64_t sample = scale_floor(ticks, a->rate, p->timescale);
    int64_t packet = scale_floor(sample - a->grid_origin, 1, AAC_FRAME_SAMPLES);
    return clamp_i64(packet, 0, a->packets);
}

void plan_audio_range(const struct plan *p, uint32_t a, uint32_t segment,
                      int64_t *ret_first, int64_t *ret_count)
{
    assert(a < p->audios);
    const struct plan_audio *audio = &p->audio[a];
    int64_t first = plan_packet_at(p, audio, plan_segment_from(p, segment));
    int64_t end = segment + 1 == p->segments
                      ? audio->packets
                      : plan_packet_at(p, audio, plan_segment_to(p, segment));
    *ret_first = first;
    *ret_count = end - first;
}

uint32_t plan_segment_at(const struct plan *p, int64_t ticks)
{
    uint32_t low = 0, high = p->segments - 1;
    while (low < high) {
        uint32_t middle = high - (high - low) / 2;
        if (plan_segment_from(p, middle) <= ticks)
            low = middle;
        else
            high = middle - 1;
    }
    return low;
}

uint32_t plan_gop_at(const struct plan *p, int64_t ticks)
{
    uint32_t low = 0, high = p->gops - 1;
    while (low < high) {
        uint32_t middle = high - (high - low) / 2;
        if (p->gop_border[middle] <= ticks)
            low = middle;
        else
            high = middle - 1;
    }
    return low;
}

int64_t plan_frame_from(const struct plan *p, int64_t ticks)
{
    int64_t end = p->gop_border[p->gops];
    if (ticks <= 0 || ticks >= end)
        return ticks <= 0 ? 0 : end;
    if (p->video_track < 0) {
        int64_t origin = p->audio[0].grid_origin;
        int64_t packet = scale_ceil(ticks - origin, 1, AAC_FRAME_SAMPLES);
        return min_i64(end, origin + packet * AAC_FRAME_SAMPLES);
    }
    uint32_t gop = plan_gop_at(p, ticks);
    int64_t at = p->gop_border[gop];
    for (uint32_t r = p->gop_run[gop]; r < p->gop_run[gop + 1]; r++) {
        const struct plan_run *run = &p->run[r];
        int64_t steps = scale_ceil(max_i64(ticks - at, 0), 1, run->step);
        if (steps < run->count)
            return at + steps * run->step;
        at += run->step * run->count;
        if (at >= ticks)
            return at;
    }
    return p->gop_border[gop + 1];
}

// The first tick that is not before `us`. A time is told to half a microsecond:
// that of a picture is the picture's, wherever between two of them it lies.
static int64_t tick_at(const struct plan *p, int64_t us)
{
    int64_t half = 2 * min_i64(us, PLAN_TICKS_MAX) - 1;
    return scale_ceil(half, p->timescale, INT64_C(2) * MICROSECONDS);
}

enum err plan_range(const struct plan *p, int64_t start_us, int64_t end_us,
                    int64_t *ret_from, int64_t *ret_to)
{
    if (start_us < 0)
        return fail(ERR_BAD_INPUT, "start is negative");
    if (end_us <= start_us)
        return fail(ERR_BAD_INPUT, "end is not after start");
    int64_t end = p->gop_border[p->gops];
    int64_t from = tick_at(p, start_us);
    int64_t to = min_i64(end, tick_at(p, end_us));
    if (from >= end)
        return fail(ERR_BAD_INPUT, "start is past the end of the asset");
    from = plan_frame_from(p, from);
    to = plan_frame_from(p, to);
    if (from >= to)
        return fail(ERR_BAD_INPUT, "no %s in the range",
                    p->video_track < 0 ? "packet of sound begins"
                                       : "picture lies");
    *ret_from = from;
    *ret_to = to;
    return OK;
}

int64_t plan_frame_at(const struct plan *p, int64_t ticks)
{
    int64_t within = clamp_i64(ticks, 0, p->gop_border[p->gops] - 1);
    if (p->video_track < 0)
        return within;
    uint32_t gop = plan_gop_at(p, within);
    int64_t at = p->gop_border[gop];
    for (uint32_t r = p->gop_run[gop]; r < p->gop_run[gop + 1]; r++) {
        const struct plan_run *run = &p->run[r];
        int64_t steps = (within - at) / run->step;
        if (steps < run->count)
            return at + steps * run->step;
        at += run->step * run->count;
    }
    return p->gop_border[gop]; // runs fill their GOP: not reached
}

static bool is_time(int64_t ticks)
{
    return ticks >= -PLAN_SOURCE_TIME_MAX && ticks <= PLAN_SOURCE_TIME_MAX;
}

static enum err check_borders(const struct plan *p)
{
    if (p->gops < 1 || p->gops > PLAN_GOPS_MAX)
        return fail(ERR_BAD_INPUT, "plan: %u gops", p->gops);
    if (p->segments < 1 || p->segments > p->gops)
        return fail(ERR_BAD_INPUT, "plan: %u segments", p->segments);
    if (!p->gop_border || !p->gop_entry || !p->segment_gop)
        return fail(ERR_BAD_INPUT, "plan: a part is missing");
    if (p->gop_border[0] != 0)
        return fail(ERR_BAD_INPUT, "plan: the first border is not zero");
    for (uint32_t i = 0; i < p->gops; i++) {
        if (p->gop_border[i + 1] <= p->gop_border[i])
            return fail(ERR_BAD_INPUT, "plan: border %u does not rise", i + 1);
        if (p->gop_entry[i].position < -1 || !is_time(p->gop_entry[i].dts))
            return fail(ERR_BAD_INPUT, "plan: entry %u lies nowhere", i);
    }
    if (p->gop_border[p->gops] > PLAN_TICKS_MAX)
        return fail(ERR_BAD_INPUT, "plan: it ends too late");
    if (p->segment_gop[0] != 0 || p->segment_gop[p->segments] != p->gops)
        return fail(ERR_BAD_INPUT, "plan: segments do not cover the gops");
    for (uint32_t i = 0; i < p->segments; i++) {
        uint32_t from = p->segment_gop[i], to = p->segment_gop[i + 1];
        if (to <= from || to - from > PLAN_SEGMENT_GOPS_MAX)
            return fail(ERR_BAD_INPUT, "plan: segment %u is no segment", i);
        if (p->gop_border[to] - p->gop_border[from] >
            (int64_t)PLAN_SEGMENT_SECONDS_MAX * p->timescale)
            return fail(ERR_BAD_INPUT, "plan: segment %u never ends", i);
    }
    return OK;
}

static enum err check_audio(const struct plan *p)
{
    const uint32_t rate_least = 8000, rate_most = 192000;
    if (p->audios > TRACKS_MAX)
        return fail(ERR_BAD_INPUT, "plan: %u audio tracks", p->audios);
    for (uint32_t i = 0; i < p->audios; i++) {
        const struct plan_audio *a = &p->audio[i];
        if (a->track < 0 || a->track >= TRACKS_MAX)
            return fail(ERR_BAD_INPUT, "plan: audio of track %d", a->track);
        if (a->rate < rate_least || a->rate > rate_most)
            return fail(ERR_BAD_INPUT, "plan: an audio rate of %u", a->rate);
        if (a->grid_origin < 0 || a->grid_origin >= AAC_FRAME_SAMPLES)
            return fail(ERR_BAD_INPUT, "plan: a grid from %d", a->grid_origin);
        if (a->packets < 1 || a->packets > PLAN_TICKS_MAX / AAC_FRAME_SAMPLES)
            return fail(ERR_BAD_INPUT, "plan: an impossible packet count");
    }
    if (p->video_track < 0 &&
        (p->audios == 0 || p->audio[0].rate != p->timescale))
        return fail(ERR_BAD_INPUT, "plan: nothing to play");
    return OK;
}

// The runs of each GOP fill it exactly.
static enum err check_runs(const struct plan *p)
{
    if (p->video_track < 0)
        return p->runs == 0 ? OK : fail(ERR_BAD_INPUT, "plan: needless runs");
    if (p->runs > PLAN_RUNS_MAX || !p->run || !p->gop_run ||
        p->gop_run[0] != 0 || p->gop_run[p->gops] != p->runs)
        return fail(ERR_BAD_INPUT, "plan: %u runs", p->runs);
    for (uint32_t g = 0; g < p->gops; g++) {
        int64_t at = p->gop_border[g];
        if (p->gop_run[g + 1] <= p->gop_run[g] || p->gop_run[g + 1] > p->runs)
            return fail(ERR_BAD_INPUT, "plan: gop %u has no pictures", g);
        for (uint32_t r = p->gop_run[g]; r < p->gop_run[g + 1]; r++) {
            int64_t length;
            if (p->run[r].step < 1 || p->run[r].count < 1 ||
                mul_overflows(p->run[r].step, (int64_t)p->run[r].count,
                              &length) ||
                add_overflows(at, length, &at) || at > p->gop_border[g + 1])
                return fail(ERR_BAD_INPUT, "plan: run %u is no run", r);
        }
        if (at != p->gop_border[g + 1])
            return fail(ERR_BAD_INPUT, "plan: the runs of gop %u end early", g);
    }
    return OK;
}

enum err plan_check(const struct plan *p)
{
    if (p->timescale < 1 || p->timescale > PLAN_TIMESCALE_MAX)
        return fail(ERR_BAD_INPUT, "plan: a timescale of %u", p->timescale);
    if (p->video_track < -1 || p->video_track >= TRACKS_MAX)
        return fail(ERR_BAD_INPUT, "plan: video of track %d", p->video_track);
    if (p->source_timebase.num < 1 || p->source_timebase.num > INT32_MAX ||
        p->source_timebase.den < 1 || p->source_timebase.den > INT32_MAX)
        return fail(ERR_BAD_INPUT, "plan: an impossible time base");
    if (!is_time(p->origin_pts) || !is_time(p->first_pts) ||
        p->first_pts < p->origin_pts)
        return fail(ERR_BAD_INPUT, "plan: an impossible beginning");
    if (p->jumps > PLAN_JUMPS_MAX)
        return fail(ERR_BAD_INPUT, "plan: %u jumps", p->jumps);
    for (uint32_t i = 0; i < p->jumps; i++) {
        int64_t before = i ? p->jump[i - 1].position : -1;
        if (p->jump[i].position <= before || !is_time(p->jump[i].shift))
            return fail(ERR_BAD_INPUT, "plan: jump %u is no jump", i);
    }
    TRY(check_borders(p));
    TRY(check_runs(p));
    return check_audio(p);
}
