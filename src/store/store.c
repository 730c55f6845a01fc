// SPDX-License-Identifier: MIT
// store.c - the door of the store: hands each call to the implementation.
#include "reeld/store.h"

#include <assert.h>
#include <fcntl.h>
#include <unistd.h>

#include "reeld/base/fd.h"
#include "reeld/base/mem.h"
#include "reeld/base/thread.h"
#include "reeld/store/claims.h"

struct store {
    const struct store_ops *ops;
    void *self;
    struct claims *claims;
};

struct store_writer {
    struct store *store;
    void *writer; // the implementation's
    int fd;
    int64_t pushed_bytes; // already on their way to the disk
};

// Enough that the disk is kept busy, little enough that the sync at the end is
// short.
static const int64_t push_bytes = 8 << 20;

struct store *store_new(const struct store_ops *ops, void *self)
{
    struct store *s = NEW(struct store);
    *s = (struct store){.ops = ops, .self = self, .claims = claims_new()};
    return s;
}

void store_free(struct store *s)
{
    if (!s)
        return;
    s->ops->free(s->self);
    claims_free(s->claims);
    free(s);
}

struct claims *store_claims(struct store *s)
{
    return s->claims;
}

enum err store_open(struct store *s, const struct digest *key, int *ret_fd)
{
    return s->ops->open(s->self, key, ret_fd);
}

static struct store_writer *writer_new(struct store *s, void *writer, int fd)
{
    struct store_writer *w = NEW(struct store_writer);
    *w = (struct store_writer){.store = s, .writer = writer, .fd = fd};
    return w;
}

enum err store_begin(struct store *s, int64_t size_hint_bytes,
                     struct store_writer **ret)
{
    void *writer;
    int fd;
    TRY(s->ops->begin(s->self, size_hint_bytes, &writer, &fd));
    *ret = writer_new(s, writer, fd);
    return OK;
}

enum err store_draft(struct store *s, const struct id *name, bool is_new,
                     int64_t size_hint_bytes, struct store_writer **ret)
{
    void *writer;
    int fd;
    TRY(s->ops->draft(s->self, name, is_new, size_hint_bytes, &writer, &fd));
    *ret = writer_new(s, writer, fd);
    return OK;
}

int store_writer_fd(const struct store_writer *w)
{
    return w->fd;
}

void store_writer_push(struct store_writer *w, int64_t written_bytes)
{
    int64_t fresh_bytes = written_bytes - w->pushed_bytes;
    if (fresh_bytes < push_bytes)
        return;
    // A failure shows again at the commit, whose fsync is what counts.
    ignore(sync_file_range(w->fd, w->pushed_bytes, fresh_bytes,
                           SYNC_FILE_RANGE_WRITE));
    w->pushed_bytes = written_bytes;
}

enum err store_commit(struct store_writer *w, const struct digest *key)
{
    assert_role(ROLE_MAIN | ROLE_POOL);
    scoped(mem) struct store_writer *held = w;
    return held->store->ops->commit(held->store->self, held->writer, key);
}

void store_abandon(struct store_writer *w)
{
    if (!w)
        return;
    w->store->ops->abandon(w->store->self, w->writer);
    free(w);
}

enum err store_sync(struct store_writer *w)
{
    assert_role(ROLE_MAIN | ROLE_POOL);
    return w->store->ops->sync(w->store->self, w->writer);
}

enum err store_read_draft(struct store *s, const struct id *name, int *ret_fd)
{
    return s->ops->read_draft(s->self, name, ret_fd);
}

enum err store_draft_size(struct store *s, const struct id *name,
                          int64_t *ret_bytes)
{
    assert_role(ROLE_MAIN | ROLE_POOL);
    scoped(fd) int fd = -1;
    TRY(store_read_draft(s, name, &fd));
    // In this order: what is told is what was synced.
    int64_t size_bytes;
    TRY(fd_size(fd, &size_bytes));
    if (fdatasync(fd) != 0)
        return fail_errno(ERR_IO, "sync draft %s", name->text);
    *ret_bytes = size_bytes;
    return OK;
}

enum err store_remove_draft(struct store *s, const struct id *name)
{
    assert_role(ROLE_MAIN | ROLE_POOL);
    return s->ops->remove_draft(s->self, name);
}

enum err store_sweep_drafts(struct store *s,
                            bool (*is_wanted)(void *context,
                                              const struct id *name),
                            void *context, int64_t *ret_removed)
{
    assert_role(ROLE_MAIN | ROLE_POOL);
    return s->ops->sweep_drafts(s->self, is_wanted, context, ret_removed);
}

enum err store_remove(struct store *s, const struct digest *key)
{
    assert_role(ROLE_MAIN | ROLE_POOL);
    return s->ops->remove(s->self, key);
}

enum err store_space(struct store *s, int64_t *ret_free_bytes,
                     int64_t *ret_total_bytes)
{
    return s->ops->space(s->self, ret_free_bytes, ret_total_bytes);
}

enum err store_sweep(struct store *s, int64_t older_than_us,
                     bool (*is_wanted)(void *context, const struct digest *key),
                     void *context, int64_t *ret_removed)
{
    assert_role(ROLE_MAIN | ROLE_POOL);
    return s->ops->sweep(s->self, older_than_us, is_wanted, context,
                         ret_removed);
}

enum err store_walk(struct store *s, store_visit *visit, void *context)
{
    return s->ops->walk(s->self, visit, context);
}
