// SPDX-License-Identifier: MIT
// making.c - downloads: joined, begun, remembered, dropped.
#include "making.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "crew.h"
#include "reeld/base/clock.h"
#include "reeld/base/log.h"
#include "reeld/base/mem.h"
#include "reeld/base/thread.h"

// Long enough for whoever asks now and then how far it is.
static const int64_t FAILED_KEPT_US = 60 * INT64_C(1000000);

enum { GATHERED_PERMILLE = 950, GATHERED_MP3_PERMILLE = 400 };

static struct making *find(const struct jobs *j, const struct digest *key)
{
    struct making *m;
    HASH_FIND(hh, j->makings, key, sizeof *key, m);
    return m;
}

static void free_making(struct making *m)
{
    store_abandon(m->parts);
    store_abandon(m->whole);
    blob_unref(m->head);
    download_unref(m->download);
    free(m->list);
    free(m->origins);
    free(m);
}

// While an errand holds it, it stays, found by nobody; the errand's end calls
// again.
static void drop(struct jobs *j, struct making *m)
{
    gather_let_go(j, m);
    if (m->request)
        request_forget_making(j, m->request);
    m->request = NULL;
    if (!m->is_dropped)
        HASH_DEL(j->makings, m);
    m->is_dropped = true;
    if (m->errands == 0)
        free_making(m);
}

bool making_errand_is_back(struct jobs *j, struct making *m)
{
    m->errands--;
    if (m->is_dropped && m->errands == 0)
        free_making(m);
    else
        return !m->is_dropped;
    (void)j;
    return false;
}

static void tell_all(struct making *m, enum err result, const char *detail)
{
    while (m->waiters) {
        struct jobs_waiter *w = m->waiters;
        DL_DELETE(m->waiters, w);
        w->making = NULL;
        waiter_tell(w, result, detail, NULL);
    }
}

void making_note(struct making *m, enum err trouble, const char *why)
{
    if (m->trouble != OK)
        return; // the first one counts
    m->trouble = trouble;
    str_copy(m->why, sizeof m->why, str_of(why));
}

void making_fail(struct jobs *j, struct making *m, enum err result,
                 const char *why)
{
    char hex[HASH_HEX_BYTES], quoted[LOG_QUOTED_BYTES];
    digest_hex(&m->download->key, hex);
    log_warn("download.failed key=%s code=%s why=%s", hex, err_name(result),
             log_quote(str_of(why), quoted));
    str_copy(m->why, sizeof m->why, str_of(why));
    gather_let_go(j, m);
    m->state = MAKING_FAILED;
    m->result = result;
    m->forget_at_us = clock_now_us() + FAILED_KEPT_US;
    // The room is wanted by others.
    if (m->errands == 0) {
        store_abandon(take(m->parts));
        store_abandon(take(m->whole));
    }
    tell_all(m, result, m->why);
}

void making_done(struct jobs *j, struct making *m)
{
    char hex[HASH_HEX_BYTES];
    digest_hex(&m->download->key, hex);
    log_info("download.made key=%s bytes=%lld", hex, (long long)m->bytes);
    tell_all(m, OK, "");
    drop(j, m);
}

// ---- joining and leaving ---------------------------------------------------

static struct making *begin(struct jobs *j, const struct download *d)
{
    struct making *m = NEW(struct making);
    m->download = download_ref(d);
    HASH_ADD_KEYPTR(hh, j->makings, &m->download->key, sizeof d->key, m);
    return m;
}

static bool has_room(const struct jobs *j)
{
    int count = 0;
    for (const struct making *m = j->makings; m; m = m->hh.next)
        count += m->state != MAKING_FAILED;
    return count < j->options.downloads + j->options.downloads_waiting;
}

void making_join(struct jobs *j, struct jobs_waiter *w)
{
    struct making *m = find(j, &w->download->key);
    if (m && m->state == MAKING_FAILED) {
        waiter_tell(w, m->result, m->why, NULL);
        return;
    }
    if (!m && flight_is_made(j, &w->download->key)) {
        waiter_tell(w, OK, "", NULL);
        return;
    }
    if (!m && !has_room(j)) {
        waiter_tell(w, ERR_BUSY, "too many downloads are being made", NULL);
        return;
    }
    if (!m)
        m = begin(j, w->download);
    w->making = m;
    DL_APPEND(m->waiters, w);
}

// The making goes on: whoever asks again finds it further on.
void making_leave(struct jobs *j, struct jobs_waiter *w)
{
    (void)j;
    if (!w->making)
        return;
    DL_DELETE(w->making->waiters, w);
    w->making = NULL;
}

// ---- looking ---------------------------------------------------------------

static int count_active(const struct jobs *j)
{
    int count = 0;
    for (const struct making *m = j->makings; m; m = m->hh.next)
        count += m->state != MAKING_WAITING && m->state != MAKING_FAILED;
    return count;
}

static void look_at(struct jobs *j, struct making *m, int64_t now_us)
{
    if (m->state == MAKING_FAILED) {
        if (m->errands == 0 && now_us >= m->forget_at_us)
            drop(j, m);
        return;
    }
    if (m->trouble != OK && m->errands == 0) {
        char why[sizeof m->why];
        memcpy(why, m->why, sizeof why);
        making_fail(j, m, m->trouble, why);
        return;
    }
    if (m->state == MAKING_WAITING && count_active(j) < j->options.downloads)
        m->state = MAKING_GATHERING;
    if (m->state == MAKING_GATHERING)
        gather_look(j, m);
}

static int32_t permille_of(const struct making *m)
{
    const struct download *d = m->download;
    int32_t gathered = d->container == DOWNLOAD_MP3 ? GATHERED_MP3_PERMILLE
                                                    : GATHERED_PERMILLE;
    int64_t done = scale_floor((int64_t)m->listed, gathered, d->parts);
    if (m->state == MAKING_RUNNING)
        done = gathered + scale_floor(finish_permille(m), 999 - gathered, 1000);
    if (m->state == MAKING_STORING)
        done = 999;
    return (int32_t)done;
}

// What other threads may know.
static void show(struct jobs *j)
{
    size_t count = HASH_COUNT(j->makings), at = 0;
    struct shown_making *fresh =
        j->makings ? NEW_ARRAY(count, struct shown_making) : NULL;
    for (const struct making *m = j->makings; m; m = m->hh.next) {
        struct shown_making *s = &fresh[at++];
        bool is_failed = m->state == MAKING_FAILED;
        s->key = m->download->key;
        s->progress.state =
            is_failed ? JOBS_DOWNLOAD_FAILED : JOBS_DOWNLOAD_MAKING;
        s->progress.permille = permille_of(m);
        s->progress.result = m->result;
        memcpy(s->progress.why, m->why, sizeof s->progress.why);
    }
    struct shown_making *old;
    {
        HOLD(&j->lock);
        old = j->shown_makings;
        j->shown_makings = fresh;
        j->shown_making_count = count;
    }
    free(old);
}

void makings_look(struct jobs *j, int64_t now_us)
{
    struct making *m, *next;
    HASH_ITER (hh, j->makings, m, next)
        look_at(j, m, now_us);
    if (j->makings || j->shown_makings)
        show(j);
}

void makings_forget(struct jobs *j, const struct id *asset)
{
    struct making *m, *next;
    HASH_ITER (hh, j->makings, m, next) {
        if (!download_shows(m->download, asset))
            continue;
        tell_all(m, ERR_NOT_FOUND, "the asset is gone");
        drop(j, m);
    }
}

void makings_stop(struct jobs *j)
{
    struct making *m, *next;
    HASH_ITER (hh, j->makings, m, next) {
        tell_all(m, ERR_BUSY, "reeld stops");
        gather_let_go(j, m);
    }
}

void makings_end(struct jobs *j)
{
    struct making *m, *next;
    HASH_ITER (hh, j->makings, m, next)
        drop(j, m);
    free(j->shown_makings);
    j->shown_makings = NULL;
}
