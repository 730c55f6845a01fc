// SPDX-License-Identifier: MIT
// draft_test.c - drafts grow, outlive their writers, and become blobs.
#include <fcntl.h>
#include <ftw.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "reeld/base/clock.h"
#include "reeld/base/fd.h"
#include "reeld/base/mem.h"
#include "reeld/store.h"
#include "store_faulty.h"
#include "unit.h"

struct fixture {
    char directory[64];
    struct store *store;
    struct id name;
    atomic_bool is_over;
};

static int set_up(void **state)
{
    static struct fixture f;
    f = (struct fixture){0};
    snprintf(f.directory, sizeof(f.directory), "/tmp/reeld-draft-XXXXXX");
    assert_non_null(mkdtemp(f.directory));
    const struct store_options o = {.directory = f.directory};
    assert_int_equal(store_open_fs(&o, &f.store), OK);
    f.name = id_new("u");
    *state = &f;
    return 0;
}

static int remove_one(const char *path, const struct stat *st, int type,
                      struct FTW *where)
{
    (void)st;
    (void)type;
    (void)where;
    return remove(path);
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    store_free(f->store);
    return nftw(f->directory, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void draft_path(const struct fixture *f, char path[static 128])
{
    snprintf(path, 128, "%s/drafts/%s", f->directory, f->name.text);
}

static enum err append(struct store *s, const struct id *name, bool is_new,
                       const char *text)
{
    scoped(store_writer) struct store_writer *w = NULL;
    TRY(store_draft(s, name, is_new, (int64_t)strlen(text), &w));
    TRY(fd_write_all(store_writer_fd(w), text, strlen(text)));
    return store_sync(w);
}

static enum err publish(struct store *s, const struct id *name,
                        const struct digest *key)
{
    scoped(store_writer) struct store_writer *w = NULL;
    TRY(store_draft(s, name, false, 0, &w));
    return store_commit(take(w), key);
}

static void assert_blob(struct store *s, const struct digest *key,
                        const char *text)
{
    scoped(fd) int fd = -1;
    assert_int_equal(store_open(s, key, &fd), OK);
    scoped(mem) uint8_t *bytes = NULL;
    size_t len;
    assert_int_equal(fd_read_file(fd, 1 << 20, &bytes, &len), OK);
    assert_string_equal((const char *)bytes, text);
}

static int64_t size_of(const struct fixture *f)
{
    int64_t size_bytes = -1;
    assert_int_equal(store_draft_size(f->store, &f->name, &size_bytes), OK);
    return size_bytes;
}

static void a_draft_grows_and_becomes_a_blob(void **state)
{
    struct fixture *f = *state;
    struct digest key = hash_of("one two", 7);
    assert_int_equal(append(f->store, &f->name, true, "one"), OK);
    assert_int_equal(size_of(f), 3);
    assert_int_equal(append(f->store, &f->name, false, " two"), OK);
    assert_int_equal(size_of(f), 7);
    assert_int_equal(publish(f->store, &f->name, &key), OK);
    assert_blob(f->store, &key, "one two");
    int64_t size_bytes;
    assert_int_equal(store_draft_size(f->store, &f->name, &size_bytes),
                     ERR_NOT_FOUND);
    assert_int_equal(publish(f->store, &f->name, &key), ERR_NOT_FOUND);
}

static void a_draft_of_bytes_that_are_there_goes(void **state)
{
    struct fixture *f = *state;
    struct digest key = hash_of("one", 3);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(append(f->store, &f->name, true, "one"), OK);
        assert_int_equal(publish(f->store, &f->name, &key), OK);
    }
    assert_blob(f->store, &key, "one");
    int fd;
    assert_int_equal(store_read_draft(f->store, &f->name, &fd), ERR_NOT_FOUND);
}

static void one_at_a_time_writes_a_draft(void **state)
{
    struct fixture *f = *state;
    scoped(store_writer) struct store_writer *first = NULL, *second = NULL;
    assert_int_equal(store_draft(f->store, &f->name, true, 0, &first), OK);
    assert_int_equal(store_sync(first), OK);
    assert_int_equal(store_draft(f->store, &f->name, false, 0, &second),
                     ERR_BUSY);
    assert_int_equal(store_remove_draft(f->store, &f->name), ERR_BUSY);
    store_abandon(take(first));
    assert_int_equal(store_draft(f->store, &f->name, false, 0, &second), OK);
    store_abandon(take(second));
    assert_int_equal(store_remove_draft(f->store, &f->name), OK);
    assert_int_equal(store_remove_draft(f->store, &f->name), ERR_NOT_FOUND);
}

// ---- whoever has the lock for a moment only --------------------------------

// Another thread ends this writer in a while.
struct holder {
    struct store_writer *writer;
    bool commits;
    struct digest key;
};

static void *let_go(void *context)
{
    struct holder *h = context;
    clock_sleep_us(50000);
    enum err e = OK;
    if (h->commits)
        e = store_commit(take(h->writer), &h->key);
    else
        store_abandon(take(h->writer));
    return e == OK ? h : NULL;
}

// What store_draft() says to one who comes while the holder has the lock.
static enum err draft_meanwhile(struct fixture *f, struct holder *h)
{
    scoped(store_writer) struct store_writer *w = NULL;
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, let_go, h), 0);
    enum err e = store_draft(f->store, &f->name, false, 0, &w);
    void *done;
    assert_int_equal(pthread_join(thread, &done), 0);
    assert_non_null(done);
    return e;
}

static void a_lock_that_goes_soon_is_waited_for(void **state)
{
    struct fixture *f = *state;
    struct holder h = {.commits = false};
    assert_int_equal(append(f->store, &f->name, true, "one"), OK);
    assert_int_equal(store_draft(f->store, &f->name, false, 0, &h.writer), OK);
    assert_int_equal(draft_meanwhile(f, &h), OK);
    assert_int_equal(size_of(f), 3);
}

// It would write into what must not change any more.
static void a_draft_that_became_a_blob_meanwhile_is_none(void **state)
{
    struct fixture *f = *state;
    struct holder h = {.commits = true, .key = hash_of("one", 3)};
    assert_int_equal(append(f->store, &f->name, true, "one"), OK);
    assert_int_equal(store_draft(f->store, &f->name, false, 0, &h.writer), OK);
    assert_int_equal(draft_meanwhile(f, &h), ERR_NOT_FOUND);
    assert_blob(f->store, &h.key, "one");
}

static bool is_unwanted(void *context, const struct id *name)
{
    (void)context;
    (void)name;
    clock_sleep_us(200);
    return false;
}

static void *sweep_again_and_again(void *context)
{
    struct fixture *f = context;
    int64_t removed;
    enum err e = OK;
    while (e == OK && !atomic_load(&f->is_over))
        e = store_sweep_drafts(f->store, is_unwanted, NULL, &removed);
    return e == OK ? f : NULL;
}

// The sweep may come between the opening of a new draft and its lock.
static void a_sweep_keeps_nobody_from_a_new_draft(void **state)
{
    struct fixture *f = *state;
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, sweep_again_and_again, f),
                     0);
    enum err e = OK;
    for (int i = 0; e == OK && i < 5000; i++) {
        scoped(store_writer) struct store_writer *w = NULL;
        struct id name = id_new("u");
        e = store_draft(f->store, &name, true, 0, &w);
    }
    void *done;
    atomic_store(&f->is_over, true);
    assert_int_equal(pthread_join(thread, &done), 0);
    assert_non_null(done);
    assert_int_equal(e, OK);
}

static void a_new_draft_that_was_never_synced_goes(void **state)
{
    struct fixture *f = *state;
    scoped(store_writer) struct store_writer *w = NULL;
    assert_int_equal(store_draft(f->store, &f->name, true, 0, &w), OK);
    store_abandon(take(w));
    int fd;
    assert_int_equal(store_read_draft(f->store, &f->name, &fd), ERR_NOT_FOUND);
}

static void a_draft_outlives_the_store(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(append(f->store, &f->name, true, "half"), OK);
    store_free(f->store);
    const struct store_options o = {.directory = f->directory};
    assert_int_equal(store_open_fs(&o, &f->store), OK);
    int64_t removed;
    assert_int_equal(store_sweep(f->store, 0, NULL, NULL, &removed), OK);
    assert_int_equal(size_of(f), 4);
    assert_int_equal(append(f->store, &f->name, false, " all"), OK);
    assert_int_equal(size_of(f), 8);
}

static void a_draft_that_a_crash_left_read_only_goes_on(void **state)
{
    struct fixture *f = *state;
    char path[128];
    draft_path(f, path);
    assert_int_equal(append(f->store, &f->name, true, "half"), OK);
    assert_int_equal(chmod(path, 0400), 0);
    struct digest key = hash_of("half", 4);
    assert_int_equal(publish(f->store, &f->name, &key), OK);
    assert_blob(f->store, &key, "half");
}

static void room_of_bytes_that_did_not_come_is_given_back(void **state)
{
    struct fixture *f = *state;
    scoped(store_writer) struct store_writer *w = NULL;
    assert_int_equal(append(f->store, &f->name, true, ""), OK);
    assert_int_equal(store_draft(f->store, &f->name, false, 8 << 20, &w), OK);
    assert_int_equal(fd_write_all(store_writer_fd(w), "abc", 3), OK);
    store_abandon(take(w));
    char path[128];
    draft_path(f, path);
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_size, 3);
    assert_true(st.st_blocks * 512 < 1 << 20);
}

static bool is_other(void *context, const struct id *name)
{
    return !id_eq(context, name);
}

static void a_sweep_takes_drafts_that_nobody_wants_or_writes(void **state)
{
    struct fixture *f = *state;
    struct id other = id_new("u");
    assert_int_equal(append(f->store, &other, true, "stays"), OK);
    scoped(store_writer) struct store_writer *w = NULL;
    assert_int_equal(store_draft(f->store, &f->name, true, 0, &w), OK);
    assert_int_equal(store_sync(w), OK);
    int64_t removed = -1;
    assert_int_equal(store_sweep_drafts(f->store, is_other, &f->name, &removed),
                     OK);
    assert_int_equal(removed, 0);
    store_abandon(take(w));
    assert_int_equal(store_sweep_drafts(f->store, is_other, &f->name, &removed),
                     OK);
    assert_int_equal(removed, 1);
    int64_t size_bytes;
    assert_int_equal(store_draft_size(f->store, &f->name, &size_bytes),
                     ERR_NOT_FOUND);
    assert_int_equal(store_draft_size(f->store, &other, &size_bytes), OK);
}

// Makes, goes on with, tells of and publishes one draft.
static enum err whole_life(struct store *s, const struct id *name,
                           const struct digest *key)
{
    int64_t size_bytes;
    TRY(append(s, name, true, "one"));
    TRY(append(s, name, false, " two"));
    TRY(store_draft_size(s, name, &size_bytes));
    return publish(s, name, key);
}

static void whatever_call_fails_the_bytes_before_it_stay(void **state)
{
    struct fixture *f = *state;
    const struct store_options o = {.directory = f->directory};
    struct store *inner;
    assert_int_equal(store_open_fs(&o, &inner), OK);
    struct store_faults faults = {.code = ERR_IO};
    scoped(store) struct store *faulty = store_faulty_new(inner, &faults);
    static const int64_t size_bytes[] = {3, 7, 7, 7, 7};
    struct digest key = hash_of("one two", 7);
    for (int n = 1; n <= 7; n++) {
        f->name = id_new("u");
        faults = (struct store_faults){.fail_at = n, .code = ERR_NO_SPACE};
        assert_int_equal(whole_life(faulty, &f->name, &key), ERR_NO_SPACE);
        if (n > 2)
            assert_int_equal(size_of(f), size_bytes[n - 3]);
    }
    faults = (struct store_faults){0};
    assert_int_equal(whole_life(faulty, &f->name, &key), OK);
    assert_int_equal(faults.calls, 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(a_draft_grows_and_becomes_a_blob),
        TEST(a_draft_of_bytes_that_are_there_goes),
        TEST(one_at_a_time_writes_a_draft),
        TEST(a_lock_that_goes_soon_is_waited_for),
        TEST(a_draft_that_became_a_blob_meanwhile_is_none),
        TEST(a_sweep_keeps_nobody_from_a_new_draft),
        TEST(a_new_draft_that_was_never_synced_goes),
        TEST(a_draft_outlives_the_store),
        TEST(a_draft_that_a_crash_left_read_only_goes_on),
        TEST(room_of_bytes_that_did_not_come_is_given_back),
        TEST(a_sweep_takes_drafts_that_nobody_wants_or_writes),
        TEST(whatever_call_fails_the_bytes_before_it_stay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
