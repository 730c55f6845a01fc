// SPDX-License-Identifier: MIT
// make_image.c - stills and moving images: the pictures of a range in one file.
#include <stdio.h>
#include <string.h>

#include "chain.h"
#include "image_file.h"
#include "make.h"
#include "reader.h"
#include "reeld/base/mem.h"

// One attempt at an image.
struct shot {
    struct make *make;
    const struct wire_make *ask; // from the entry on to where the reader ends
    const struct recipe *recipe;
    int64_t from, to; // that are wanted
    struct reader *reader;
    struct chain *chain;
    struct image_file *file;
    int64_t shown; // STILL: the time of the only picture that is wanted
    bool has_picture;
};

static enum err sink(void *self, size_t rung, AVFrame *picture)
{
    (void)rung;
    struct shot *s = self;
    scoped(av_frame) AVFrame *f = picture;
    if (s->recipe->image.form == IMAGE_STILL && f->pts != s->shown)
        return OK;
    f->pts = s->has_picture ? f->pts - s->from : 0;
    s->has_picture = true;
    return image_file_push(s->file, take(f));
}

// Times rise and lie in the range, whatever the file says.
static enum err push_moving(struct shot *s)
{
    int64_t newest = s->from - 1;
    for (;;) {
        scoped(av_frame) AVFrame *f = NULL;
        int64_t ticks = 0;
        enum err result = reader_next(s->reader, &f, &ticks);
        if (result == ERR_NOT_FOUND)
            return OK;
        TRY(result);
        f->pts = max_i64(ticks, newest + 1);
        newest = f->pts;
        TRY(chain_push(s->chain, take(f)));
    }
}

// Deinterlacing looks at both neighbours of a picture; without it, those only
// take time.
static enum err push_still(struct shot *s, AVFrame *former, AVFrame *shown,
                           AVFrame *next)
{
    AVFrame *row[] = {former, shown, next};
    for (int i = 0; i < 3; i++) {
        bool is_wanted = row[i] && (i == 1 || s->recipe->deinterlace);
        if (!is_wanted)
            continue;
        AVFrame *f = av_frame_share(row[i]);
        f->pts = i;
        TRY(chain_push(s->chain, f));
    }
    return OK;
}

// The last picture that begins before the end of the range: in a damaged file
// the one that the plan knows of may be missing, and the one before is shown
// on.
static enum err find_still(struct shot *s)
{
    scoped(av_frame) AVFrame *former = NULL, *shown = NULL, *next = NULL;
    while (!next) {
        scoped(av_frame) AVFrame *f = NULL;
        int64_t ticks = 0;
        enum err result = reader_next(s->reader, &f, &ticks);
        if (result == ERR_NOT_FOUND)
            break;
        TRY(result);
        if (ticks >= s->to) {
            next = take(f);
            break;
        }
        av_frame_free(&former);
        former = take(shown);
        shown = take(f);
    }
    s->shown = 1;
    return shown ? push_still(s, former, shown, next) : OK;
}

static enum err fill_with_black(struct shot *s)
{
    if (s->recipe->stream >= 0)
        snprintf(s->make->note, sizeof s->make->note,
                 "no picture could be decoded from %" PRId64 " on", s->from);
    AVFrame *f = NULL;
    TRY(chain_black(s->recipe->size[0], &f));
    f->pts = 0;
    return image_file_push(s->file, f);
}

static enum err take_shot(struct shot *s, enum reader_start start)
{
    const struct recipe *r = s->recipe;
    bool is_still = r->image.form == IMAGE_STILL;
    s->has_picture = false;
    scoped(image_file) struct image_file *file = NULL;
    TRY(image_file_open(&r->image, r->size[0], s->ask->timescale, &file));
    scoped(chain) struct chain *chain =
        chain_new(&r, 1, s->ask->timescale, sink, s);
    s->file = file;
    s->chain = chain;
    if (r->stream >= 0) {
        TRY(reader_begin(&s->reader, s->make->source, s->ask, r->stream,
                         start));
        TRY(is_still ? find_still(s) : push_moving(s));
        scoped(av_frame) AVFrame *next =
            is_still ? NULL : reader_behind(s->reader);
        TRY(chain_end_gop(chain, next));
        s->make->frames += reader_frames(s->reader);
        if (start != READER_STRICT && reader_is_damaged(s->reader))
            return OK; // the caller sees it as well
    }
    if (!s->has_picture)
        TRY(fill_with_black(s));
    return image_file_finish(file, &s->make->out[0]);
}

static enum err shoot(struct shot *s)
{
    TRY(take_shot(s, READER_COLD));
    if (s->reader && reader_is_damaged(s->reader))
        return take_shot(s, READER_STRICT);
    return OK;
}

enum err make_image(struct make *m, uint32_t output)
{
    const struct recipe *r = &m->ask->output[output].recipe;
    // The reader gives out what lies between its borders: for a still, all
    // that decoding brings along.
    scoped(mem) struct wire_make *ask = NEW(struct wire_make);
    *ask = *m->ask;
    struct shot s = {.make = m,
                     .ask = ask,
                     .recipe = r,
                     .from = m->ask->border[0],
                     .to = m->ask->border[1]};
    if (r->image.form == IMAGE_STILL) {
        ask->border[0] = 0;
        ask->border[1] = r->deinterlace ? m->ask->plan_end : s.to;
    }
    enum err result = shoot(&s);
    reader_free(s.reader);
    return result;
}
