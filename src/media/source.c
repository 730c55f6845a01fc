// SPDX-License-Identifier: MIT
// source.c - an upload and what is kept open of it from request to request.
#include "source.h"

#include <stdlib.h>
#include <string.h>

#include "reader.h"
#include "reeld/base/fd.h"
#include "reeld/base/mem.h"

struct media_source *media_source_new(int fd)
{
    struct media_source *s = NEW(struct media_source);
    s->fd = fd;
    return s;
}

void media_source_free(struct media_source *s)
{
    if (!s)
        return;
    reader_free(s->reader);
    for (int i = 0; i < SOURCE_INPUTS; i++)
        input_close(s->kept[i].in);
    fd_close(s->fd);
    free(s);
}

enum err source_open_input(const struct media_source *s,
                           const struct wire_make *ask, int stream,
                           struct input **ret)
{
    scoped(input) struct input *in = NULL;
    TRY(input_open(s->fd, &ask->limits, &in));
    if (!input_stream(in, stream))
        return fail(ERR_BAD_INPUT, "the source has no stream %d", stream);
    input_choose(in, &stream, 1);
    input_set_jumps(in, ask->jump, ask->jumps);
    *ret = take(in);
    return OK;
}

enum err source_input(struct media_source *s, const struct wire_make *ask,
                      int stream, struct input **ret)
{
    struct source_input *oldest = &s->kept[0];
    for (int i = 0; i < SOURCE_INPUTS; i++) {
        struct source_input *k = &s->kept[i];
        if (k->in && k->stream == stream) {
            k->used = ++s->uses;
            *ret = k->in;
            return OK;
        }
        if (k->used < oldest->used)
            oldest = k;
    }
    struct input *in = NULL;
    TRY(source_open_input(s, ask, stream, &in));
    input_close(oldest->in);
    *oldest = (struct source_input){in, stream, ++s->uses};
    *ret = in;
    return OK;
}

struct source_clock source_clock_of(const struct wire_make *ask)
{
    return (struct source_clock){ask->timescale, ask->source_timebase,
                                 ask->origin_pts, ask->first_pts};
}

int64_t source_ticks(const struct source_clock *c, int64_t pts)
{
    if (pts < c->first_pts)
        return -1;
    if (pts == c->first_pts)
        return 0;
    const struct plan p = {.timescale = c->timescale,
                           .source_timebase = c->timebase,
                           .origin_pts = c->origin_pts};
    return max_i64(0, plan_ticks(&p, pts));
}
