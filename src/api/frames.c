// SPDX-License-Identifier: MIT
// frames.c - POST .../frames: a picture of a video becomes an image asset.
//
//   the still as a piece --> its bytes a new source --> probed --> READY
//
// The image has bytes of its own: it stays when the video goes, and keeps
// nothing of it. All of it runs on the pool of
// what waits for workers.
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <time.h>

#include "reeld/api/face.h"
#include "reeld/base/clock.h"
#include "reeld/base/fd.h"
#include "reeld/base/mem.h"
#include "reeld/model/image.h"
#include "reeld/play.h"

#include "asset_view.h"
#include "task.h"

struct pool *api_slow_pool(struct api *a)
{
    return a->slow_pool;
}

// ---- waiting for the jobs room ---------------------------------------------

struct wait {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    // Guarded by lock.
    bool is_told;
    enum err result;
    char detail[REFUSAL_DETAIL_BYTES];
    struct blob *bytes; // owned
};

static void told(void *context, enum err result, const char *detail,
                 struct blob *bytes)
{
    struct wait *w = context;
    HOLD(&w->lock);
    w->is_told = true;
    w->result = result;
    w->bytes = bytes;
    str_copy(w->detail, sizeof(w->detail), str_of(detail));
    pthread_cond_signal(&w->changed);
}

static void wait_until(struct wait *w, int64_t wait_us)
{
    struct timespec end;
    clock_gettime(CLOCK_MONOTONIC, &end);
    int64_t us = end.tv_nsec / 1000 + wait_us;
    end.tv_sec += us / 1000000;
    end.tv_nsec = us % 1000000 * 1000;
    HOLD(&w->lock);
    int late = 0;
    while (!w->is_told && late == 0)
        late = pthread_cond_clockwait(&w->changed, &w->lock, CLOCK_MONOTONIC,
                                      &end);
}

// Starts by `piece`, or with the probe of `asset`. As with api_forget_jobs():
// nothing is asked of the jobs room once it is about to stop; who asked before
// is told.
static enum err ask(struct api *a, const struct piece *piece,
                    const struct id *asset, struct wait *w,
                    struct jobs_waiter **ret)
{
    HOLD(&a->stop_lock);
    if (atomic_load(&a->is_stopping))
        return fail(ERR_BUSY, "reeld stops");
    return piece ? jobs_want(a->jobs, piece, told, w, ret)
                 : jobs_probe(a->jobs, asset, told, w, ret);
}

// *ret_bytes is NULL after a probe.
static enum err wait_for(struct api *a, const struct piece *piece,
                         const struct id *asset, struct blob **ret_bytes)
{
    struct wait w = {.lock = PTHREAD_MUTEX_INITIALIZER,
                     .changed = PTHREAD_COND_INITIALIZER};
    struct jobs_waiter *waiter = NULL;
    TRY(ask(a, piece, asset, &w, &waiter));
    wait_until(&w, a->o.segment_wait_us);
    jobs_hang_up(a->jobs, waiter); // told() is not running any more
    pthread_cond_destroy(&w.changed);
    pthread_mutex_destroy(&w.lock);
    if (!w.is_told)
        return fail(ERR_TIMEOUT, "the picture is still being made");
    if (w.result != OK)
        return fail(w.result, "%s", w.detail);
    *ret_bytes = w.bytes;
    return OK;
}

// ---- making ----------------------------------------------------------------

static enum err find_still(const struct asset *video, int64_t at_us,
                           struct piece *ret)
{
    if (video->state != ASSET_READY)
        return fail(ERR_CONFLICT, "the asset is %s",
                    asset_state_name(video->state));
    if (video->kind == ASSET_IMAGE)
        return fail(ERR_UNSUPPORTED, "the asset is an image");
    if (!image_has_pictures(video))
        return fail(ERR_UNSUPPORTED, "the asset has no pictures");
    int64_t end_us = plan_duration_us(video->plan);
    if (at_us < 0 || at_us >= end_us)
        return fail(ERR_BAD_INPUT,
                    "is outside of the video, which lasts %" PRId64
                    ".%06" PRId64 " s",
                    end_us / 1000000, end_us % 1000000);
    scoped(play_show) const struct play_show *show = NULL;
    struct play_path path;
    TRY(play_show_of_asset(video, &show));
    TRY(play_parse(show, STR("thumbnail.jpg"), false, &path));
    path.image.at_us = at_us;
    path.image.width = IMAGE_WIDTH_MAX; // the largest there is
    return play_piece_of(show, &path, ret);
}

static enum err get_still(struct api *a, const struct asset *video,
                          int64_t at_us, struct blob **ret)
{
    scoped(piece) struct piece still = {0};
    TRY(find_still(video, at_us, &still));
    enum err e = play_piece(a->catalog, a->store, &still, ret);
    return e == ERR_NOT_FOUND ? wait_for(a, &still, NULL, ret) : e;
}

static struct asset *describe(const struct asset *video, int64_t at_us,
                              struct str name, const struct blob *bytes)
{
    char title[ASSET_NAME_BYTES], metadata[128], length[32];
    snprintf(length, sizeof(length), "%" PRId64 ".%06" PRId64, at_us / 1000000,
             at_us % 1000000);
    snprintf(metadata, sizeof(metadata), "{\"frame_of\":\"%s\",\"time\":%s}",
             video->id.text, length);
    str_copy(title, sizeof(title), name.len > 0 ? name : str_of(video->name));
    struct asset *image = asset_new();
    image->id = id_new(asset_kind_prefix(ASSET_IMAGE));
    image->state = ASSET_UPLOADED;
    image->kind = ASSET_IMAGE;
    image->name = mem_text(title);
    image->description = mem_text("");
    image->collection = mem_text(video->collection);
    image->metadata = mem_text(metadata);
    image->filename = mem_text("frame.jpg");
    image->created_us = clock_wall_us();
    image->size_bytes = (int64_t)bytes->len;
    image->source = hash_of(bytes->bytes, bytes->len);
    return image;
}

static enum err keep(struct api *a, const struct asset *image,
                     const struct blob *bytes)
{
    scoped(store_writer) struct store_writer *w = NULL;
    TRY(store_begin(a->store, (int64_t)bytes->len, &w));
    TRY(fd_write_all(store_writer_fd(w), bytes->bytes, bytes->len));
    return api_add_asset(a, image, take(w));
}

enum err api_make_frame(struct api *a, const struct asset *video, int64_t at_us,
                        struct str name, const struct asset **ret)
{
    scoped(blob) struct blob *bytes = NULL, *none = NULL;
    TRY(get_still(a, video, at_us, &bytes));
    scoped(asset) const struct asset *image =
        describe(video, at_us, name, bytes);
    TRY(keep(a, image, bytes));
    // Should it take too long, the asset is there and its probe is owed.
    enum err e = wait_for(a, NULL, &image->id, &none);
    if (e != OK && e != ERR_TIMEOUT)
        return e;
    return catalog_asset(a->catalog, &image->id, ret);
}

// ---- POST .../frames -------------------------------------------------------

static void reply_failure(struct task *t, enum err e)
{
    struct faults faults = {0};
    if (e != ERR_BAD_INPUT) {
        reply_not_made(&t->reply, e);
        return;
    }
    faults_add(&faults, STR("time"), "%s", fail_text());
    reply_faults(&t->reply, &faults);
}

static void make(struct task *t, const struct asset *video, struct fields *f)
{
    int64_t at_us = -1;
    struct str name = STR("");
    fields_seconds(f, "time", &at_us);
    fields_text(f, "name", TEXT_LINE, ASSET_NAME_BYTES - 1, &name);
    enum err e = fields_end(f);
    if (e != OK) {
        reply_fields_error(&t->reply, f, e);
        return;
    }
    if (at_us < 0 && video->state == ASSET_READY)
        at_us = scale_floor(plan_duration_us(video->plan), IMAGE_PERCENT, 100);
    scoped(asset) const struct asset *image = NULL;
    e = api_make_frame(t->api, video, at_us, name, &image);
    if (e == OK)
        asset_reply(t->api, image, image->state == ASSET_READY ? 201 : 202,
                    &t->reply);
    else
        reply_failure(t, e);
}

static void frame(struct task *t)
{
    scoped(asset) const struct asset *video = NULL;
    if (!asset_find(t->api, str_of(t->id), &t->reply, &video))
        return;
    scoped(fields) struct fields f = {0};
    enum err e = fields_parse(task_body(t), &f);
    if (e == OK)
        make(t, video, &f);
    else
        reply_fields_error(&t->reply, &f, e);
}

void asset_frame(struct http_request *r)
{
    task_start_on(r, api_of(r)->slow_pool, frame);
}
