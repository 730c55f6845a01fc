// SPDX-License-Identifier: MIT
// make.h - the ways of making pieces that media_make() chooses from.
//
// Threads: one at a time a struct media_source.
#pragma once

#include "reeld/base/buf.h"
#include "source.h"

// One wire_make at work: `out[i]` receives what ask->output[i] wants.
struct make {
    struct media_source *source;
    const struct wire_make *ask;
    struct buf *out;
    int64_t frames;             // decoded
    char note[WIRE_TEXT_BYTES]; // what the log should know of a good make
};

// All encoded video SEGMENTs and IFRAMEs, from one decode.
must_check enum err make_encoded_video(struct make *m);
// Is it a piece of pictures made of no stream? All of these at once.
bool make_is_black(const struct wire_output *o);
must_check enum err make_black_video(struct make *m);
// One output each.
must_check enum err make_copied_video(struct make *m, uint32_t output);
must_check enum err make_encoded_audio(struct make *m, uint32_t output);
must_check enum err make_copied_audio(struct make *m, uint32_t output);
must_check enum err make_init(struct make *m, uint32_t output);
must_check enum err make_image(struct make *m, uint32_t output);
must_check enum err make_sheet(struct make *m, uint32_t output);
