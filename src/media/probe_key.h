// SPDX-License-Identifier: MIT
// probe_key.h - tells by NAL units what a key packet is worth.
#pragma once

#include "probe.h"

// Where the bytes of a packet come from: memory, or the file.
struct key_bytes {
    const uint8_t *memory; // NULL: read `fd` at `position`
    int fd;
    int64_t position;
    int64_t size_bytes;
};

// Fills key, is_idr and recovery of *ret for a packet that the container calls
// a key, and notes parameter sets. `s` says the codec.
void probe_classify(struct probe_stream *s, const AVCodecParameters *codec,
                    const struct key_bytes *bytes, struct probe_packet *ret);
