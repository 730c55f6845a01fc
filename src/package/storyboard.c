// SPDX-License-Identifier: MIT
// storyboard.c - which tile of which sheet is shown when, as WebVTT.
#include "reeld/package/storyboard.h"

#include <inttypes.h>

enum { MINUTE_MS = 60000, HOUR_MS = 60 * MINUTE_MS };

static int64_t to_ms(int64_t us)
{
    return (us + 500) / 1000;
}

// WebVTT section 4.1: two digits of hours at least.
static void write_time(struct buf *out, int64_t ms)
{
    buf_printf(out, "%02" PRId64 ":%02" PRId64 ":%02" PRId64 ".%03" PRId64,
               ms / HOUR_MS, ms / MINUTE_MS % 60, ms / 1000 % 60, ms % 1000);
}

enum err storyboard_write(const struct storyboard_cue *cue, size_t cues,
                          const char *base, struct buf *out)
{
    buf_text(out, "WEBVTT\n");
    for (size_t i = 0; i < cues; i++) {
        const struct storyboard_cue *c = &cue[i];
        if (to_ms(c->from_us) >= to_ms(c->to_us))
            continue;
        buf_char(out, '\n');
        write_time(out, to_ms(c->from_us));
        buf_text(out, " --> ");
        write_time(out, to_ms(c->to_us));
        buf_printf(out, "\n%sstoryboard-%" PRIu32 ".jpg#xywh=%d,%d,%d,%d\n",
                   base, c->sheet, (int)c->x, (int)c->y, (int)c->width,
                   (int)c->height);
    }
    return buf_end(out);
}
