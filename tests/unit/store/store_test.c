// SPDX-License-Identifier: MIT
// store_test.c - blobs appear whole or not at all, and leave no litter.
#include "reeld/store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "reeld/base/clock.h"
#include "reeld/base/fd.h"
#include "reeld/base/mem.h"
#include "store_faulty.h"
#include "unit.h"

enum { PATH_BYTES = 256 };

struct fixture {
    char directory[64];
    struct store *store;
};

static int set_up(void **state)
{
    static struct fixture f;
    snprintf(f.directory, sizeof(f.directory), "/tmp/reeld-store-XXXXXX");
    assert_non_null(mkdtemp(f.directory));
    struct store_options o = {.directory = f.directory};
    assert_int_equal(store_open_fs(&o, &f.store), OK);
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

static struct digest key_of(const char *text)
{
    return hash_of(text, strlen(text));
}

static void blob_path(const struct fixture *f, const struct digest *key,
                      char path[static PATH_BYTES])
{
    char hex[HASH_HEX_BYTES];
    digest_hex(key, hex);
    snprintf(path, PATH_BYTES, "%s/blobs/%.2s/%s", f->directory, hex, hex + 2);
}

static int temp_files(const struct fixture *f)
{
    char path[PATH_BYTES];
    snprintf(path, sizeof(path), "%s/temp", f->directory);
    DIR *d = opendir(path);
    assert_non_null(d);
    int count = 0;
    for (const struct dirent *e; (e = readdir(d));)
        count += e->d_name[0] != '.';
    closedir(d);
    return count;
}

static enum err put(struct store *s, const struct digest *key, const char *text)
{
    scoped(store_writer) struct store_writer *w = NULL;
    TRY(store_begin(s, 0, &w));
    TRY(fd_write_all(store_writer_fd(w), text, strlen(text)));
    return store_commit(take(w), key);
}

static void assert_holds(struct store *s, const struct digest *key,
                         const char *text)
{
    scoped(fd) int fd = -1;
    assert_int_equal(store_open(s, key, &fd), OK);
    scoped(mem) uint8_t *bytes = NULL;
    size_t len;
    assert_int_equal(fd_read_file(fd, 1 << 20, &bytes, &len), OK);
    assert_int_equal(len, strlen(text));
    assert_memory_equal(bytes, text, len);
}

static void assert_missing(struct store *s, const struct digest *key)
{
    int fd = -7;
    assert_int_equal(store_open(s, key, &fd), ERR_NOT_FOUND);
    assert_int_equal(fd, -7);
}

static void set_age(const struct fixture *f, const struct digest *key,
                    int64_t age_s)
{
    char path[PATH_BYTES];
    blob_path(f, key, path);
    time_t then = (time_t)(clock_wall_us() / 1000000 - age_s);
    struct timespec times[2] = {
        {then, 0},
        {then, 0}
    };
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

// ---- writing ---------------------------------------------------------------

static void a_committed_blob_can_be_read(void **state)
{
    struct fixture *f = *state;
    struct digest key = key_of("a");
    assert_missing(f->store, &key);
    assert_int_equal(put(f->store, &key, "some bytes"), OK);
    assert_holds(f->store, &key, "some bytes");
    assert_int_equal(temp_files(f), 0);
}

static void a_blob_is_read_only_and_private(void **state)
{
    struct fixture *f = *state;
    struct digest key = key_of("a");
    assert_int_equal(put(f->store, &key, "some bytes"), OK);
    char path[PATH_BYTES];
    blob_path(f, &key, path);
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0400);
}

static void before_its_commit_nothing_is_there(void **state)
{
    struct fixture *f = *state;
    struct digest key = key_of("a");
    struct store_writer *w;
    assert_int_equal(store_begin(f->store, 100, &w), OK);
    assert_int_equal(fd_write_all(store_writer_fd(w), "half", 4), OK);
    assert_missing(f->store, &key);
    assert_int_equal(temp_files(f), 1);
    store_abandon(w);
    assert_int_equal(temp_files(f), 0);
    assert_missing(f->store, &key);
    store_abandon(NULL);
}

static void the_same_key_twice_is_success_and_young_again(void **state)
{
    struct fixture *f = *state;
    struct digest key = key_of("a");
    assert_int_equal(put(f->store, &key, "some bytes"), OK);
    set_age(f, &key, 7200);
    assert_int_equal(put(f->store, &key, "same bytes"), OK);
    assert_holds(f->store, &key, "some bytes"); // the first ones stay
    assert_int_equal(temp_files(f), 0);
    char path[PATH_BYTES];
    blob_path(f, &key, path);
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    assert_true(st.st_mtim.tv_sec > clock_wall_us() / 1000000 - 60);
}

static void a_blob_that_lost_bytes_is_replaced(void **state)
{
    struct fixture *f = *state;
    struct digest key = key_of("a");
    assert_int_equal(put(f->store, &key, "some bytes"), OK);
    char path[PATH_BYTES];
    blob_path(f, &key, path);
    assert_int_equal(truncate(path, 3), 0);
    assert_int_equal(put(f->store, &key, "some bytes"), OK);
    assert_holds(f->store, &key, "some bytes");
    assert_int_equal(temp_files(f), 0);
}

static void room_that_was_not_needed_is_given_back(void **state)
{
    struct fixture *f = *state;
    struct digest key = key_of("a");
    struct store_writer *w;
    assert_int_equal(store_begin(f->store, 4 << 20, &w), OK);
    struct stat st;
    assert_int_equal(fstat(store_writer_fd(w), &st), 0);
    assert_int_equal(st.st_size, 0);
    assert_true(st.st_blocks * 512 >= 4 << 20);
    assert_int_equal(fd_write_all(store_writer_fd(w), "few", 3), OK);
    assert_int_equal(store_commit(w, &key), OK);
    char path[PATH_BYTES];
    blob_path(f, &key, path);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_size, 3);
    assert_true(st.st_blocks * 512 < 1 << 20);
}

static void pushing_ahead_changes_no_bytes(void **state)
{
    enum { BYTES = 9 << 20 };
    struct fixture *f = *state;
    struct digest key = key_of("a");
    scoped(mem) uint8_t *bytes = NEW_ARRAY(BYTES, uint8_t);
    memset(bytes, 'x', BYTES);
    struct store_writer *w;
    assert_int_equal(store_begin(f->store, BYTES, &w), OK);
    assert_int_equal(fd_write_all(store_writer_fd(w), bytes, BYTES), OK);
    store_writer_push(w, BYTES);
    store_writer_push(w, BYTES);
    assert_int_equal(store_commit(w, &key), OK);
    scoped(fd) int fd = -1;
    assert_int_equal(store_open(f->store, &key, &fd), OK);
    int64_t size;
    assert_int_equal(fd_size(fd, &size), OK);
    assert_int_equal(size, BYTES);
}

// ---- space -----------------------------------------------------------------

static void space_that_is_kept_free_is_not_given_out(void **state)
{
    struct fixture *f = *state;
    int64_t free_bytes, total_bytes;
    assert_int_equal(store_space(f->store, &free_bytes, &total_bytes), OK);
    assert_true(free_bytes > 0 && free_bytes <= total_bytes);
    struct store_options o = {.directory = f->directory,
                              .keep_free_bytes = total_bytes};
    scoped(store) struct store *full = NULL;
    assert_int_equal(store_open_fs(&o, &full), OK);
    struct store_writer *w;
    assert_int_equal(store_begin(full, 0, &w), ERR_NO_SPACE);
    assert_int_equal(store_begin(f->store, total_bytes * 2, &w), ERR_NO_SPACE);
    assert_int_equal(temp_files(f), 0);
}

// Longer than any file may be, so that nothing is really taken.
static void a_reservation_that_fails_leaves_no_file(void **state)
{
    struct fixture *f = *state;
    struct store_options o = {.directory = f->directory,
                              .keep_free_bytes = -(INT64_C(1) << 61)};
    scoped(store) struct store *s = NULL;
    assert_int_equal(store_open_fs(&o, &s), OK);
    struct store_writer *w;
    enum err e = store_begin(s, INT64_C(1) << 60, &w);
    assert_true(e == ERR_IO || e == ERR_NO_SPACE);
    assert_non_null(strstr(fail_text(), "reserve"));
    assert_int_equal(temp_files(f), 0);
}

// ---- removing --------------------------------------------------------------

static void a_removed_blob_is_gone_but_for_its_readers(void **state)
{
    struct fixture *f = *state;
    struct digest key = key_of("a");
    assert_int_equal(store_remove(f->store, &key), ERR_NOT_FOUND);
    assert_int_equal(put(f->store, &key, "some bytes"), OK);
    scoped(fd) int fd = -1;
    assert_int_equal(store_open(f->store, &key, &fd), OK);
    assert_int_equal(store_remove(f->store, &key), OK);
    assert_missing(f->store, &key);
    char bytes[4];
    assert_int_equal(fd_pread_all(fd, bytes, 4, 0), OK);
    assert_int_equal(store_remove(f->store, &key), ERR_NOT_FOUND);
}

struct wanted {
    struct digest key;
    int asked;
};

static bool is_wanted(void *context, const struct digest *key)
{
    struct wanted *w = context;
    w->asked++;
    return digest_eq(key, &w->key);
}

static void a_sweep_takes_old_blobs_that_nobody_names(void **state)
{
    struct fixture *f = *state;
    struct digest wanted = key_of("wanted"), old = key_of("old"),
                  young = key_of("young");
    assert_int_equal(put(f->store, &wanted, "w"), OK);
    assert_int_equal(put(f->store, &old, "o"), OK);
    assert_int_equal(put(f->store, &young, "y"), OK);
    set_age(f, &wanted, 7200);
    set_age(f, &old, 7200);
    // As after a restart: nothing is known of former commits.
    struct store_options o = {.directory = f->directory};
    scoped(store) struct store *later = NULL;
    assert_int_equal(store_open_fs(&o, &later), OK);
    struct wanted w = {.key = wanted};
    int64_t removed;
    assert_int_equal(
        store_sweep(later, INT64_C(3600000000), is_wanted, &w, &removed), OK);
    assert_int_equal(removed, 1);
    assert_missing(later, &old);
    assert_holds(later, &wanted, "w");
    assert_holds(later, &young, "y");
    assert_int_equal(w.asked, 3); // once, and again before the unlink
}

static void a_sweep_leaves_what_was_just_committed(void **state)
{
    struct fixture *f = *state;
    struct digest key = key_of("a");
    assert_int_equal(put(f->store, &key, "a"), OK);
    set_age(f, &key, 7200); // as if the clock had jumped
    struct wanted w = {0};
    int64_t removed;
    assert_int_equal(
        store_sweep(f->store, INT64_C(3600000000), is_wanted, &w, &removed),
        OK);
    assert_int_equal(removed, 0);
    assert_int_equal(store_sweep(f->store, 0, is_wanted, &w, &removed), OK);
    assert_int_equal(removed, 1);
}

static void a_sweep_tells_living_writers_from_dead_ones(void **state)
{
    struct fixture *f = *state;
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct store_writer *w;
        _exit(store_begin(f->store, 0, &w) == OK ? 0 : 1);
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    struct store_writer *living;
    assert_int_equal(store_begin(f->store, 0, &living), OK);
    assert_int_equal(temp_files(f), 2);
    struct wanted w = {0};
    int64_t removed;
    assert_int_equal(store_sweep(f->store, 1000000, is_wanted, &w, &removed),
                     OK);
    assert_int_equal(removed, 1);
    struct digest key = key_of("a");
    assert_int_equal(fd_write_all(store_writer_fd(living), "a", 1), OK);
    assert_int_equal(store_commit(living, &key), OK);
    assert_holds(f->store, &key, "a");
}

static void a_sweep_leaves_foreign_files_alone(void **state)
{
    struct fixture *f = *state;
    char path[PATH_BYTES];
    snprintf(path, sizeof(path), "%s/blobs/ab/README", f->directory);
    int fd = open(path, O_CREAT | O_WRONLY, 0600);
    assert_true(fd >= 0);
    fd_close(fd);
    struct wanted w = {0};
    int64_t removed;
    assert_int_equal(store_sweep(f->store, 0, is_wanted, &w, &removed), OK);
    assert_int_equal(removed, 0);
    assert_int_equal(access(path, F_OK), 0);
}

// ---- trouble ---------------------------------------------------------------

static void a_link_in_place_of_a_blob_is_not_followed(void **state)
{
    struct fixture *f = *state;
    struct digest key = key_of("a");
    char path[PATH_BYTES];
    blob_path(f, &key, path);
    assert_int_equal(symlink("/etc/passwd", path), 0);
    int fd;
    assert_int_equal(store_open(f->store, &key, &fd), ERR_IO);
}

static void a_directory_that_cannot_be_made_is_told(void **state)
{
    (void)state;
    struct store_options o = {.directory = "/proc/reeld-store"};
    struct store *s = NULL;
    assert_int_equal(store_open_fs(&o, &s), ERR_IO);
    assert_null(s);
    assert_non_null(strstr(fail_text(), "/proc/reeld-store"));
}

static enum err publish(struct store *s, const struct digest *key)
{
    TRY(put(s, key, "some bytes"));
    scoped(fd) int fd = -1;
    return store_open(s, key, &fd);
}

static void whatever_call_fails_nothing_is_half_there(void **state)
{
    struct fixture *f = *state;
    struct store_options o = {.directory = f->directory};
    struct store *inner;
    assert_int_equal(store_open_fs(&o, &inner), OK);
    struct store_faults faults = {.code = ERR_IO};
    scoped(store) struct store *faulty = store_faulty_new(inner, &faults);
    for (int n = 1; n <= 3; n++) {
        struct digest key = hash_of(&n, sizeof(n));
        faults = (struct store_faults){.fail_at = n, .code = ERR_NO_SPACE};
        assert_int_equal(publish(faulty, &key), ERR_NO_SPACE);
        assert_int_equal(temp_files(f), 0);
        if (n < 3)
            assert_missing(f->store, &key);
        else
            assert_holds(f->store, &key, "some bytes");
    }
    faults = (struct store_faults){0};
    struct digest key = key_of("a");
    assert_int_equal(publish(faulty, &key), OK);
    assert_int_equal(faults.calls, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(a_committed_blob_can_be_read),
        TEST(a_blob_is_read_only_and_private),
        TEST(before_its_commit_nothing_is_there),
        TEST(the_same_key_twice_is_success_and_young_again),
        TEST(a_blob_that_lost_bytes_is_replaced),
        TEST(room_that_was_not_needed_is_given_back),
        TEST(pushing_ahead_changes_no_bytes),
        TEST(space_that_is_kept_free_is_not_given_out),
        TEST(a_reservation_that_fails_leaves_no_file),
        TEST(a_removed_blob_is_gone_but_for_its_readers),
        TEST(a_sweep_takes_old_blobs_that_nobody_names),
        TEST(a_sweep_leaves_what_was_just_committed),
        TEST(a_sweep_tells_living_writers_from_dead_ones),
        TEST(a_sweep_leaves_foreign_files_alone),
        TEST(a_link_in_place_of_a_blob_is_not_followed),
        TEST(a_directory_that_cannot_be_made_is_told),
        TEST(whatever_call_fails_nothing_is_half_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
