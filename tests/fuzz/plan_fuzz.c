// SPDX-License-Identifier: MIT
// plan_fuzz.c - packed plans, as a worker writes them.
//
// Whatever is accepted has passed plan_check(), can be asked anything, and
// packs to something that unpacks to the same.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "reeld/model/plan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void ask(const struct plan *p)
{
    if (plan_check(p) != OK || plan_duration_us(p) < 0)
        abort();
    for (uint32_t i = 0; i < p->segments; i++) {
        if (plan_segment_at(p, plan_segment_from(p, i)) != i)
            abort();
        for (uint32_t a = 0; a < p->audios; a++) {
            int64_t first, count;
            plan_audio_range(p, a, i, &first, &count);
            if (first < 0 || count < 0 || first + count > p->audio[a].packets)
                abort();
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str packed = {(const char *)data, size};
    scoped(plan) struct plan *p = NULL;
    if (plan_unpack(packed, &p) != OK)
        return 0;
    ask(p);
    scoped(buf) struct buf once, twice;
    buf_init(&once, PLAN_PACKED_BYTES_MAX);
    buf_init(&twice, PLAN_PACKED_BYTES_MAX);
    plan_pack(p, &once);
    scoped(plan) struct plan *q = NULL;
    if (buf_end(&once) != OK || plan_unpack(buf_view(&once), &q) != OK)
        abort();
    plan_pack(q, &twice);
    if (once.len != twice.len || memcmp(once.bytes, twice.bytes, once.len) != 0)
        abort();
    return 0;
}
