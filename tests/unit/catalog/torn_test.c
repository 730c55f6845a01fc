// SPDX-License-Identifier: MIT
// torn_test.c - a log that a crash or a disk has cut short holds whole changes
// up to the cut, and nothing of the one that was cut; one with a flipped bit is
// refused (REL-14).
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "catalog_sample.h"
#include "reeld/base/fd.h"
#include "reeld/base/mem.h"
#include "reeld/catalog/upkeep.h"
#include "unit.h"

enum {
    PATH_BYTES = SAMPLE_PATH_BYTES + 32,
    SECTOR_BYTES = 512,
    PAGE_BYTES = 4096,
    CHANGES = 2,
    FILE_BYTES_MAX = 16 << 20,
};

struct bytes {
    uint8_t *data;
    size_t len;
};

// A database as it is beside its log, and where in the log each change ends.
struct torn {
    struct bytes database, log;
    size_t end[CHANGES];
    struct sample now; // what is opened of it
};

static void log_of(const struct sample *s, char path[PATH_BYTES])
{
    snprintf(path, PATH_BYTES, "%s-wal", s->path);
}

static struct bytes read_whole(const char *path)
{
    struct bytes b;
    scoped(fd) int fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(fd_read_file(fd, FILE_BYTES_MAX, &b.data, &b.len), OK);
    return b;
}

static void write_whole(const char *path, const uint8_t *data, size_t len)
{
    scoped(fd) int fd =
        open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(fd_write_all(fd, data, len), OK);
}

static int set_up(void **state)
{
    static struct torn torn;
    struct sample s;
    char log[PATH_BYTES];
    torn = (struct torn){0};
    sample_open(&s);
    sample_reopen(&s); // the log of all the migrations is taken in and gone
    log_of(&s, log);
    for (unsigned i = 0; i < CHANGES; i++) {
        scoped(asset) const struct asset *a = sample_upload(i + 1);
        assert_int_equal(catalog_add_asset(s.catalog, a), OK);
        struct bytes now = read_whole(log);
        torn.end[i] = now.len;
        free(now.data);
        assert_true(i == 0 || torn.end[i] > torn.end[i - 1]);
    }
    torn.database = read_whole(s.path);
    torn.log = read_whole(log);
    sample_close(&s);
    sample_make(&torn.now);
    *state = &torn;
    return 0;
}

static int tear_down(void **state)
{
    struct torn *t = *state;
    free(t->database.data);
    free(t->log.data);
    sample_close(&t->now);
    return 0;
}

static void lay_log(struct torn *t, const uint8_t *log, size_t len)
{
    char path[PATH_BYTES];
    snprintf(path, sizeof path, "%s-shm", t->now.path);
    unlink(path);
    write_whole(t->now.path, t->database.data, t->database.len);
    log_of(&t->now, path);
    write_whole(path, log, len);
}

static void open_with_log(struct torn *t, const uint8_t *log, size_t len)
{
    lay_log(t, log, len);
    sample_reopen(&t->now);
}

static void complain(void *context, const char *line)
{
    int *complaints = context;
    print_error("%s\n", line);
    (*complaints)++;
}

// The first changes whose ends lie before `at`, whole, and no other.
static void assert_holds(struct torn *t, size_t at)
{
    struct id ids[CHANGES + 1];
    uint32_t count;
    bool more;
    uint32_t wanted = 0;
    while (wanted < CHANGES && t->end[wanted] <= at)
        wanted++;
    const struct catalog_asset_filter all = {.limit = CHANGES + 1};
    assert_int_equal(
        catalog_list_assets(t->now.catalog, &all, ids, &count, &more), OK);
    if (count != wanted)
        print_error("cut at %zu\n", at);
    assert_int_equal(count, wanted);
    int complaints = 0;
    assert_int_equal(catalog_examine(t->now.catalog, complain, &complaints),
                     OK);
    assert_int_equal(complaints, 0);
}

static void close_now(struct torn *t)
{
    catalog_close(t->now.catalog);
    t->now.catalog = NULL;
}

static void a_log_that_is_cut_holds_whole_changes(void **state)
{
    struct torn *t = *state;
    for (size_t cut = 0; cut <= t->log.len; cut += SECTOR_BYTES) {
        open_with_log(t, t->log.data, cut);
        assert_holds(t, cut);
        close_now(t);
    }
}

static void what_comes_behind_a_cut_stands_behind_no_remains(void **state)
{
    struct torn *t = *state;
    open_with_log(t, t->log.data, t->end[0] + t->end[0] / 3);
    scoped(asset) const struct asset *next = sample_upload(CHANGES + 1);
    assert_int_equal(catalog_add_asset(t->now.catalog, next), OK);
    sample_reopen(&t->now);
    scoped(asset) const struct asset *found = NULL;
    assert_int_equal(catalog_asset(t->now.catalog, &next->id, &found), OK);
}

static int64_t count_behind(const struct torn *t, size_t at)
{
    int64_t count = 0;
    for (size_t i = 0; i < CHANGES; i++)
        count += t->end[i] > at;
    return count;
}

// What a power failure leaves of a page that was not synced ends the log there;
// whole changes behind it are told of.
static void a_log_that_is_torn_inside_holds_whole_changes(void **state)
{
    struct torn *t = *state;
    for (size_t at = 0; at < t->log.len; at += 4 * SECTOR_BYTES + 5) {
        t->log.data[at] ^= 0x12;
        open_with_log(t, t->log.data, t->log.len);
        t->log.data[at] ^= 0x12;
        // Those behind; and the torn one, unless it is so at its end. Of a log
        // whose head is torn nothing can be told.
        int64_t lost = catalog_changes_lost(t->now.catalog);
        assert_true(at == 0 ? lost == 0 : lost >= count_behind(t, at) - 1);
        assert_true(at + PAGE_BYTES < t->log.len || lost == 0);
        assert_holds(t, at);
        close_now(t);
    }
    open_with_log(t, t->log.data, t->log.len);
    assert_int_equal(catalog_changes_lost(t->now.catalog), 0);
}

static void assert_refused(struct torn *t, size_t at, int bit)
{
    char path[PATH_BYTES];
    struct catalog *c = NULL;
    const struct catalog_options o = {.path = t->now.path};
    t->log.data[at] ^= (uint8_t)(1 << bit);
    lay_log(t, t->log.data, t->log.len);
    assert_int_equal(catalog_open(&o, &c), ERR_BAD_INPUT);
    assert_non_null(strstr(fail_text(), "catalog.db-wal is damaged: a bit "));
    assert_int_equal(catalog_open_reading(&o, &c), ERR_BAD_INPUT);
    assert_non_null(strstr(fail_text(), "catalog.db-wal is damaged: a bit "));
    log_of(&t->now, path);
    struct bytes left = read_whole(path);
    assert_int_equal(left.len, t->log.len);
    assert_memory_equal(left.data, t->log.data, left.len);
    free(left.data);
    t->log.data[at] ^= (uint8_t)(1 << bit);
}

// SQLite would end the log there, and say nothing of what was kept behind it.
static void a_log_with_a_flipped_bit_is_refused_as_it_is(void **state)
{
    enum { HEADS = 32 + 24, STEP = SECTOR_BYTES - 3 };
    struct torn *t = *state;
    int bit = 0;
    for (size_t at = 0; at < t->log.len; at += at < HEADS ? 1 : STEP)
        assert_refused(t, at, bit++ % 8);
    for (size_t at = t->log.len - 9; at < t->log.len; at++)
        assert_refused(t, at, bit++ % 8);
    open_with_log(t, t->log.data, t->log.len);
    assert_holds(t, t->log.len);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_log_that_is_cut_holds_whole_changes,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            what_comes_behind_a_cut_stands_behind_no_remains, set_up,
            tear_down),
        cmocka_unit_test_setup_teardown(
            a_log_that_is_torn_inside_holds_whole_changes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            a_log_with_a_flipped_bit_is_refused_as_it_is, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
