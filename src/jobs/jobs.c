// SPDX-License-Identifier: MIT
// jobs.c - the door: callers' side of every function, handed to the crew.
#include "reeld/jobs.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <utlist.h>

#include "crew.h"
#include "making.h"
#include "reeld/base/fd.h"
#include "reeld/base/mem.h"
#include "reeld/base/thread.h"

// ---- start and stop --------------------------------------------------------

static void free_jobs(struct jobs *j)
{
    if (!j)
        return;
    inbox_done(&j->inbox);
    fd_close(j->epoll_fd);
    struct worker *w, *next;
    DL_FOREACH_SAFE (j->workers, w, next)
        free(w);
    pthread_cond_destroy(&j->changed);
    pthread_mutex_destroy(&j->lock);
    free(j->cache.used);
    free((char *)(uintptr_t)j->options.worker_path); // our own copy
    free(j);
}
DEFINE_SCOPED(jobs, struct jobs *, free_jobs)

static enum err open_jobs(struct jobs *j, const struct jobs_options *o)
{
    j->options = *o;
    j->options.worker_path = mem_text(o->worker_path);
    pthread_mutex_init(&j->lock, NULL);
    pthread_cond_init(&j->changed, NULL);
    j->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (j->epoll_fd < 0)
        return fail_errno(ERR_IO, "epoll");
    return inbox_open(&j->inbox);
}

static enum err wait_for_start(struct jobs *j)
{
    HOLD(&j->lock);
    while (j->start == START_PENDING)
        pthread_cond_wait(&j->changed, &j->lock);
    if (j->start == START_FAILED)
        return fail(ERR_IO, "no worker: %s", j->start_text);
    return OK;
}

enum err jobs_start(const struct jobs_options *o, struct store *s,
                    struct catalog *c, struct pool *pool, struct jobs **ret)
{
    assert(o->workers >= 1 && o->attempts >= 1 && o->worker_threads >= 1 &&
           o->image_workers >= 1);
    scoped(jobs) struct jobs *j = NEW(struct jobs);
    j->inbox.event_fd = -1;
    j->store = s;
    j->catalog = c;
    j->pool = pool;
    TRY(open_jobs(j, o));
    TRY(catalog_requeue_jobs(c));
    j->thread = thread_start("crew", ROLE_CREW, crew_run, j);
    enum err result = wait_for_start(j);
    if (result != OK) {
        scoped(mem) char *why = mem_text(fail_text());
        jobs_stop(take(j));
        return fail(result, "%s", why);
    }
    *ret = take(j);
    return OK;
}

static void stop_crew(struct jobs *j, struct note *n)
{
    j->is_stopping = true;
    free(n);
}

static void post(struct jobs *j, struct note *n)
{
    // Refused only by a crew that has ended: it has told everybody by then.
    if (!inbox_post(&j->inbox, n))
        free(n);
}

void jobs_stop(struct jobs *j)
{
    if (!j)
        return;
    struct note *n = NEW(struct note);
    n->run = stop_crew;
    post(j, n);
    pthread_join(j->thread, NULL);
    ladder_give_back(j);
    drop_give_back(j);
    probes_give_back(j);
    free_jobs(j);
}

// ---- wanting and leaving ---------------------------------------------------

static void want(struct jobs *j, struct note *n)
{
    struct jobs_waiter *w =
        (struct jobs_waiter *)((char *)n -
                               offsetof(struct jobs_waiter, want_note));
    if (j->is_stopping) {
        waiter_tell(w, ERR_BUSY, "reeld stops", NULL);
        return;
    }
    if (w->download) {
        making_join(j, w);
        return;
    }
    if (!w->piece.asset) {
        probe_join(j, w);
        return;
    }
    // Joining may end the waiter's life.
    scoped(piece) struct piece piece = {0};
    piece_copy(&w->piece, &piece);
    flight_join(j, w);
    ahead_of(j, &piece);
}

static void leave(struct jobs *j, struct note *n)
{
    struct jobs_waiter *w =
        (struct jobs_waiter *)((char *)n -
                               offsetof(struct jobs_waiter, leave_note));
    bool was_told = !w->flight && !w->probe && !w->making;
    flight_leave(j, w);
    making_leave(j, w);
    probe_leave(j, w);
    if (!was_told) {
        atomic_fetch_sub(&j->waiting, 1);
        waiter_release(w); // the crew's hold
    }
    waiter_release(w); // the note's
}

// The waiter with a hold for the crew and one for the caller.
static enum err new_waiter(struct jobs *j, jobs_done *done, void *context,
                           struct jobs_waiter **ret)
{
    if (atomic_fetch_add(&j->waiting, 1) >= WAITERS_MAX) {
        atomic_fetch_sub(&j->waiting, 1);
        return fail(ERR_BUSY, "%d wait already", WAITERS_MAX);
    }
    struct jobs_waiter *w = waiter_new(j, done, context);
    atomic_fetch_add(&w->holders, 1);
    w->urgency = URGENCY_NOW;
    w->want_note.run = want;
    w->leave_note.run = leave;
    *ret = w;
    return OK;
}

static void discard_waiter(struct jobs *j, struct jobs_waiter *w)
{
    atomic_fetch_sub(&j->waiting, 1);
    waiter_release(w);
    waiter_release(w);
}

static enum err post_waiter(struct jobs *j, struct jobs_waiter *w,
                            struct jobs_waiter **ret)
{
    // Set first: `done` may run before this returns.
    *ret = w;
    if (inbox_post(&j->inbox, &w->want_note))
        return OK;
    *ret = NULL;
    discard_waiter(j, w);
    return fail(ERR_BUSY, "reeld stops");
}

enum err jobs_want(struct jobs *j, const struct piece *piece, jobs_done *done,
                   void *context, struct jobs_waiter **ret)
{
    struct jobs_waiter *w;
    TRY(new_waiter(j, done, context, &w));
    piece_copy(piece, &w->piece);
    if (piece->kind == PIECE_IMAGE)
        w->urgency = URGENCY_IMAGE;
    return post_waiter(j, w, ret);
}

enum err jobs_probe(struct jobs *j, const struct id *asset, jobs_done *done,
                    void *context, struct jobs_waiter **ret)
{
    struct jobs_waiter *w;
    TRY(new_waiter(j, done, context, &w));
    w->asset = *asset;
    return post_waiter(j, w, ret);
}

enum err jobs_want_download(struct jobs *j, const struct download *d,
                            jobs_done *done, void *context,
                            struct jobs_waiter **ret)
{
    struct jobs_waiter *w;
    TRY(new_waiter(j, done, context, &w));
    w->download = download_ref(d);
    return post_waiter(j, w, ret);
}

// True when `done` will not run and the crew was told to take the waiter off.
static bool has_left(struct jobs_waiter *w)
{
    HOLD(&w->lock);
    if (w->is_over)
        return false;
    w->is_over = true;
    // Within the lock: a crew that ends tells this waiter first, and so cannot
    // be gone before the note is in its inbox.
    return inbox_post(&w->jobs->inbox, &w->leave_note);
}

void jobs_hang_up(struct jobs *j, struct jobs_waiter *w)
{
    (void)j; // it may be gone, if it told the waiter
    if (!w)
        return;
    // One more hold, for the note: the crew may be through with it before this
    // thread has let go of the lock.
    atomic_fetch_add(&w->holders, 1);
    if (!has_left(w))
        waiter_release(w);
    waiter_release(w);
}

// ---- words to the crew -----------------------------------------------------

struct piece_note {
    struct note note;
    struct piece piece;
};

static void saw(struct jobs *j, struct note *n)
{
    struct piece_note *s = (struct piece_note *)n;
    if (!j->is_stopping) {
        cache_used(j, &s->piece.key);
        ahead_of(j, &s->piece);
    }
    piece_done(&s->piece);
    free(s);
}

static void prefetch(struct jobs *j, struct note *n)
{
    struct piece_note *s = (struct piece_note *)n;
    // Manifests are cheap to ask for, each of other clips.
    if (!j->is_stopping && j->queued[URGENCY_EDGE] < PREFETCHES_MAX)
        flight_ahead(j, &s->piece, URGENCY_EDGE);
    piece_done(&s->piece);
    free(s);
}

static void post_piece(struct jobs *j, const struct piece *piece,
                       void (*run)(struct jobs *j, struct note *n))
{
    struct piece_note *s = NEW(struct piece_note);
    s->note.run = run;
    piece_copy(piece, &s->piece);
    if (!inbox_post(&j->inbox, &s->note)) {
        piece_done(&s->piece);
        free(s);
    }
}

void jobs_saw(struct jobs *j, const struct piece *piece)
{
    if (ahead_is_news(j, piece, AHEAD_SEEN))
        post_piece(j, piece, saw);
}

// What the crew would not take does not wake it either.
static bool takes_prefetches(struct jobs *j)
{
    HOLD(&j->lock);
    return j->shown.waiting[URGENCY_EDGE] < PREFETCHES_MAX;
}

void jobs_prefetch(struct jobs *j, const struct piece *piece)
{
    if (takes_prefetches(j) && ahead_is_news(j, piece, AHEAD_PREFETCH))
        post_piece(j, piece, prefetch);
}

struct download_wish jobs_download_wish(struct jobs *j,
                                        enum download_container container,
                                        struct str rung)
{
    // The build is set before jobs_start() returns and never changes.
    return (struct download_wish){.container = container,
                                  .rung = rung,
                                  .mp3_bps = j->options.mp3_bps,
                                  .build = j->counts.build};
}

static void nobody_waits(void *context, enum err result, const char *detail,
                         struct blob *piece)
{
    (void)context;
    (void)result;
    (void)detail;
    blob_unref(piece);
}

void jobs_download_start(struct jobs *j, const struct download *d)
{
    struct jobs_waiter *w;
    // Refused only when it may not be made now, which the door says.
    if (jobs_want_download(j, d, nobody_waits, NULL, &w) == OK)
        jobs_hang_up(j, w);
}

static bool find_shown(struct jobs *j, const struct digest *key,
                       struct jobs_download *ret)
{
    HOLD(&j->lock);
    for (size_t i = 0; i < j->shown_making_count; i++)
        if (digest_eq(&j->shown_makings[i].key, key)) {
            *ret = j->shown_makings[i].progress;
            return true;
        }
    return false;
}

enum err jobs_download(struct jobs *j, const struct download *d,
                       struct jobs_download *ret)
{
    struct piece_fact fact;
    enum err result = catalog_piece(j->catalog, &d->key, &fact);
    if (result == OK)
        *ret = (struct jobs_download){JOBS_DOWNLOAD_READY, .permille = 1000};
    else if (result != ERR_NOT_FOUND)
        return result;
    else if (!find_shown(j, &d->key, ret))
        *ret = (struct jobs_download){.state = JOBS_DOWNLOAD_ABSENT};
    return OK;
}

static void look(struct jobs *j, struct note *n)
{
    j->probing.claim_at_us = 0;
    j->ladder.claim_at_us = 0;
    j->dropping.claim_at_us = 0;
    free(n);
}

void jobs_look(struct jobs *j)
{
    struct note *n = NEW(struct note);
    n->run = look;
    post(j, n);
}

struct forget_note {
    struct note note;
    struct id asset;
};

static void forget(struct jobs *j, struct note *n)
{
    struct forget_note *f = (struct forget_note *)n;
    if (!j->is_stopping) {
        ladder_forget(j, &f->asset);
        probes_forget(j, &f->asset);
        makings_forget(j, &f->asset);
        flights_forget(j, &f->asset);
    }
    free(f);
}

static void stop_ladder(struct jobs *j, struct note *n)
{
    struct forget_note *f = (struct forget_note *)n;
    if (!j->is_stopping)
        ladder_forget(j, &f->asset);
    free(f);
}

static void post_about(struct jobs *j, const struct id *asset,
                       void (*run)(struct jobs *j, struct note *n))
{
    struct forget_note *f = NEW(struct forget_note);
    f->note.run = run;
    f->asset = *asset;
    post(j, &f->note);
}

void jobs_forget(struct jobs *j, const struct id *asset)
{
    post_about(j, asset, forget);
}

void jobs_stop_ladder(struct jobs *j, const struct id *asset)
{
    post_about(j, asset, stop_ladder);
}

struct jobs_counts jobs_counts(struct jobs *j)
{
    HOLD(&j->lock);
    return j->shown;
}
