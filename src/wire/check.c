// SPDX-License-Identifier: MIT
// check.c - every number of a message in bounds, every text terminated.
#include <string.h>

#include "reeld/base/str.h"
#include "reeld/wire.h"

enum {
    PIXELS_MAX = 1 << 28,
    FRAME_RATE_MAX = 1000,
    STREAMS_MAX = 1024,
    TIMESCALE_MAX = 1000000000,
    SOUND_RATE_MAX = 192000,
    MP3_BPS_MAX = 320000,
};
static const int64_t DURATION_US_MAX = INT64_C(1000) * 3600 * 1000000;
static const int64_t WISH_US_MAX = INT64_C(3600) * 1000000;
static const int64_t BITS_A_SECOND_MAX = INT64_C(100000000000);
// Far from overflow when a few of them are added up.
static const int64_t TICKS_MAX = INT64_MAX / 8;

static enum err check(bool is_good, const char *what)
{
    return is_good ? OK : fail(ERR_BAD_INPUT, "wire: %s is out of range", what);
}

static enum err check_range(int64_t value, int64_t least, int64_t most,
                            const char *what)
{
    return check(value >= least && value <= most, what);
}

// A bool off the wire may hold any byte, and reading such a one as a bool is
// undefined: look at the byte.
static enum err check_bool(const bool *value, const char *what)
{
    uint8_t raw;
    memcpy(&raw, value, sizeof raw);
    return check(raw <= 1, what);
}

static enum err check_text(const char *text, size_t bytes, const char *what)
{
    size_t len = strnlen(text, bytes);
    return check(len < bytes && str_is_printable((struct str){text, len}),
                 what);
}

static enum err check_rational(struct rational r, const char *what)
{
    TRY(check_range(r.num, 1, INT32_MAX, what));
    return check_range(r.den, 1, INT32_MAX, what);
}

static enum err check_result(const enum err *result, const char *detail)
{
    TRY(check((unsigned)*result < ERRS, "result"));
    return check_text(detail, WIRE_TEXT_BYTES, "detail");
}

static enum err check_hello(const struct wire_hello *h)
{
    if (h->version != WIRE_VERSION)
        return fail(ERR_BAD_INPUT, "wire: version %u, not %u", h->version,
                    WIRE_VERSION);
    TRY(check_bool(&h->has_seccomp, "has_seccomp"));
    TRY(check_bool(&h->has_landlock, "has_landlock"));
    TRY(check_text(h->build, sizeof h->build, "build"));
    return check(h->build[0] != '\0', "build");
}

static enum err check_limits(const struct wire_limits *l)
{
    TRY(check_range(l->max_pixels, 1, PIXELS_MAX, "max_pixels"));
    TRY(check_range(l->max_duration_us, 1, DURATION_US_MAX, "max_duration_us"));
    TRY(check_range(l->max_frame_rate, 1, FRAME_RATE_MAX, "max_frame_rate"));
    return check_range(l->max_streams, 1, STREAMS_MAX, "max_streams");
}

static enum err check_probe(const struct wire_probe *p)
{
    TRY(check_limits(&p->limits));
    const struct plan_wish *w = &p->wish;
    TRY(check_range(w->segment_us, 1, WISH_US_MAX, "segment_us"));
    TRY(check_range(w->segment_max_us, 1, WISH_US_MAX, "segment_max_us"));
    TRY(check_range(w->gop_us, 1, WISH_US_MAX, "gop_us"));
    size_t room = sizeof w->bootstrap_us / sizeof *w->bootstrap_us;
    TRY(check(w->bootstraps <= room, "bootstraps"));
    for (uint32_t i = 0; i < w->bootstraps; i++)
        TRY(check_range(w->bootstrap_us[i], 1, WISH_US_MAX, "bootstrap_us"));
    return check_bool(&p->copy_source, "copy_source");
}

static enum err check_track(const struct track *t)
{
    TRY(check_bool(&t->is_default, "is_default"));
    TRY(check_bool(&t->is_playable, "is_playable"));
    TRY(check_bool(&t->is_mirrored, "is_mirrored"));
    TRY(check_bool(&t->is_interlaced, "is_interlaced"));
    TRY(check_bool(&t->is_full_range, "is_full_range"));
    TRY(check_bool(&t->is_copyable, "is_copyable"));
    return track_check(t);
}

static bool is_refusal(const char *code)
{
    static const char *const codes[] = {"unsupported_media", "limits_exceeded",
                                        "media_error"};
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        if (strcmp(code, codes[i]) == 0)
            return true;
    return false;
}

static enum err check_probed(const struct wire_probed *p)
{
    TRY(check_result(&p->result, p->detail));
    TRY(check_text(p->code, sizeof p->code, "code"));
    if (p->result != OK)
        return check(is_refusal(p->code), "code");
    TRY(check_text(p->container, sizeof p->container, "container"));
    TRY(check(p->tracks >= 1 && p->tracks <= TRACKS_MAX, "tracks"));
    TRY(check_bool(&p->is_image, "is_image"));
    for (uint32_t i = 0; i < p->tracks; i++)
        TRY(check_track(&p->track[i]));
    TRY(check_range(p->copied_peak_bps, 0, BITS_A_SECOND_MAX,
                    "copied_peak_bps"));
    return check_range(p->plan_bytes, 1, PLAN_PACKED_BYTES_MAX, "plan_bytes");
}

static enum err check_clock(const struct wire_make *m)
{
    TRY(check_range(m->timescale, 1, TIMESCALE_MAX, "timescale"));
    TRY(check_rational(m->source_timebase, "source_timebase"));
    TRY(check_range(m->origin_pts, -TICKS_MAX, TICKS_MAX, "origin_pts"));
    TRY(check_range(m->first_pts, -TICKS_MAX, TICKS_MAX, "first_pts"));
    TRY(check_bool(&m->seeks_by_byte, "seeks_by_byte"));
    TRY(check(m->jumps <= PLAN_JUMPS_MAX, "jumps"));
    for (uint32_t i = 0; i < m->jumps; i++) {
        TRY(check_range(m->jump[i].position, 0, TICKS_MAX, "jump"));
        TRY(check_range(m->jump[i].shift, -TICKS_MAX, TICKS_MAX, "jump"));
    }
    TRY(check_range(m->plan_end, 1, TICKS_MAX, "plan_end"));
    return check_range(m->audio_end, 0, TICKS_MAX, "audio_end");
}

static enum err check_range_of(const struct wire_make *m)
{
    bool is_audio = m->output[0].recipe.kind == TRACK_AUDIO;
    TRY(check(m->borders <= WIRE_BORDERS_MAX, "borders"));
    if (m->borders == 0)
        return OK;
    TRY(check(m->borders == 2 || (m->borders > 2 && !is_audio), "borders"));
    int64_t end = is_audio ? m->audio_end : m->plan_end;
    // A very short segment may have no packet of sound of its own.
    int64_t least = is_audio ? 0 : 1;
    TRY(check(m->border[0] >= 0, "border"));
    for (uint32_t i = 0; i + 1 < m->borders; i++) {
        TRY(check_range(m->border[i + 1], 0, end, "border"));
        TRY(check(m->border[i + 1] - m->border[i] >= least, "border"));
        TRY(check_range(m->entry[i].dts, -TICKS_MAX, TICKS_MAX, "entry"));
        TRY(check_range(m->entry[i].position, -1, TICKS_MAX, "entry"));
    }
    return OK;
}

// It has the request for itself, and a sheet no more borders than tiles.
static enum err check_image(const struct wire_make *m, const struct recipe *r)
{
    bool is_sheet = r->image.form == IMAGE_SHEET;
    uint32_t tiles = (uint32_t)(r->image.columns * r->image.rows);
    TRY(check(m->outputs == 1, "outputs"));
    return check(m->borders >= 2 && m->borders <= (is_sheet ? tiles + 1 : 2),
                 "borders of an image");
}

static enum err check_output(const struct wire_make *m,
                             const struct wire_output *o)
{
    const struct recipe *r = &o->recipe;
    TRY(check_bool(&r->deinterlace, "deinterlace"));
    TRY(check_bool(&r->is_mirrored, "is_mirrored"));
    TRY(check_bool(&r->is_full_range, "is_full_range"));
    TRY(recipe_check(r));
    TRY(check(r->kind == m->output[0].recipe.kind, "kind of output"));
    TRY(check((r->mode == RECIPE_IMAGE) == (o->kind == PIECE_IMAGE),
              "mode of output"));
    switch (o->kind) {
    case PIECE_INIT:
        return OK;
    case PIECE_SEGMENT:
        return check(m->borders == 2 ||
                         (m->borders > 2 && r->mode == RECIPE_ENCODE),
                     "borders of a segment");
    case PIECE_IFRAME:
        return check(m->borders == 2 && r->kind == TRACK_VIDEO,
                     "borders of an I-frame");
    case PIECE_IMAGE:
        return check_image(m, r);
    case PIECE_TS:
    case PIECE_EDGE:
    case PIECE_DOWNLOAD:
    case PIECE_KINDS:
        break;
    }
    return fail(ERR_BAD_INPUT, "wire: kind of output is out of range");
}

static enum err check_make(const struct wire_make *m)
{
    TRY(check_range(m->threads, 1, WIRE_THREADS_MAX, "threads"));
    TRY(check_bool(&m->has_source_fd, "has_source_fd"));
    TRY(check_limits(&m->limits));
    TRY(check_clock(m));
    TRY(check(m->outputs >= 1 && m->outputs <= WIRE_OUTPUTS_MAX, "outputs"));
    TRY(check_range_of(m));
    for (uint32_t i = 0; i < m->outputs; i++)
        TRY(check_output(m, &m->output[i]));
    return OK;
}

static enum err check_ts(const struct wire_ts *t)
{
    TRY(check_bool(&t->has_video, "has_video"));
    TRY(check_bool(&t->has_audio, "has_audio"));
    TRY(check(t->has_video || t->has_audio, "has_video"));
    TRY(check(t->segment < PLAN_GOPS_MAX, "segment"));
    int64_t video = t->has_video ? 1 : 0;
    int64_t audio = t->has_audio ? 1 : 0;
    TRY(check_range(t->video_timescale, video, TIMESCALE_MAX,
                    "video_timescale"));
    return check_range(t->audio_timescale, audio, TIMESCALE_MAX,
                       "audio_timescale");
}

// A track that is there has a clock and runs for some time.
static enum err check_track_clock(uint32_t timescale, int64_t ticks,
                                  int64_t most, const char *what)
{
    TRY(check_range(timescale, 0, most, what));
    return check_range(ticks, timescale > 0 ? 1 : 0,
                       timescale > 0 ? TICKS_MAX : 0, what);
}

static enum err check_file(const struct wire_file *f)
{
    TRY(check((unsigned)f->container < DOWNLOAD_CONTAINERS, "container"));
    TRY(check(f->parts >= 1 && f->parts <= DOWNLOAD_PARTS_MAX, "parts"));
    bool is_mp3 = f->container == DOWNLOAD_MP3;
    TRY(check_bool(&f->is_copied, "is_copied"));
    TRY(check(!f->is_copied || !is_mp3, "is_copied"));
    TRY(check_range(f->head_bytes, is_mp3 ? 0 : 1,
                    is_mp3 ? 0 : DOWNLOAD_HEAD_BYTES_MAX, "head_bytes"));
    TRY(check_range(f->file_bytes, f->head_bytes + 1, WIRE_FILE_BYTES_MAX,
                    "file_bytes"));
    TRY(check_track_clock(f->video_timescale, f->video_ticks,
                          DOWNLOAD_TIMESCALE_MAX, "video_timescale"));
    TRY(check_track_clock(f->sound_rate, f->sound_ticks, SOUND_RATE_MAX,
                          "sound_rate"));
    TRY(check(f->sound_rate > 0 || (f->video_timescale > 0 && !is_mp3),
              "sound_rate"));
    return check_range(f->mp3_bps, is_mp3 ? 1 : 0, is_mp3 ? MP3_BPS_MAX : 0,
                       "mp3_bps");
}

enum err wire_check_part(const struct wire_file *ask, const struct wire_part *p)
{
    TRY(check_range(p->offset, ask->head_bytes, ask->file_bytes, "offset"));
    TRY(check_range(p->bytes, 1,
                    min_i64(ask->file_bytes - p->offset, WIRE_PIECE_BYTES_MAX),
                    "bytes"));
    TRY(check(p->is_init <= 1 && p->is_sound <= 1, "kind of part"));
    TRY(check((p->is_sound ? ask->sound_rate : ask->video_timescale) > 0,
              "track of a part"));
    TRY(check_range(p->from, 0, PLAN_TICKS_MAX, "from"));
    return check_range(p->at, 0,
                       p->is_sound ? ask->sound_ticks : ask->video_ticks, "at");
}

static enum err check_made(const struct wire_made *m)
{
    TRY(check_result(&m->result, m->detail));
    TRY(check(m->outputs <= WIRE_OUTPUTS_MAX, "outputs"));
    for (uint32_t i = 0; i < m->outputs; i++)
        TRY(check_range(m->size_bytes[i], 0, WIRE_FILE_BYTES_MAX,
                        "size_bytes"));
    TRY(check_range(m->cpu_us, 0, TICKS_MAX, "cpu_us"));
    return check_range(m->frames, 0, TICKS_MAX, "frames");
}

enum err wire_check(const struct wire_message *m)
{
    switch (m->type) {
    case WIRE_HELLO:
        return check_hello(&m->hello);
    case WIRE_PROBE:
        return check_probe(&m->probe);
    case WIRE_PROBED:
        return check_probed(&m->probed);
    case WIRE_MAKE:
        return check_make(&m->make);
    case WIRE_TS:
        return check_ts(&m->ts);
    case WIRE_FILE:
        return check_file(&m->file);
    case WIRE_MADE:
        return check_made(&m->made);
    }
    return fail(ERR_BAD_INPUT, "wire: no message of type %u",
                (unsigned)m->type);
}

size_t wire_fd_count(const struct wire_message *m)
{
    switch (m->type) {
    case WIRE_PROBE:
        return 2;
    case WIRE_MAKE:
        return m->make.outputs + (m->make.has_source_fd ? 1u : 0u);
    case WIRE_TS:
        return (m->ts.has_video ? 2u : 0u) + (m->ts.has_audio ? 2u : 0u) + 1u;
    case WIRE_FILE:
        return 3;
    case WIRE_HELLO:
    case WIRE_PROBED:
    case WIRE_MADE:
        break;
    }
    return 0;
}
