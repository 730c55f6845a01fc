// SPDX-License-Identifier: MIT
// nal.h - H.264 NAL units: taken apart, put behind lengths, put into avcC.
//
// Clause numbers are of ITU-T H.264 and ISO/IEC 14496-15. Believes no byte.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "reeld/base/buf.h"
#include "reeld/base/err.h"

enum nal_type { // H.264 table 7-1
    NAL_SLICE = 1,
    NAL_IDR = 5,
    NAL_SEI = 6,
    NAL_SPS = 7,
    NAL_PPS = 8,
    NAL_AUD = 9,
    NAL_FILLER = 12,
    NAL_SPS_EXTENSION = 13,
};

struct nal {
    const uint8_t *bytes; // header byte first
    size_t len;           // > 0
};

static inline unsigned nal_type_of(struct nal n)
{
    return n.bytes[0] & 31u;
}

// Walks over a sample: Annex B (`length_size` 0) or units behind lengths of
// 1 to 4 bytes. A unit that runs over the end is left out.
struct nal_walk {
    const uint8_t *at, *end;
    int length_size;
};

struct nal_walk nal_walk_over(const uint8_t *bytes, size_t len,
                              int length_size);
bool nal_next(struct nal_walk *w, struct nal *ret);

// How the samples of a stream with this extradata are written: 1 to 4 for
// avcC, 0 for Annex B (or none).
int nal_length_size(const uint8_t *extradata, size_t len);

// The units of a sample behind lengths of four bytes. Parameter sets (they are
// in the init, CMAF-12), delimiters and filler stay behind; with `drop_sei`
// also SEI.
void nal_write_sample(struct nal_walk w, bool drop_sei, struct buf *out);

// The avcC record with the SPS and PPS of `w`, of the highest profile and level
// among them. 8 bit 4:2:0 is taken for granted: nothing else is made or copied.
// ERR_BAD_INPUT: none found.
must_check enum err nal_write_avcc(struct nal_walk w, struct buf *out);
// Is one of the SPS and PPS of `w` called so?
bool nal_has_set_id(struct nal_walk w, unsigned id);
// ue(v), 9.1, at the start of the bytes; short codes alone: UINT16_MAX stands
// for whatever is not below it, or cut off.
uint16_t nal_read_ue(const uint8_t *bytes, int64_t len);
// A walk over the parameter sets of extradata in either form is made by
// copying them out of an avcC first. `to` receives them in Annex B.
void nal_unpack_avcc(const uint8_t *extradata, size_t len, struct buf *to);
