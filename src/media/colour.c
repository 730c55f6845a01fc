// SPDX-License-Identifier: MIT
// colour.c - what the numbers in a decoded picture mean.
#include "colour.h"

#include <libavutil/pixdesc.h>

#include "reeld/base/math.h"

enum { HD_LINES = 720, HD_COLUMNS = 1280 };

static bool is_rgb(const AVFrame *f)
{
    const AVPixFmtDescriptor *d = av_pix_fmt_desc_get(f->format);
    return d && (d->flags & (AV_PIX_FMT_FLAG_RGB | AV_PIX_FMT_FLAG_PAL));
}

// Formats that are full range by name, whatever the frame says.
static bool is_jpeg_format(const AVFrame *f)
{
    return f->format == AV_PIX_FMT_YUVJ420P ||
           f->format == AV_PIX_FMT_YUVJ422P ||
           f->format == AV_PIX_FMT_YUVJ444P ||
           f->format == AV_PIX_FMT_YUVJ440P || f->format == AV_PIX_FMT_YUVJ411P;
}

static enum AVColorSpace matrix_of(const AVFrame *f, bool is_hdr)
{
    switch (f->colorspace) {
    case AVCOL_SPC_BT709:
    case AVCOL_SPC_FCC:
    case AVCOL_SPC_BT470BG:
    case AVCOL_SPC_SMPTE170M:
    case AVCOL_SPC_SMPTE240M:
    case AVCOL_SPC_YCGCO:
    case AVCOL_SPC_BT2020_NCL:
        return f->colorspace;
    default:
        break;
    }
    if (is_hdr)
        return AVCOL_SPC_BT2020_NCL;
    bool is_hd = min_i64(f->width, f->height) >= HD_LINES ||
                 max_i64(f->width, f->height) >= HD_COLUMNS;
    return is_hd ? AVCOL_SPC_BT709 : AVCOL_SPC_SMPTE170M;
}

static enum AVColorPrimaries primaries_of(const AVFrame *f,
                                          enum AVColorSpace matrix)
{
    switch (f->color_primaries) {
    case AVCOL_PRI_BT709:
    case AVCOL_PRI_BT470M:
    case AVCOL_PRI_BT470BG:
    case AVCOL_PRI_SMPTE170M:
    case AVCOL_PRI_SMPTE240M:
    case AVCOL_PRI_FILM:
    case AVCOL_PRI_BT2020:
    case AVCOL_PRI_SMPTE431:
    case AVCOL_PRI_SMPTE432:
        return f->color_primaries;
    default:
        break;
    }
    switch (matrix) {
    case AVCOL_SPC_BT470BG:
        return AVCOL_PRI_BT470BG;
    case AVCOL_SPC_SMPTE170M:
    case AVCOL_SPC_SMPTE240M:
        return AVCOL_PRI_SMPTE170M;
    case AVCOL_SPC_BT2020_NCL:
        return AVCOL_PRI_BT2020;
    default:
        return AVCOL_PRI_BT709;
    }
}

// The curves of all SDR standards are near enough to BT.709's that players
// show them alike; they are passed through.
static enum AVColorTransferCharacteristic transfer_of(const AVFrame *f,
                                                      const struct recipe *r)
{
    if (f->color_trc == AVCOL_TRC_SMPTE2084 ||
        f->color_trc == AVCOL_TRC_ARIB_STD_B67)
        return f->color_trc;
    switch (r->transfer) {
    case TRANSFER_PQ:
        return AVCOL_TRC_SMPTE2084;
    case TRANSFER_HLG:
        return AVCOL_TRC_ARIB_STD_B67;
    case TRANSFER_SDR:
    case TRANSFERS:
        break;
    }
    return AVCOL_TRC_BT709;
}

struct colour colour_of(const AVFrame *f, const struct recipe *r)
{
    struct colour c = {.transfer = transfer_of(f, r)};
    if (is_rgb(f)) {
        c.matrix = AVCOL_SPC_RGB;
        c.primaries = primaries_of(f, AVCOL_SPC_BT709);
        c.is_full_range = true;
        c.chroma = AVCHROMA_LOC_LEFT;
        return c;
    }
    c.matrix = matrix_of(f, colour_is_hdr(&c));
    c.primaries = primaries_of(f, c.matrix);
    c.is_full_range =
        is_jpeg_format(f) || f->color_range == AVCOL_RANGE_JPEG ||
        (f->color_range == AVCOL_RANGE_UNSPECIFIED && r->is_full_range);
    bool is_sited = f->chroma_location != AVCHROMA_LOC_UNSPECIFIED;
    c.chroma = is_sited ? f->chroma_location : AVCHROMA_LOC_LEFT;
    return c;
}

bool colour_is_hdr(const struct colour *c)
{
    return c->transfer != AVCOL_TRC_BT709;
}

bool colour_is_ours(const struct colour *c)
{
    return c->matrix == AVCOL_SPC_BT709 && c->primaries == AVCOL_PRI_BT709 &&
           c->transfer == AVCOL_TRC_BT709 && !c->is_full_range &&
           c->chroma == AVCHROMA_LOC_LEFT;
}

void colour_tag(AVFrame *f)
{
    f->colorspace = AVCOL_SPC_BT709;
    f->color_primaries = AVCOL_PRI_BT709;
    f->color_trc = AVCOL_TRC_BT709;
    f->color_range = AVCOL_RANGE_MPEG;
    f->chroma_location = AVCHROMA_LOC_LEFT;
}
