// SPDX-License-Identifier: MIT
// pull.c - one attempt of one pull, from the claim of its job to what becomes
// of it.
//
//   claim -> draft, its hash -> fetch the rest -> commit -> UPLOADED, a probe
//                 |                  |
//                 |                  +-> trouble: later, from there on
//                 +----------------------> never: REJECTED, no draft
//
// The draft goes on where it ends when its validator says that the resource is
// still the same; else it is begun anew.
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "courier.h"
#include "reeld/base/clock.h"
#include "reeld/base/fd.h"
#include "reeld/base/hash.h"
#include "reeld/base/log.h"
#include "reeld/base/math.h"
#include "reeld/base/mem.h"
#include "reeld/catalog/jobs.h"
#include "reeld/catalog/pulls.h"
#include "reeld/courier/backoff.h"
#include "reeld/store/claims.h"

static const int64_t TELL_US = 1000000; // progress goes to the catalog
enum { READ_BYTES = 1 << 16, WHY_BYTES = 400 };

struct pulling {
    struct courier *courier;
    struct job job;
    struct pull pull;
    struct store_writer *writer;
    struct hash *hash;
    int64_t size_bytes;  // in the draft
    int64_t total_bytes; // 0: not known
    int64_t told_us;
    int status; // the server's
    bool is_empty;
};

static void pulling_done(struct pulling *p)
{
    store_abandon(p->writer); // the draft stays
    hash_free(p->hash);
}
// In place, like struct buf.
static inline void scoped_release_pulling(struct pulling *held)
{
    pulling_done(held);
}

// ---- the draft -------------------------------------------------------------

static enum err hash_draft(struct pulling *p)
{
    int fd = store_writer_fd(p->writer);
    scoped(mem) uint8_t *part = NEW_ARRAY(READ_BYTES, uint8_t);
    TRY(fd_size(fd, &p->size_bytes));
    for (int64_t at = 0; at < p->size_bytes;) {
        size_t len = (size_t)min_i64(READ_BYTES, p->size_bytes - at);
        TRY(fd_pread_all(fd, part, len, at));
        hash_add(p->hash, part, len);
        at += (int64_t)len;
    }
    return OK;
}

static enum err open_draft(struct pulling *p)
{
    struct store *s = p->courier->store;
    p->hash = hash_new();
    enum err e = ERR_NOT_FOUND;
    if (p->pull.validator[0])
        e = store_draft(s, &p->job.asset, false, 0, &p->writer);
    if (e == ERR_NOT_FOUND)
        return store_draft(s, &p->job.asset, true, 0, &p->writer);
    TRY(e);
    return hash_draft(p);
}

static enum err begin_anew(struct pulling *p)
{
    int fd = store_writer_fd(p->writer);
    if (ftruncate(fd, 0) != 0 || lseek(fd, 0, SEEK_SET) != 0)
        return fail_errno(ERR_IO, "empty the draft of %s", p->job.asset.text);
    hash_free(p->hash);
    p->hash = hash_new();
    p->size_bytes = 0;
    return OK;
}

// ---- what comes ------------------------------------------------------------

// A weak ETag does not promise the same bytes (RFC 9110 section 8.8.1).
static const char *validator_of(const struct fetch_head *h)
{
    bool is_strong = h->etag[0] == '"';
    return is_strong ? h->etag : h->modified;
}

// Like an upload that announces its length: refused before any of it comes.
static enum err check_space(const struct pulling *p)
{
    int64_t free_bytes, all_bytes;
    TRY(store_space(p->courier->store, &free_bytes, &all_bytes));
    int64_t need = max_i64(p->total_bytes - p->size_bytes, 0);
    if (need > free_bytes - p->courier->options.keep_free_bytes)
        return fail(ERR_NO_SPACE, "the disk has no room for %" PRId64 " bytes",
                    need);
    return OK;
}

static enum err on_head(void *context, const struct fetch_head *h)
{
    struct pulling *p = context;
    const char *validator = validator_of(h);
    if (h->from != p->size_bytes)
        TRY(begin_anew(p));
    if (h->from == 0) {
        TRY(catalog_pull_validator(p->courier->catalog, &p->job.asset,
                                   validator));
        str_copy(p->pull.validator, sizeof(p->pull.validator),
                 str_of(validator));
        // From here on it is a draft that outlives its writer.
        TRY(store_sync(p->writer));
    }
    p->total_bytes = max_i64(h->total_bytes, 0);
    return check_space(p);
}

static enum err on_data(void *context, const void *bytes, size_t len)
{
    struct pulling *p = context;
    if ((int64_t)len > p->courier->options.upload_limit_bytes - p->size_bytes)
        return fail(ERR_TOO_LARGE, "it has more than %" PRId64 " bytes",
                    p->courier->options.upload_limit_bytes);
    TRY(fd_write_all(store_writer_fd(p->writer), bytes, len));
    hash_add(p->hash, bytes, len);
    p->size_bytes += (int64_t)len;
    store_writer_push(p->writer, p->size_bytes);
    return OK;
}

// The catalog is told how far it is, and tells whether it is still wanted.
static bool is_cancelled(void *context)
{
    struct pulling *p = context;
    if (atomic_load(&p->courier->is_stopping))
        return true;
    int64_t now_us = clock_now_us();
    if (now_us < p->told_us + TELL_US)
        return false;
    p->told_us = now_us;
    return catalog_job_progress(p->courier->catalog, &p->job.id, p->size_bytes,
                                p->total_bytes) == ERR_CONFLICT;
}

// What another status than 200 and 206 means for the next attempt.
static enum err judge(const struct pulling *p)
{
    int status = p->status;
    if (status == 200 || status == 206)
        return OK;
    bool is_passing =
        status >= 500 || status == 408 || status == 425 || status == 429;
    return fail(is_passing ? ERR_BUSY : ERR_NOT_FOUND,
                "the server answers with status %d", status);
}

static enum err fetch_rest(struct pulling *p)
{
    const struct courier_options *o = &p->courier->options;
    struct fetch_request q = {
        .url = p->pull.url,
        .redirects = o->pull_redirects,
        .timeout_us = o->pull_timeout_us,
        .stall_us = o->pull_stall_us,
        .most_bytes = o->upload_limit_bytes,
        .from = p->size_bytes,
        .if_range = p->pull.validator,
        .head = on_head,
        .data = on_data,
        .is_cancelled = is_cancelled,
        .context = p,
    };
    TRY(fetch_run(p->courier->fetcher, &q, &p->status));
    // Nothing lies behind the last byte: all of it is here already, or it is
    // another resource now. The next attempt begins anew.
    if (p->status == 416) {
        TRY(begin_anew(p));
        return fail(ERR_BUSY, "the server has no such range");
    }
    return judge(p);
}

// ---- what becomes of it ----------------------------------------------------

static enum err publish(struct pulling *p)
{
    struct courier *c = p->courier;
    p->is_empty = p->size_bytes == 0;
    if (p->is_empty)
        return fail(ERR_UNSUPPORTED, "the file is empty");
    TRY(catalog_job_progress(c->catalog, &p->job.id, p->size_bytes,
                             p->size_bytes));
    struct digest source = hash_end(p->hash);
    claims_share(store_claims(c->store), &source);
    enum err e = store_commit(take(p->writer), &source);
    if (e == OK)
        e = catalog_pull_done(c->catalog, &p->job, &source, p->size_bytes);
    claims_release(store_claims(c->store), &source);
    return e;
}

static enum err pull(struct pulling *p)
{
    TRY(catalog_pull(p->courier->catalog, &p->job.asset, &p->pull));
    TRY(open_draft(p));
    TRY(fetch_rest(p));
    return publish(p);
}

static void drop_draft(struct pulling *p)
{
    store_abandon(take(p->writer));
    enum err e = store_remove_draft(p->courier->store, &p->job.asset);
    // What stays is the sweep's: no asset waits for it.
    if (e != OK && e != ERR_NOT_FOUND)
        log_warn("pull.draft_stays asset=%s error=%s", p->job.asset.text,
                 err_name(e));
}

// Clients see why, but not what fails in this machine.
static const char *code_of(const struct pulling *p, enum err e)
{
    if (p->is_empty)
        return "unsupported_media";
    switch (e) {
    case ERR_BAD_INPUT:
        return "pull_refused";
    case ERR_TOO_LARGE:
        return "too_large";
    case ERR_QUOTA:
        return "quota_exceeded";
    case ERR_NO_SPACE:
        return "no_space";
    case ERR_IO:
        return "internal";
    default:
        return "pull_failed";
    }
}

static bool may_pass(enum err e)
{
    return e == ERR_BUSY || e == ERR_TIMEOUT || e == ERR_NO_SPACE ||
           e == ERR_IO;
}

// A job whose row could not be written would stay RUNNING with nobody at it
// until the next start: the row is written when the machine lets it be.
static bool must_try_again(const struct pulling *p, enum err e)
{
    if (e == OK || e == ERR_CONFLICT || e == ERR_NOT_FOUND)
        return false;
    log_warn("pull.not_settled asset=%s error=%s", p->job.asset.text,
             err_name(e));
    return courier_pauses(p->courier);
}

static void give_up(struct pulling *p, enum err e, const char *why)
{
    drop_draft(p);
    enum err told;
    do
        told = catalog_pull_failed(p->courier->catalog, &p->job, code_of(p, e),
                                   why);
    while (must_try_again(p, told));
    if (told == ERR_CONFLICT)
        return; // cancelled or removed meanwhile
    char quoted[LOG_QUOTED_BYTES];
    log_info("pull.failed asset=%s code=%s why=%s", p->job.asset.text,
             code_of(p, e), log_quote(str_of(why), quoted));
}

static void put_back(struct pulling *p, const char *why, int64_t delay_us,
                     bool counts)
{
    enum err e;
    do
        e = catalog_move_job(p->courier->catalog, &p->job.id, JOB_RUNNING,
                             JOB_QUEUED, why, clock_wall_us() + delay_us,
                             counts);
    while (must_try_again(p, e));
    if (e == ERR_CONFLICT)
        drop_draft(p); // cancelled or removed meanwhile
}

static int64_t delay_of(const struct pulling *p)
{
    enum { DOUBLINGS_MAX = 8 };
    int64_t first_us = p->courier->options.retry_us;
    return backoff_us(first_us, first_us << DOUBLINGS_MAX, p->job.attempts);
}

static void settle(struct pulling *p, enum err e, const char *why)
{
    struct courier *c = p->courier;
    if (e == OK) {
        log_info("pull.done asset=%s bytes=%" PRId64, p->job.asset.text,
                 p->size_bytes);
        c->options.uploaded(c->options.context);
    } else if (atomic_load(&c->is_stopping)) {
        put_back(p, NULL, 0, false);
    } else if (e == ERR_CONFLICT ||
               (may_pass(e) &&
                (int)p->job.attempts < c->options.pull_attempts)) {
        put_back(p, why, delay_of(p), true);
    } else {
        give_up(p, e, why);
    }
}

bool pull_one(struct courier *c)
{
    scoped(pulling) struct pulling p = {.courier = c};
    enum err e = catalog_claim_job(c->catalog, JOB_PULL, &p.job);
    if (e != OK && e != ERR_NOT_FOUND)
        log_warn("pull.not_claimed error=%s text=\"%s\"", err_name(e),
                 fail_text());
    if (e != OK)
        return false;
    e = pull(&p);
    char why[WHY_BYTES];
    str_copy(why, sizeof(why), str_of(e == OK ? "" : fail_text()));
    if (e == ERR_IO) {
        log_warn("pull.failed asset=%s text=\"%s\"", p.job.asset.text, why);
        str_copy(why, sizeof(why), STR("something inside the server failed"));
    }
    settle(&p, e, why);
    return true;
}
