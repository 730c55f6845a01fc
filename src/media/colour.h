// SPDX-License-Identifier: MIT
// colour.h - what the numbers in a decoded picture mean.
//
// Everything that is encoded here is BT.709, limited range, chroma sited left,
// and says so; copied packets keep what they are.
//
// Threads: any; pure.
#pragma once

#include <stdbool.h>

#include <libavutil/frame.h>

#include "reeld/model/recipe.h"

struct colour {
    enum AVColorSpace matrix;
    enum AVColorPrimaries primaries;
    enum AVColorTransferCharacteristic transfer; // BT.709, PQ or HLG
    bool is_full_range;
    enum AVChromaLocation chroma;
};

// Untagged pictures are taken for what browsers take them for: BT.601 below
// 720 lines, BT.709 from there on.
struct colour colour_of(const AVFrame *f, const struct recipe *r);
bool colour_is_hdr(const struct colour *c);
// BT.709, limited, left: nothing to convert.
bool colour_is_ours(const struct colour *c);
// Writes our tags into the frame.
void colour_tag(AVFrame *f);
