// SPDX-License-Identifier: MIT
// recipe.c - the canonical text of a recipe, its bounds and its hash.
#include "reeld/model/recipe.h"

#include <inttypes.h>
#include <string.h>

#include "reeld/base/str.h"
#include "reeld/model/plan.h"

enum {
    RECIPE_TEXT_BYTES_MAX = 4096,
    SIDE_MAX = 8192,
    BITS_A_SECOND_MAX = 1000000000,
    SECOND_US = 1000000,
};

static void write_crop(const struct recipe *r, struct buf *out)
{
    const struct recipe_crop *crop = &r->crop;
    if (crop->of.width > 0)
        buf_printf(out, "crop=%dx%d of %dx%d\n", (int)crop->kept.width,
                   (int)crop->kept.height, (int)crop->of.width,
                   (int)crop->of.height);
}

static void write_image(const struct recipe *r, struct buf *out)
{
    const struct recipe_image *i = &r->image;
    buf_printf(out, "image=%d\nformat=%d\nquality=%d\ntiles=%dx%d\n",
               (int)i->form, (int)i->format, (int)i->quality, (int)i->columns,
               (int)i->rows);
    write_crop(r, out);
}

static void write_video(const struct recipe *r, struct buf *out)
{
    buf_printf(out, "deinterlace=%d\nrotation=%d\nmirrored=%d\n",
               r->deinterlace, (int)r->rotation, r->is_mirrored);
    buf_printf(out, "full_range=%d\ntransfer=%d\nsizes=", r->is_full_range,
               (int)r->transfer);
    for (int32_t i = 0; i < r->sizes; i++)
        buf_printf(out, "%s%dx%d", i ? " " : "", (int)r->size[i].width,
                   (int)r->size[i].height);
    buf_printf(out, "\ncap_rate=%" PRId64 "/%" PRId64 "\n",
               r->frame_rate_cap.num, r->frame_rate_cap.den);
    buf_printf(out, "rate=%" PRId64 "/%" PRId64 "\n", r->frame_rate.num,
               r->frame_rate.den);
    if (r->mode == RECIPE_IMAGE) {
        write_image(r, out);
        return;
    }
    buf_printf(out, "codec=h264\ncrf=%d\ncap_bps=%" PRId64 "\nlevel=%d\n",
               (int)r->crf, r->cap_bps, (int)r->level);
    buf_printf(out, "preset=%s\n", r->preset);
    write_crop(r, out);
}

static const char *mode_name(enum recipe_mode mode)
{
    switch (mode) {
    case RECIPE_COPY:
        return "copy";
    case RECIPE_ENCODE:
        return "encode";
    case RECIPE_IMAGE:
        return "image";
    case RECIPE_MODES:
        break;
    }
    return "unknown";
}

void recipe_write(const struct recipe *r, const char *build, struct buf *out)
{
    buf_printf(out, "reeld-recipe=%d\nkind=%s\nmode=%s\nstream=%d\n",
               RECIPE_VERSION, track_kind_name(r->kind), mode_name(r->mode),
               (int)r->stream);
    if (r->kind == TRACK_AUDIO)
        buf_printf(out, "grid_origin=%d\nsample_rate=%d\n", (int)r->grid_origin,
                   (int)r->sample_rate);
    if (r->cut.from != 0 || r->cut.to != 0)
        buf_printf(out, "cut=%" PRId64 "-%" PRId64 "\n", r->cut.from,
                   r->cut.to);
    if (r->mode == RECIPE_COPY && r->sizes == 0)
        return;
    buf_printf(out, "build=%s\n", build);
    if (r->kind == TRACK_VIDEO)
        write_video(r, out);
    else
        buf_printf(out, "codec=aac\nchannels=%d\nbitrate=%" PRId64 "\n",
                   (int)r->channels, r->bitrate);
}

struct digest recipe_hash(const struct recipe *r, const char *build)
{
    scoped(buf) struct buf text;
    buf_init(&text, RECIPE_TEXT_BYTES_MAX);
    recipe_write(r, build, &text);
    return hash_of(text.bytes, text.len);
}

struct recipe recipe_silence(int32_t sample_rate, int32_t channels,
                             int64_t bitrate)
{
    return (struct recipe){.kind = TRACK_AUDIO,
                           .mode = RECIPE_ENCODE,
                           .stream = -1,
                           .sample_rate = sample_rate,
                           .channels = channels,
                           .bitrate = bitrate};
}

struct recipe recipe_black(const struct recipe *like, struct rational rate)
{
    struct recipe r = {.kind = TRACK_VIDEO,
                       .mode = RECIPE_ENCODE,
                       .stream = -1,
                       .sizes = 1,
                       .frame_rate = rate,
                       .crf = like->crf,
                       .cap_bps = like->cap_bps,
                       .level = like->level};
    r.size[0] = like->size[like->sizes - 1];
    r.frame_rate_cap.den = 1;
    memcpy(r.preset, like->preset, sizeof r.preset);
    return r;
}

static enum err check(bool is_good, const char *field)
{
    if (!is_good)
        return fail(ERR_BAD_INPUT, "recipe: %s is out of range", field);
    return OK;
}

static bool is_side(int32_t pixels)
{
    return pixels >= 2 && pixels <= SIDE_MAX && pixels % 2 == 0;
}

static bool is_rate(struct rational rate, int64_t least)
{
    return rate.num >= least && rate.num <= INT32_MAX && rate.den > 0 &&
           rate.den <= INT32_MAX;
}

static bool is_preset(const char *text)
{
    size_t len = strnlen(text, RECIPE_PRESET_BYTES);
    return len > 0 && len < RECIPE_PRESET_BYTES &&
           str_is_printable((struct str){text, len});
}

static bool is_kept(int32_t kept, int32_t of)
{
    return kept == of || (is_side(kept) && kept < of);
}

static bool is_crop(const struct recipe_crop *c)
{
    return is_kept(c->kept.width, c->of.width) &&
           is_kept(c->kept.height, c->of.height) && c->of.width >= 0 &&
           c->of.height >= 0 && (c->of.width > 0) == (c->of.height > 0);
}

static bool is_cut(const struct recipe_cut *c)
{
    return c->from >= 0 && c->from <= PLAN_TICKS_MAX &&
           c->to <= PLAN_TICKS_MAX && (c->to == 0 || c->to > c->from);
}

static enum err check_image(const struct recipe *r)
{
    const struct recipe_image *i = &r->image;
    bool is_jpeg = i->format == IMAGE_JPEG, is_sheet = i->form == IMAGE_SHEET;
    TRY(check(r->sizes == 1, "sizes"));
    TRY(check((unsigned)i->form < IMAGE_FORMS, "form"));
    TRY(check((unsigned)i->format < IMAGE_FORMATS, "format"));
    TRY(check(i->form != IMAGE_MOVING || !is_jpeg, "format"));
    TRY(check(i->quality >= (is_jpeg ? 2 : 1) &&
                  i->quality <= (is_jpeg ? 31 : 100),
              "quality"));
    int32_t most = is_sheet ? IMAGE_TILES_MAX : 1;
    TRY(check(i->columns >= 1 && i->columns <= most, "columns"));
    TRY(check(i->rows >= 1 && i->rows <= most / i->columns, "rows"));
    return check(i->columns * r->size[0].width <= SIDE_MAX &&
                     i->rows * r->size[0].height <= SIDE_MAX,
                 "size");
}

static enum err check_video(const struct recipe *r)
{
    TRY(check(is_crop(&r->crop), "crop"));
    bool is_turn =
        r->rotation >= 0 && r->rotation <= 270 && r->rotation % 90 == 0;
    TRY(check(is_turn, "rotation"));
    TRY(check((unsigned)r->transfer < TRANSFERS, "transfer"));
    TRY(check(r->sizes >= 1 && r->sizes <= RECIPE_CHAIN_MAX, "sizes"));
    for (int32_t i = 0; i < r->sizes; i++)
        TRY(check(is_side(r->size[i].width) && is_side(r->size[i].height),
                  "size"));
    TRY(check(is_rate(r->frame_rate_cap, 0), "frame_rate_cap"));
    TRY(check(is_rate(r->frame_rate, 1), "frame_rate"));
    if (r->mode == RECIPE_IMAGE)
        return check_image(r);
    TRY(check(r->crf >= 0 && r->crf <= 51, "crf"));
    TRY(check(r->cap_bps >= 1000 && r->cap_bps <= BITS_A_SECOND_MAX,
              "cap_bps"));
    TRY(check(r->level >= 10 && r->level <= 62, "level"));
    return check(is_preset(r->preset), "preset");
}

enum err recipe_check(const struct recipe *r)
{
    TRY(check(r->kind == TRACK_VIDEO || r->kind == TRACK_AUDIO, "kind"));
    TRY(check((unsigned)r->mode < RECIPE_MODES, "mode"));
    TRY(check(is_cut(&r->cut), "cut"));
    int32_t least = r->mode == RECIPE_COPY ? 0 : -1;
    TRY(check(r->stream >= least && r->stream <= 65535, "stream"));
    bool is_plain_copy = r->mode == RECIPE_COPY && r->sizes == 0;
    if (r->kind == TRACK_VIDEO)
        return is_plain_copy ? OK : check_video(r);
    TRY(check(r->mode != RECIPE_IMAGE, "mode"));
    TRY(check(r->sample_rate >= 8000 && r->sample_rate <= 96000,
              "sample_rate"));
    TRY(check(r->channels >= 1 && r->channels <= 8, "channels"));
    TRY(check(r->grid_origin >= 0 && r->grid_origin < 1024, "grid_origin"));
    bool has_rate = r->bitrate >= 8000 && r->bitrate <= 1000000;
    return check(r->mode == RECIPE_COPY || has_rate, "bitrate");
}

// By how much a GOP is shorter than a second, in microseconds.
static int64_t lacks_us(int64_t duration_us)
{
    return clamp_i64(SECOND_US - duration_us, 0, SECOND_US);
}

int32_t recipe_buffer_start(int64_t duration_us)
{
    enum { HALF = 500, MORE = 400 };
    return (int32_t)(HALF +
                     scale_round(lacks_us(duration_us), MORE, SECOND_US));
}

int32_t recipe_crf_milli(const struct recipe *r, int64_t duration_us)
{
    enum { LESS = 6000, LEAST = 1000 };
    if (duration_us == 0)
        return r->crf * 1000;
    int64_t less = scale_round(lacks_us(duration_us), LESS, SECOND_US);
    return (int32_t)max_i64(LEAST, r->crf * INT64_C(1000) - less);
}
