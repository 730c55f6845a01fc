// SPDX-License-Identifier: MIT
// probe.c - from an upload to its tracks and its plan.
#include "probe.h"

#include <stdio.h>
#include <string.h>

#include "boxes.h"
#include "probe_lay.h"
#include "reeld/base/fd.h"
#include "reeld/base/mem.h"
#include "source.h"

enum {
    FEW = 10, // a video with a tenth of another's pictures is a by-work
    HOUR_S = 3600,
    MICROSECONDS = 1000000,
    RATE_DEN_MAX = 100000,
    NAMES_BYTES = 160,
};

static void probe_done(struct probe *p)
{
    for (uint32_t i = 0; i < p->streams; i++) {
        struct probe_stream *s = &p->stream[i];
        avcodec_free_context(&s->decoder);
        av_frame_free(&s->first);
        free(s->packet);
        buf_done(&s->sets.known);
    }
    input_close(p->in);
    plan_free(p->plan);
}
static void scoped_release_probe(struct probe **held)
{
    if (*held)
        probe_done(*held);
    free(*held);
}

static bool is_default(const struct probe *p, const struct probe_stream *s)
{
    return input_stream(p->in, s->index)->disposition & AV_DISPOSITION_DEFAULT;
}

// Sound of another program than the picture's does not belong to it.
static bool belongs(const struct probe_stream *sound,
                    const struct probe_stream *video)
{
    return video->programs == 0 || sound->programs == 0 ||
           (sound->programs & video->programs);
}

static bool has_company(const struct probe *p, const struct probe_stream *video)
{
    for (uint32_t i = 0; i < p->streams; i++)
        if (probe_is_sound(&p->stream[i]) && belongs(&p->stream[i], video))
            return true;
    return false;
}

static bool is_better(const struct probe *p, const struct probe_stream *a,
                      const struct probe_stream *b)
{
    if (is_default(p, a) != is_default(p, b))
        return is_default(p, a);
    if (has_company(p, a) != has_company(p, b))
        return has_company(p, a);
    int64_t pixels_a = (int64_t)a->first->width * a->first->height;
    int64_t pixels_b = (int64_t)b->first->width * b->first->height;
    return pixels_a != pixels_b ? pixels_a > pixels_b : a->packets > b->packets;
}

static struct probe_stream *choose(struct probe *p)
{
    size_t most = 0;
    for (uint32_t i = 0; i < p->streams; i++)
        if (p->stream[i].is_video && p->stream[i].packets > most)
            most = p->stream[i].packets;
    struct probe_stream *found = NULL;
    for (uint32_t i = 0; i < p->streams; i++) {
        struct probe_stream *s = &p->stream[i];
        if (!s->is_video || s->packets == 0 || s->packets < most / FEW)
            continue;
        if (!found || is_better(p, s, found))
            found = s;
    }
    for (uint32_t i = 0; i < p->streams && found; i++)
        p->stream[i].is_audio &= belongs(&p->stream[i], found);
    return found;
}

static enum err check_duration(const struct probe *p, int64_t end_ticks)
{
    int64_t us = scale_round(end_ticks, MICROSECONDS, p->plan->timescale);
    int64_t most = p->ask->limits.max_duration_us;
    if (us > most)
        return fail(ERR_TOO_LARGE,
                    "it lasts %lld s, more than the %lld s "
                    "that are allowed",
                    (long long)(us / MICROSECONDS),
                    (long long)(most / MICROSECONDS));
    return OK;
}

// The mean over the track, or the usual rate that it can hardly be told from.
static struct rational rate_of(size_t frames, int64_t ticks, int64_t timescale)
{
    static const struct rational usual[] = {
        {24000,  1001},
        {24,     1   },
        {25,     1   },
        {30000,  1001},
        {30,     1   },
        {48,     1   },
        {50,     1   },
        {60,     1   },
        {60000,  1001},
        {15,     1   },
        {10,     1   },
        {12,     1   },
        {90,     1   },
        {120000, 1001},
        {120,    1   },
    };
    const int64_t parts = 2000; // half a thousandth
    int64_t num = (int64_t)frames * timescale;
    for (size_t i = 0; i < sizeof usual / sizeof *usual; i++) {
        int64_t due = scale_round(usual[i].num, ticks, usual[i].den);
        int64_t off = num > due ? num - due : due - num;
        if (off <= num / parts)
            return usual[i];
    }
    int reduced_num, reduced_den;
    av_reduce(&reduced_num, &reduced_den, num, ticks, RATE_DEN_MAX);
    if (reduced_num < 1 || reduced_den < 1)
        return (struct rational){1, 1};
    return (struct rational){reduced_num, reduced_den};
}

static enum err check_rate(struct probe *p, const struct probe_frames *f)
{
    // A first picture that is held says nothing about the rate.
    int64_t scale = p->plan->timescale;
    int64_t ticks = f->end_ticks - plan_ticks(p->plan, p->plan->first_pts);
    p->frame_rate = rate_of(f->shown, max_i64(ticks, 1), scale);
    // Less than a second costs no more than a second.
    int64_t most = scale_floor(max_i64(ticks, scale),
                               p->ask->limits.max_frame_rate, scale);
    if ((int64_t)f->shown > most)
        return fail(ERR_TOO_LARGE, "more than %d pictures a second",
                    p->ask->limits.max_frame_rate);
    return OK;
}

// Media zero: the first picture, or the sound's beginning where it leads by
// more than half a second; then the first picture is held from there on.
static void place_zero(struct probe *p, const AVStream *s, int64_t first)
{
    AVRational tb = s->time_base;
    p->plan->first_pts = p->plan->origin_pts = first;
    int64_t sound;
    if (!probe_sound_start(p, tb, &sound) || sound >= first)
        return;
    if (scale_floor(first - sound, 2 * (int64_t)tb.num, tb.den) >= 1)
        p->plan->origin_pts = sound;
}

static enum err lay_video(struct probe *p, struct probe_stream *video)
{
    struct plan *plan = p->plan;
    const AVStream *s = input_stream(p->in, video->index);
    plan->video_track = video->track;
    plan->source_timebase =
        (struct rational){s->time_base.num, s->time_base.den};
    plan->timescale = plan_pick_timescale(plan->source_timebase);
    plan->seeks_by_byte = input_seeks_by_byte(p->in);
    int64_t first = 0;
    TRY(probe_first_pts(video, &first));
    place_zero(p, s, first);
    scoped(probe_frames) struct probe_frames frames = {0};
    TRY(probe_order(p, video, &frames));
    TRY(check_duration(p, frames.end_ticks));
    TRY(check_rate(p, &frames));
    bool may_copy = frames.is_plain && probe_may_copy(p, video);
    TRY(plan_lay_video(plan, &p->ask->wish, frames.frame, frames.count,
                       frames.end_ticks, may_copy));
    probe_lay_sound(p, frames.end_ticks);
    if (plan->is_video_copied)
        p->out->copied_peak_bps = probe_peak_bps(plan, video);
    plan->takes_edges = plan->is_video_copied && probe_takes_edges(p, video);
    return OK;
}

static enum err lay(struct probe *p, struct probe_stream *video)
{
    if (video)
        return lay_video(p, video);
    p->plan->video_track = -1;
    TRY(probe_lay_sound_alone(p));
    return check_duration(p, p->plan->gop_border[p->plan->gops]);
}

// "found vvc1, aac": what there is when nothing can be played.
static enum err nothing_playable(const struct probe *p)
{
    char names[NAMES_BYTES] = "";
    size_t len = 0;
    for (uint32_t i = 0; i < p->out->tracks; i++) {
        const struct track *t = &p->out->track[i];
        int more = snprintf(names + len, sizeof names - len, "%s%s",
                            i ? ", " : "", t->codec);
        if (more < 0 || (size_t)more >= sizeof names - len)
            break;
        len += (size_t)more;
    }
    return fail(ERR_UNSUPPORTED,
                "no video or audio stream could be decoded: found %s",
                len > 0 ? names : "none");
}

// Without a picture that can be played: the sound alone will do, unless there
// is a video that its owner would miss.
static enum err check_sound_alone(const struct probe *p)
{
    bool has_sound = false;
    if (input_is_picture(p->in))
        return fail(ERR_UNSUPPORTED,
                    "an image that cannot be read: it is damaged, moves, or "
                    "has more than %lld pixels",
                    (long long)p->ask->limits.max_pixels);
    for (uint32_t i = 0; i < p->streams; i++)
        has_sound |= probe_is_sound(&p->stream[i]);
    if (!has_sound)
        return nothing_playable(p);
    for (uint32_t i = 0; i < p->streams; i++) {
        const struct probe_stream *s = &p->stream[i];
        if (s->track < 0 || p->out->track[s->track].kind != TRACK_VIDEO)
            continue;
        if (s->is_missed)
            return fail(ERR_UNSUPPORTED,
                        "no picture of its video (%s) could be decoded",
                        p->out->track[s->track].codec);
    }
    return OK;
}

static void tell_container(struct probe *p)
{
    struct str name = str_of(input_format(p->in)->iformat->name);
    struct str first = str_cut(&name, ',');
    if (str_eq(first, STR("mov")) &&
        strcmp(input_boxes(p->in)->brand, "qt  ") != 0)
        first = STR("mp4");
    str_copy(p->out->container, sizeof p->out->container, first);
}

static enum err write_plan(struct probe *p, int plan_fd)
{
    TRY(plan_check(p->plan));
    scoped(buf) struct buf packed;
    buf_init(&packed, PLAN_PACKED_BYTES_MAX);
    plan_pack(p->plan, &packed);
    TRY(buf_end(&packed));
    TRY(fd_write_all(plan_fd, packed.bytes, packed.len));
    p->out->plan_bytes = (int64_t)packed.len;
    return OK;
}

// A GIF that moves is a film like others.
static bool is_image(const struct probe *p, const struct probe_stream *video)
{
    bool is_gif = strcmp(input_format(p->in)->iformat->name, "gif") == 0;
    return input_is_picture(p->in) || (is_gif && video->packets == 1);
}

static enum err probe_all(struct probe *p, int plan_fd)
{
    TRY(input_open(p->fd, &p->ask->limits, &p->in));
    p->plan = NEW(struct plan);
    tell_container(p);
    TRY(probe_look(p));
    TRY(probe_walk(p));
    probe_list(p);
    struct probe_stream *video = choose(p);
    if (!video)
        TRY(check_sound_alone(p));
    p->out->is_image = video && is_image(p, video);
    TRY(lay(p, video));
    probe_tell(p, video);
    for (uint32_t i = 0; i < p->out->tracks; i++)
        TRY(track_check(&p->out->track[i]));
    return write_plan(p, plan_fd);
}

static const char *code_of(enum err result)
{
    switch (result) {
    case ERR_TOO_LARGE:
        return "limits_exceeded";
    case ERR_UNSUPPORTED:
    case ERR_BAD_INPUT:
        return "unsupported_media";
    default:
        return "media_error";
    }
}

void media_probe(struct media_source *source, const struct wire_probe *ask,
                 int plan_fd, struct wire_probed *ret)
{
    *ret = (struct wire_probed){0};
    scoped(probe) struct probe *p = NEW(struct probe);
    p->fd = source->fd;
    p->ask = ask;
    p->out = ret;
    enum err e = probe_all(p, plan_fd);
    if (e == OK)
        return;
    char detail[WIRE_TEXT_BYTES];
    str_copy(detail, sizeof detail, str_of(fail_text()));
    *ret = (struct wire_probed){.result = e};
    str_copy(ret->code, sizeof ret->code, str_of(code_of(e)));
    str_copy(ret->detail, sizeof ret->detail, str_of(detail));
}
