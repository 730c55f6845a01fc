// SPDX-License-Identifier: MIT
// npt.h - temporal ranges of W3C media fragments: what ?t= says.
//
//   t=10,30   t=10.5   t=,30   t=npt:0:10,1:02:03.5
//
// Media Fragments URI 1.0 section 4.2.1, with npt of RFC 2326 section 3.6: a
// time is seconds, minutes:seconds or hours:minutes:seconds, each with a
// fraction if wished.
//
// Threads: any; pure.
#pragma once

#include <stdint.h>

#include "reeld/base/err.h"
#include "reeld/base/str.h"

// Half open, microseconds. Digits of a fraction beyond the sixth are cut off.
struct npt_range {
    int64_t start_us; // 0 where it was left out
    int64_t end_us;   // INT64_MAX where it was left out
};

// A single time, with or without "npt:" before it. ERR_BAD_INPUT.
must_check enum err npt_parse_time(struct str text, int64_t *ret_us);
// ERR_BAD_INPUT: no range, or one that does not end after its start.
must_check enum err npt_parse(struct str text, struct npt_range *ret);
