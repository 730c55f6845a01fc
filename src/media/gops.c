// SPDX-License-Identifier: MIT
// gops.c - threads that encode the GOPs of one range side by side.
#include "gops.h"

#include <string.h>

#include "chain.h"
#include "cmaf.h"
#include "encoder.h"
#include "reeld/base/mem.h"
#include "reeld/base/str.h"
#include "reeld/base/thread.h"

enum {
    THREADS_MAX = 64,
    // Pictures that wait for an encoder: 80 of 1080p. Enough to fill one GOP
    // while the one before is encoded, little enough for any machine.
    WAITING_BYTES_MAX = 256 << 20,
    WHY_BYTES = 512,
};

struct waiting {
    AVFrame *picture;
    size_t rung;
};

struct gop {
    int64_t from, to;
    struct waiting *queue;
    size_t count, capacity, taken;
    bool is_closed;
    struct buf piece[CHAIN_RUNGS_MAX]; // of the thread that encodes it
};

struct gops {
    const struct wire_make *ask;
    const struct gops_rung *rung;
    size_t rungs;
    int64_t from, to; // the whole range
    size_t filling;   // index of the GOP that gops_push() fills
    bool has_iframe[CHAIN_RUNGS_MAX];
    pthread_t thread[THREADS_MAX];
    size_t threads;

    pthread_mutex_t lock;
    pthread_cond_t changed;
    // Guarded by lock.
    struct gop *gop; // the queues
    size_t gops;     // never changes
    size_t next;     // GOP that no thread has taken yet
    int64_t waiting_bytes;
    bool is_over; // cancelled or failed
    enum err result;
    char why[WHY_BYTES];
};

static int64_t bytes_of(const AVFrame *f)
{
    return (int64_t)f->width * f->height * 3 / 2;
}

static void stop(struct gops *g, enum err result, const char *why)
{
    HOLD(&g->lock);
    if (g->result == OK) {
        g->result = result;
        str_copy(g->why, sizeof g->why, str_of(why));
    }
    g->is_over = true;
    pthread_cond_broadcast(&g->changed);
}

// The next picture of a GOP; NULL when it has no more, or all is over.
static AVFrame *next_picture(struct gops *g, struct gop *gop, size_t *ret_rung)
{
    HOLD(&g->lock);
    while (!g->is_over && gop->taken == gop->count && !gop->is_closed)
        pthread_cond_wait(&g->changed, &g->lock);
    if (g->is_over || gop->taken == gop->count)
        return NULL;
    struct waiting *w = &gop->queue[gop->taken++];
    g->waiting_bytes -= bytes_of(w->picture);
    *ret_rung = w->rung;
    pthread_cond_broadcast(&g->changed);
    return take(w->picture);
}

static bool is_over(struct gops *g)
{
    HOLD(&g->lock);
    return g->is_over;
}

struct encoders {
    struct encoder *of[CHAIN_RUNGS_MAX];
};

static void encoders_done(struct encoders *e)
{
    for (size_t i = 0; i < CHAIN_RUNGS_MAX; i++)
        encoder_free(e->of[i]);
}

static bool makes(const struct gops *g, size_t rung, size_t gop)
{
    return gop == 0 || !g->rung[rung].is_iframe;
}

static enum err encode_pictures(struct gops *g, struct gop *gop,
                                struct encoders *e)
{
    size_t rung = 0;
    for (;;) {
        scoped(av_frame) AVFrame *picture = next_picture(g, gop, &rung);
        if (!picture)
            return OK;
        TRY(encoder_push(e->of[rung], picture));
    }
}

static enum err encode_with(struct gops *g, size_t index, struct encoders *e)
{
    struct gop *gop = &g->gop[index];
    int64_t duration_us =
        scale_round(gop->to - gop->from, 1000000, g->ask->timescale);
    // Opened before the first picture is there: it takes some milliseconds.
    for (size_t i = 0; i < g->rungs; i++)
        if (makes(g, i, index))
            TRY(encoder_open(g->rung[i].recipe, g->ask->timescale,
                             g->rung[i].is_iframe ? 0 : duration_us,
                             &e->of[i]));
    TRY(encode_pictures(g, gop, e));
    for (size_t i = 0; i < g->rungs && !is_over(g); i++) {
        if (!makes(g, i, index))
            continue;
        bool is_iframe = g->rung[i].is_iframe;
        TRY(encoder_finish(e->of[i], is_iframe ? g->from : gop->from,
                           is_iframe ? g->to : gop->to, &gop->piece[i]));
    }
    return OK;
}

static enum err encode_gop(struct gops *g, size_t index)
{
    struct encoders e = {{NULL}};
    enum err result = encode_with(g, index, &e);
    encoders_done(&e);
    return result;
}

// How a thread finds its next GOP; false when none is left.
static bool take_gop(struct gops *g, size_t *ret)
{
    HOLD(&g->lock);
    if (g->is_over || g->next == g->gops)
        return false;
    *ret = g->next++;
    return true;
}

static void *run(void *argument)
{
    struct gops *g = argument;
    size_t index = 0;
    while (take_gop(g, &index)) {
        enum err result = encode_gop(g, index);
        if (result != OK)
            stop(g, result, fail_text());
    }
    return NULL;
}

struct gops *gops_new(const struct wire_make *ask, const struct gops_rung *rung,
                      size_t rungs)
{
    struct gops *g = NEW(struct gops);
    g->ask = ask;
    g->rung = rung;
    g->rungs = rungs;
    g->gops = ask->borders - 1;
    g->from = ask->border[0];
    g->to = ask->border[g->gops];
    g->gop = NEW_ARRAY(g->gops, struct gop);
    for (size_t i = 0; i < g->gops; i++) {
        g->gop[i].from = ask->border[i];
        g->gop[i].to = ask->border[i + 1];
        for (size_t r = 0; r < rungs; r++)
            buf_init(&g->gop[i].piece[r], PIECE_BYTES_MAX);
    }
    pthread_mutex_init(&g->lock, NULL);
    pthread_cond_init(&g->changed, NULL);
    g->threads = (size_t)clamp_i64(ask->threads, 1,
                                   min_i64((int64_t)g->gops, THREADS_MAX));
    for (size_t i = 0; i < g->threads; i++)
        g->thread[i] = thread_start("gop", ROLE_ANY, run, g);
    return g;
}

static void join(struct gops *g)
{
    for (size_t i = 0; i < g->threads; i++)
        pthread_join(g->thread[i], NULL);
    g->threads = 0;
}

void gops_free(struct gops *g)
{
    if (!g)
        return;
    stop(g, OK, "");
    join(g);
    for (size_t i = 0; i < g->gops; i++) {
        struct gop *gop = &g->gop[i];
        for (size_t k = gop->taken; k < gop->count; k++)
            av_frame_free(&gop->queue[k].picture);
        for (size_t r = 0; r < g->rungs; r++)
            buf_done(&gop->piece[r]);
        free(gop->queue);
    }
    pthread_cond_destroy(&g->changed);
    pthread_mutex_destroy(&g->lock);
    free(g->gop);
    free(g);
}

enum err gops_push(struct gops *g, size_t rung, AVFrame *picture)
{
    scoped(av_frame) AVFrame *f = picture;
    if (g->rung[rung].is_iframe && g->has_iframe[rung])
        return OK;
    g->has_iframe[rung] = true;
    HOLD(&g->lock);
    while (!g->is_over && g->waiting_bytes > WAITING_BYTES_MAX)
        pthread_cond_wait(&g->changed, &g->lock);
    if (g->is_over)
        return fail(g->result == OK ? ERR_IO : g->result, "%s", g->why);
    struct gop *gop = &g->gop[g->filling];
    g->waiting_bytes += bytes_of(f);
    struct waiting w = {take(f), rung};
    PUSH(gop->queue, gop->count, gop->capacity, w);
    pthread_cond_broadcast(&g->changed);
    return OK;
}

void gops_close(struct gops *g)
{
    HOLD(&g->lock);
    g->gop[g->filling++].is_closed = true;
    pthread_cond_broadcast(&g->changed);
}

enum err gops_finish(struct gops *g)
{
    join(g);
    if (g->result != OK)
        return fail(g->result, "%s", g->why);
    for (size_t i = 0; i < g->gops; i++)
        for (size_t r = 0; r < g->rungs; r++)
            buf_str(g->rung[r].out, buf_view(&g->gop[i].piece[r]));
    for (size_t r = 0; r < g->rungs; r++)
        TRY(buf_end(g->rung[r].out));
    return OK;
}
