// SPDX-License-Identifier: MIT
// make.c - one request: every output made, then written.
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cmaf.h"
#include "make.h"
#include "reeld/base/fd.h"
#include "reeld/base/mem.h"
#include "reeld/base/str.h"

static int64_t process_cpu_us(void)
{
    struct timespec t = {0};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static bool is_encoded_video(const struct wire_output *o)
{
    return o->recipe.kind == TRACK_VIDEO && o->recipe.mode == RECIPE_ENCODE &&
           o->recipe.stream >= 0 && o->kind != PIECE_INIT;
}

bool make_is_black(const struct wire_output *o)
{
    return o->recipe.kind == TRACK_VIDEO && o->recipe.stream < 0 &&
           o->kind != PIECE_INIT && o->kind != PIECE_IMAGE;
}

static enum err check(const struct wire_make *ask)
{
    if (ask->outputs < 1 || ask->outputs > WIRE_OUTPUTS_MAX)
        return fail(ERR_BAD_INPUT, "%u outputs", ask->outputs);
    if (ask->borders > WIRE_BORDERS_MAX || ask->borders == 1)
        return fail(ERR_BAD_INPUT, "%u borders", ask->borders);
    for (uint32_t i = 1; i < ask->borders; i++)
        if (ask->border[i] <= ask->border[i - 1])
            return fail(ERR_BAD_INPUT, "borders do not rise");
    for (uint32_t i = 0; i < ask->outputs; i++) {
        const struct wire_output *o = &ask->output[i];
        TRY(recipe_check(&o->recipe));
        if (o->kind != PIECE_INIT && ask->borders == 0)
            return fail(ERR_BAD_INPUT, "a piece without a range");
        if (o->kind == PIECE_TS || o->kind == PIECE_EDGE ||
            o->kind >= PIECE_DOWNLOAD)
            return fail(ERR_BAD_INPUT, "this kind is not made here");
        if (o->recipe.kind == TRACK_AUDIO && o->kind == PIECE_IFRAME)
            return fail(ERR_BAD_INPUT, "an I-frame of audio");
        if ((o->recipe.mode == RECIPE_IMAGE) != (o->kind == PIECE_IMAGE))
            return fail(ERR_BAD_INPUT, "an image by another recipe");
    }
    return OK;
}

static enum err make_output(struct make *m, uint32_t output)
{
    const struct wire_output *o = &m->ask->output[output];
    if (o->kind == PIECE_INIT)
        return make_init(m, output);
    if (o->kind == PIECE_IMAGE)
        return o->recipe.image.form == IMAGE_SHEET ? make_sheet(m, output)
                                                   : make_image(m, output);
    bool is_copied = o->recipe.mode == RECIPE_COPY;
    if (o->recipe.kind == TRACK_AUDIO)
        return is_copied ? make_copied_audio(m, output)
                         : make_encoded_audio(m, output);
    return is_copied ? make_copied_video(m, output) : OK;
}

static enum err make_outputs(struct make *m)
{
    bool has_encoded_video = false, has_black = false;
    for (uint32_t i = 0; i < m->ask->outputs; i++) {
        TRY(make_output(m, i));
        has_encoded_video |= is_encoded_video(&m->ask->output[i]);
        has_black |= make_is_black(&m->ask->output[i]);
    }
    if (has_black)
        TRY(make_black_video(m));
    return has_encoded_video ? make_encoded_video(m) : OK;
}

static enum err write_outputs(const struct make *m, const int *output_fds,
                              struct wire_made *ret)
{
    ret->outputs = m->ask->outputs;
    for (uint32_t i = 0; i < m->ask->outputs; i++) {
        TRY(fd_write_all(output_fds[i], m->out[i].bytes, m->out[i].len));
        ret->size_bytes[i] = (int64_t)m->out[i].len;
    }
    return OK;
}

static enum err make_and_write(struct make *m, const int *output_fds,
                               struct wire_made *ret)
{
    TRY(check(m->ask));
    TRY(make_outputs(m));
    return write_outputs(m, output_fds, ret);
}

void media_make(struct media_source *s, const struct wire_make *ask,
                const int *output_fds, struct wire_made *ret)
{
    int64_t cpu_us = process_cpu_us();
    struct buf out[WIRE_OUTPUTS_MAX];
    for (uint32_t i = 0; i < WIRE_OUTPUTS_MAX; i++)
        buf_init(&out[i], PIECE_BYTES_MAX);
    struct make m = {.source = s, .ask = ask, .out = out};
    *ret = (struct wire_made){.request = ask->request};
    ret->result = make_and_write(&m, output_fds, ret);
    const char *detail = ret->result == OK ? m.note : fail_text();
    str_copy(ret->detail, sizeof ret->detail, str_of(detail));
    ret->frames = m.frames;
    ret->cpu_us = process_cpu_us() - cpu_us;
    for (uint32_t i = 0; i < WIRE_OUTPUTS_MAX; i++)
        buf_done(&out[i]);
}
