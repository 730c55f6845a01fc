// SPDX-License-Identifier: MIT
// store_faulty.c - a store that fails on the Nth call.
#include "store_faulty.h"

#include "reeld/base/mem.h"

struct faulty {
    struct store *inner;
    struct store_faults *faults;
};

static enum err count(struct faulty *f, const char *what)
{
    if (++f->faults->calls == f->faults->fail_at)
        return fail(f->faults->code, "%s fails on purpose", what);
    return OK;
}

static enum err faulty_open(void *self, const struct digest *key, int *ret_fd)
{
    struct faulty *f = self;
    TRY(count(f, "open"));
    return store_open(f->inner, key, ret_fd);
}

static enum err faulty_begin(void *self, int64_t size_hint_bytes,
                             void **ret_writer, int *ret_fd)
{
    struct faulty *f = self;
    TRY(count(f, "begin"));
    struct store_writer *w;
    TRY(store_begin(f->inner, size_hint_bytes, &w));
    *ret_fd = store_writer_fd(w);
    *ret_writer = w;
    return OK;
}

static enum err faulty_commit(void *self, void *writer,
                              const struct digest *key)
{
    scoped(store_writer) struct store_writer *w = writer;
    TRY(count(self, "commit"));
    return store_commit(take(w), key);
}

static void faulty_abandon(void *self, void *writer)
{
    (void)self;
    store_abandon(writer);
}

static enum err faulty_remove(void *self, const struct digest *key)
{
    struct faulty *f = self;
    TRY(count(f, "remove"));
    return store_remove(f->inner, key);
}

static enum err faulty_draft(void *self, const struct id *name, bool is_new,
                             int64_t size_hint_bytes, void **ret_writer,
                             int *ret_fd)
{
    struct faulty *f = self;
    TRY(count(f, "draft"));
    struct store_writer *w;
    TRY(store_draft(f->inner, name, is_new, size_hint_bytes, &w));
    *ret_fd = store_writer_fd(w);
    *ret_writer = w;
    return OK;
}

static enum err faulty_sync(void *self, void *writer)
{
    TRY(count(self, "sync"));
    return store_sync(writer);
}

static enum err faulty_read_draft(void *self, const struct id *name,
                                  int *ret_fd)
{
    struct faulty *f = self;
    TRY(count(f, "read_draft"));
    return store_read_draft(f->inner, name, ret_fd);
}

static enum err faulty_remove_draft(void *self, const struct id *name)
{
    struct faulty *f = self;
    TRY(count(f, "remove_draft"));
    return store_remove_draft(f->inner, name);
}

static enum err faulty_sweep_drafts(void *self,
                                    bool (*is_wanted)(void *context,
                                                      const struct id *name),
                                    void *context, int64_t *ret_removed)
{
    struct faulty *f = self;
    TRY(count(f, "sweep_drafts"));
    return store_sweep_drafts(f->inner, is_wanted, context, ret_removed);
}

static enum err faulty_space(void *self, int64_t *ret_free, int64_t *ret_total)
{
    struct faulty *f = self;
    TRY(count(f, "space"));
    return store_space(f->inner, ret_free, ret_total);
}

static enum err faulty_sweep(void *self, int64_t older_than_us,
                             bool (*is_wanted)(void *context,
                                               const struct digest *key),
                             void *context, int64_t *ret_removed)
{
    struct faulty *f = self;
    TRY(count(f, "sweep"));
    return store_sweep(f->inner, older_than_us, is_wanted, context,
                       ret_removed);
}

static enum err faulty_walk(void *self, store_visit *visit, void *context)
{
    struct faulty *f = self;
    TRY(count(f, "walk"));
    return store_walk(f->inner, visit, context);
}

static void faulty_free(void *self)
{
    struct faulty *f = self;
    store_free(f->inner);
    free(f);
}

struct store *store_faulty_new(struct store *inner, struct store_faults *faults)
{
    static const struct store_ops ops = {
        .open = faulty_open,
        .begin = faulty_begin,
        .commit = faulty_commit,
        .abandon = faulty_abandon,
        .remove = faulty_remove,
        .draft = faulty_draft,
        .sync = faulty_sync,
        .read_draft = faulty_read_draft,
        .remove_draft = faulty_remove_draft,
        .sweep_drafts = faulty_sweep_drafts,
        .space = faulty_space,
        .sweep = faulty_sweep,
        .walk = faulty_walk,
        .free = faulty_free,
    };
    struct faulty *f = NEW(struct faulty);
    *f = (struct faulty){.inner = inner, .faults = faults};
    return store_new(&ops, f);
}
