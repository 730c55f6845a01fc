// SPDX-License-Identifier: MIT
// level.c - the H.264 level that a rung needs (ITU-T H.264 table A-1).
#include "reeld/model/ladder.h"

struct level_limit {
    int32_t level;             // level_idc
    int64_t macroblocks_a_s;   // MaxMBPS
    int64_t frame_macroblocks; // MaxFS
    int64_t kilobits;          // MaxBR; High profile allows 1.25 of it
};

static const struct level_limit limits[] = {
    {10, 1485,     99,     64    },
    {11, 3000,     396,    192   },
    {12, 6000,     396,    384   },
    {13, 11880,    396,    768   },
    {20, 11880,    396,    2000  },
    {21, 19800,    792,    4000  },
    {22, 20250,    1620,   4000  },
    {30, 40500,    1620,   10000 },
    {31, 108000,   3600,   14000 },
    {32, 216000,   5120,   20000 },
    {40, 245760,   8192,   20000 },
    {41, 245760,   8192,   50000 },
    {42, 522240,   8704,   50000 },
    {50, 589824,   22080,  135000},
    {51, 983040,   36864,  240000},
    {52, 2073600,  36864,  240000},
    {60, 4177920,  139264, 240000},
    {61, 8355840,  139264, 480000},
    {62, 16711680, 139264, 800000},
};

enum { LEVELS = sizeof limits / sizeof limits[0] };

int32_t ladder_level(int32_t width, int32_t height, struct rational rate,
                     int64_t cap_bps)
{
    int64_t across = (width + 15) / 16;
    int64_t down = (height + 15) / 16;
    int64_t size = across * down;
    for (int i = 0; i < LEVELS; i++) {
        const struct level_limit *l = &limits[i];
        // A.3.1: neither side may exceed the square root of 8 MaxFS.
        bool has_sides = across * across <= 8 * l->frame_macroblocks &&
                         down * down <= 8 * l->frame_macroblocks;
        if (has_sides && size <= l->frame_macroblocks &&
            scale_ceil(size, rate.num, rate.den) <= l->macroblocks_a_s &&
            cap_bps <= l->kilobits * 1250)
            return l->level;
    }
    return limits[LEVELS - 1].level;
}
