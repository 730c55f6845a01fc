// SPDX-License-Identifier: MIT
// lists.h - which containers and codecs are let in, and what each needs.
//
// Whatever is not in these tables is never given to libavformat's readers or
// libavcodec's decoders (threat-model F2, F5).
//
// Threads: any; constant tables.
#pragma once

#include <stdbool.h>

#include <libavformat/avformat.h>

#include "reeld/base/buf.h"

// Traits of a container, or'ed.
enum {
    FORMAT_SCAN = 1,    // headers do not describe the streams: scan packets
    FORMAT_BY_BYTE = 2, // reached by byte position, has no index
    FORMAT_JUMPS = 4,   // its clock may jump in the middle
    FORMAT_BY_PTS = 8,  // its index is in pts, not dts
    FORMAT_LEARNS = 16, // builds its index as it reads: entries may be added
    FORMAT_AT_CLUSTER = 32, // its index points at clusters, not at packets
    FORMAT_BOXES = 64,      // ISO BMFF or QuickTime
    FORMAT_GENERATE = 128,  // packets may lack pts: derive them
    FORMAT_NO_PTS = 256,    // knows no pts at all
    FORMAT_PICTURE = 512,   // one picture a file

    FORMAT_STILL = FORMAT_PICTURE | FORMAT_SCAN,
    FORMAT_CLUSTER = FORMAT_AT_CLUSTER | FORMAT_LEARNS,
    FORMAT_STREAM =
        FORMAT_SCAN | FORMAT_BY_BYTE | FORMAT_JUMPS | FORMAT_GENERATE,
};

struct format_rule {
    const char *name; // AVInputFormat.name, whole
    unsigned traits;
};

// How a key packet of a codec may serve as a place to begin decoding.
enum entry_rule {
    ENTRY_EXACT, // nothing behind it looks back
    ENTRY_OPEN,  // frames behind it in decoding order may look back
    ENTRY_H264,  // IDR or recovery point: told by NAL units
    ENTRY_HEVC,  // IDR, BLA or CRA: told by NAL units
};

struct codec_rule {
    enum AVCodecID id;
    const char *decoder; // AVCodec.name of the one decoder that is used
    enum entry_rule entry;
};

// NULL: not let in.
const struct format_rule *format_rule_of(const AVInputFormat *format);
const struct codec_rule *codec_rule_of(enum AVCodecID id);
// True for the readers that libavformat has for one picture a file, let in or
// not.
bool format_is_picture(const AVInputFormat *format);

// The same lists as libavformat's comma separated options want them.
void format_list(struct buf *out);
void codec_list(struct buf *out);
