// SPDX-License-Identifier: MIT
// track.c - checks and derived values of one stream.
#include "reeld/model/track.h"

#include <string.h>

#include "reeld/base/str.h"

enum {
    COORDINATE_MAX = 32768, // pixels; libav's own bound is near it
    CHANNELS_MAX = 64,
    SAMPLE_RATE_MAX = 768000,
};

const char *track_kind_name(enum track_kind kind)
{
    switch (kind) {
    case TRACK_VIDEO:
        return "video";
    case TRACK_AUDIO:
        return "audio";
    case TRACK_TEXT:
        return "text";
    case TRACK_KINDS:
        break;
    }
    return "unknown";
}

static int32_t even_at_least_2(int64_t pixels)
{
    return (int32_t)max_i64(2, pixels & ~(int64_t)1);
}

void track_display_size(const struct track *t, int32_t *ret_width,
                        int32_t *ret_height)
{
    // Only the width gives way to the sample aspect: the height is what people
    // call the size of a broadcast raster (720x576 at 64:45 is 1024x576).
    int64_t height = t->coded_height;
    int64_t width =
        scale_round(t->coded_width, t->sample_aspect.num, t->sample_aspect.den);
    bool lies = t->rotation == 90 || t->rotation == 270;
    *ret_width = even_at_least_2(lies ? height : width);
    *ret_height = even_at_least_2(lies ? width : height);
}

static enum err check_text(const char *text, size_t bytes, const char *field)
{
    size_t len = strnlen(text, bytes);
    if (len == bytes || !str_is_printable((struct str){text, len}))
        return fail(ERR_BAD_INPUT, "track: %s is not printable text", field);
    return OK;
}

static enum err check_range(int64_t value, int64_t least, int64_t most,
                            const char *field)
{
    if (value < least || value > most)
        return fail(ERR_BAD_INPUT, "track: %s %lld is outside %lld to %lld",
                    field, (long long)value, (long long)least, (long long)most);
    return OK;
}

static enum err check_video(const struct track *t)
{
    TRY(check_range(t->coded_width, 1, COORDINATE_MAX, "coded_width"));
    TRY(check_range(t->coded_height, 1, COORDINATE_MAX, "coded_height"));
    TRY(check_range(t->sample_aspect.num, 1, INT32_MAX, "sample_aspect"));
    TRY(check_range(t->sample_aspect.den, 1, INT32_MAX, "sample_aspect"));
    TRY(check_range(t->frame_rate.num, 1, INT32_MAX, "frame_rate"));
    TRY(check_range(t->frame_rate.den, 1, INT32_MAX, "frame_rate"));
    TRY(check_range(t->bit_depth, 1, 16, "bit_depth"));
    TRY(check_range(t->transfer, 0, TRANSFERS - 1, "transfer"));
    if (t->rotation % 90 != 0 || t->rotation < 0 || t->rotation > 270)
        return fail(ERR_BAD_INPUT, "track: rotation %d", (int)t->rotation);
    if (t->chroma != 400 && t->chroma != 420 && t->chroma != 422 &&
        t->chroma != 444)
        return fail(ERR_BAD_INPUT, "track: chroma %d", (int)t->chroma);
    // A wild sample aspect must not ask for a picture that nobody can hold.
    TRY(check_range(
        scale_round(t->coded_width, t->sample_aspect.num, t->sample_aspect.den),
        0, COORDINATE_MAX, "display width"));
    return OK;
}

enum err track_check(const struct track *t)
{
    TRY(check_range(t->kind, 0, TRACK_KINDS - 1, "kind"));
    TRY(check_range(t->stream, 0, 65535, "stream"));
    TRY(check_range(t->bitrate, 0, INT64_C(100000000000), "bitrate"));
    TRY(check_text(t->codec, sizeof t->codec, "codec"));
    TRY(check_text(t->codecs, sizeof t->codecs, "codecs"));
    TRY(check_text(t->language, sizeof t->language, "language"));
    TRY(check_text(t->title, sizeof t->title, "title"));
    if (t->kind == TRACK_VIDEO && t->is_playable)
        return check_video(t);
    if (t->kind == TRACK_AUDIO && t->is_playable) {
        TRY(check_range(t->channels, 1, CHANNELS_MAX, "channels"));
        TRY(check_range(t->sample_rate, 1, SAMPLE_RATE_MAX, "sample_rate"));
    }
    return OK;
}
