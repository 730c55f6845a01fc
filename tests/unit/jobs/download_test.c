// SPDX-License-Identifier: MIT
// download_test.c - downloads are put together of pieces, and of nothing else.
//
// A segment is 4 s of two GOPs, an asset has four of them (fake_worker.c).
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "jobs_bench.h"
#include "reeld/base/fd.h"
#include "reeld/base/mem.h"
#include "reeld/base/str.h"
#include "unit.h"

// Of pictures and of sound: an init and four segments.
enum { PARTS = 10, FILE_BYTES_MAX = 1 << 20 };

static void succeed(enum err e)
{
    if (e != OK)
        print_error("%s: %s\n", err_name(e), fail_text());
    assert_int_equal(e, OK);
}

static const struct download *download_of(struct timeline *t,
                                          enum download_container container)
{
    const struct download_wish wish = {
        .container = container,
        .rung = container == DOWNLOAD_MP4 ? STR("360p") : STR(""),
        .mp3_bps = 128000,
        .build = "fake"};
    const struct download *d = NULL;
    succeed(download_new(t, &wish, &d));
    return d;
}

static const struct download *mp4_of(const struct asset *a)
{
    return download_of(timeline_of_asset(a), DOWNLOAD_MP4);
}

static void take_result(void *context, enum err result, const char *detail,
                        struct blob *piece)
{
    struct answer *a = context;
    assert_null(piece);
    pthread_mutex_lock(&a->lock);
    a->times++;
    a->result = result;
    str_copy(a->detail, sizeof a->detail, str_of(detail));
    pthread_cond_broadcast(&a->changed);
    pthread_mutex_unlock(&a->lock);
}

static void want(struct bench *b, struct answer *a, const struct download *d)
{
    *a = (struct answer){.times = 0};
    pthread_mutex_init(&a->lock, NULL);
    pthread_cond_init(&a->changed, NULL);
    succeed(jobs_want_download(b->jobs, d, take_result, a, &a->waiter));
}

static enum err result_of(struct bench *b, const struct download *d)
{
    struct answer a;
    want(b, &a, d);
    enum err result = answer_wait(&a);
    answer_done(b, &a);
    return result;
}

static char *read_download(struct bench *b, const struct download *d,
                           size_t *ret_len)
{
    scoped(fd) int fd = -1;
    uint8_t *bytes = NULL;
    succeed(store_open(b->store, &d->key, &fd));
    succeed(fd_read_file(fd, FILE_BYTES_MAX, &bytes, ret_len));
    return (char *)bytes;
}

// Each text follows the one before it.
static void assert_order(const char *bytes, size_t len,
                         const char *const *texts, size_t count)
{
    const char *at = bytes;
    for (size_t i = 0; i < count; i++) {
        const char *found =
            memmem(at, len - (size_t)(at - bytes), texts[i], strlen(texts[i]));
        if (!found)
            print_error("no %s\n", texts[i]);
        assert_non_null(found);
        at = found + strlen(texts[i]);
    }
}

static int temps(const struct bench *b)
{
    char path[BENCH_PATH_BYTES + 16];
    snprintf(path, sizeof path, "%s/store/temp", b->directory);
    DIR *folder = opendir(path);
    assert_non_null(folder);
    int count = 0;
    for (const struct dirent *e; (e = readdir(folder));)
        count += e->d_name[0] != '.';
    closedir(folder);
    return count;
}

static bool has_no_temps(struct bench *b, void *what)
{
    (void)what;
    return temps(b) == 0;
}

static bool is_ready(struct bench *b, void *what)
{
    struct jobs_download now;
    succeed(jobs_download(b->jobs, what, &now));
    return now.state == JOBS_DOWNLOAD_READY;
}

static void a_head_stands_before_the_parts_in_order(void **state)
{
    struct bench *b = *state;
    bench_start(b);
    scoped(asset) const struct asset *a = bench_ready(b, "");
    scoped(download) const struct download *d = mp4_of(a);
    assert_int_equal(result_of(b, d), OK);
    size_t len = 0;
    scoped(mem) char *bytes = read_download(b, d, &len);
    const char *const texts[] = {
        "head of 10 parts",
        "init video encode 640x360",
        "init audio",
        "segment video encode 640x360 0 4000",
        "segment audio encode 0x0 0 187",
        "segment video encode 640x360 4000 8000",
        "segment audio encode 0x0 187 375",
        "segment video encode 640x360 8000 12000",
        "segment audio encode 0x0 375 562",
        "segment video encode 640x360 12000 16000",
        "segment audio encode 0x0 562 750",
    };
    assert_order(bytes, len, texts, sizeof texts / sizeof *texts);
    struct piece_fact fact;
    succeed(catalog_piece(b->catalog, &d->key, &fact));
    assert_int_equal(fact.kind, PIECE_DOWNLOAD);
    assert_int_equal(fact.size_bytes, len);
    assert_int_equal(fact.duration_us, 16000000);
    bench_until(b, has_no_temps, NULL);
}

static void what_is_made_is_not_made_again(void **state)
{
    struct bench *b = *state;
    bench_start(b);
    scoped(asset) const struct asset *a = bench_ready(b, "");
    bench_expect(b, a, "360p", PIECE_SEGMENT, 2, "8000 12000");
    scoped(download) const struct download *d = mp4_of(a);
    assert_int_equal(result_of(b, d), OK);
    assert_int_equal(result_of(b, d), OK);
    assert_int_equal(bench_log_count(b, "640x360 8000 12000"), 1);
    // The MP3 has other bytes of the same sound.
    scoped(download) const struct download *mp3 =
        download_of(timeline_of_asset(a), DOWNLOAD_MP3);
    assert_int_equal(result_of(b, mp3), OK);
    assert_int_equal(bench_log_count(b, "segment audio encode 0x0 187"), 1);
    size_t len = 0;
    scoped(mem) char *bytes = read_download(b, mp3, &len);
    const char *const texts[] = {"whole of 5 parts"};
    assert_order(bytes, len, texts, 1);
}

static void use_files(struct bench *b, const char *script)
{
    char text[BENCH_SCRIPT_BYTES];
    snprintf(text, sizeof text, "%s\nlog=%s\ncounter=%s", script, b->log,
             b->counter);
    setenv("FAKE_FILE", text, 1);
}

static void all_who_ask_share_one_making(void **state)
{
    struct bench *b = *state;
    use_files(b, "");
    bench_start(b);
    scoped(asset) const struct asset *a = bench_ready(b, "delay_ms=20");
    scoped(download) const struct download *d = mp4_of(a);
    struct answer first, second, left;
    want(b, &first, d);
    want(b, &left, d);
    want(b, &second, d);
    answer_done(b, &left); // hangs up
    assert_int_equal(answer_wait(&first), OK);
    assert_int_equal(answer_wait(&second), OK);
    answer_done(b, &first);
    answer_done(b, &second);
    assert_int_equal(bench_log_count(b, "head of"), 1);
}

static void it_goes_on_when_nobody_waits(void **state)
{
    struct bench *b = *state;
    bench_start(b);
    scoped(asset) const struct asset *a = bench_ready(b, "delay_ms=20");
    scoped(download) const struct download *d = mp4_of(a);
    struct jobs_download now;
    succeed(jobs_download(b->jobs, d, &now));
    assert_int_equal(now.state, JOBS_DOWNLOAD_ABSENT);
    jobs_download_start(b->jobs, d);
    bench_until(b, is_ready, (void *)(uintptr_t)d);
    succeed(jobs_download(b->jobs, d, &now));
    assert_int_equal(now.permille, 1000);
}

static bool is_under_way(struct bench *b, void *what)
{
    struct jobs_download now;
    succeed(jobs_download(b->jobs, what, &now));
    return now.state == JOBS_DOWNLOAD_MAKING && now.permille > 0 &&
           now.permille < 1000;
}

static void it_says_how_far_it_is(void **state)
{
    struct bench *b = *state;
    use_files(b, "file=hang");
    bench_start(b);
    scoped(asset) const struct asset *a = bench_ready(b, "");
    scoped(download) const struct download *d = mp4_of(a);
    jobs_download_start(b->jobs, d);
    bench_until(b, is_under_way, (void *)(uintptr_t)d);
}

// ---- trouble ---------------------------------------------------------------

static void a_worker_that_dies_costs_an_attempt(void **state)
{
    struct bench *b = *state;
    static const char *const scripts[] = {
        "file=crash\ntimes=2", "file=error\ntimes=2", "file=lie\ntimes=2",
        "file=garbage\ntimes=2"};
    for (size_t i = 0; i < sizeof scripts / sizeof *scripts; i++) {
        use_files(b, scripts[i]);
        bench_start(b);
        scoped(asset) const struct asset *a = bench_ready(b, "");
        scoped(download) const struct download *d = mp4_of(a);
        assert_int_equal(result_of(b, d), OK);
        bench_stop(b);
        unlink(b->counter);
    }
}

static bool is_failed(struct bench *b, void *what)
{
    struct jobs_download now;
    succeed(jobs_download(b->jobs, what, &now));
    return now.state == JOBS_DOWNLOAD_FAILED;
}

static void one_that_cannot_be_made_is_given_up(void **state)
{
    struct bench *b = *state;
    use_files(b, "file=error");
    bench_start(b);
    scoped(asset) const struct asset *a = bench_ready(b, "");
    scoped(download) const struct download *d = mp4_of(a);
    assert_int_equal(result_of(b, d), ERR_IO);
    bench_until(b, has_no_temps, NULL);
    bench_until(b, is_failed, (void *)(uintptr_t)d);
    // It is remembered for a while, and nothing is tried meanwhile.
    struct answer again;
    want(b, &again, d);
    assert_int_equal(answer_wait(&again), ERR_IO);
    assert_non_null(strstr(again.detail, "the picture is torn"));
    answer_done(b, &again);
}

static void a_part_that_cannot_be_made_ends_it(void **state)
{
    struct bench *b = *state;
    bench_start(b);
    scoped(asset) const struct asset *a = bench_ready(b, "make=error");
    scoped(download) const struct download *d = mp4_of(a);
    assert_int_equal(result_of(b, d), ERR_IO);
    bench_until(b, has_no_temps, NULL);
}

static void a_part_that_the_store_lost_is_made_again(void **state)
{
    struct bench *b = *state;
    bench_start(b);
    scoped(asset) const struct asset *a = bench_ready(b, "");
    scoped(download) const struct download *d = mp4_of(a);
    assert_int_equal(result_of(b, d), OK);
    // Its fact stays, as after a disk that lost something.
    scoped(piece) struct piece piece = {0};
    succeed(piece_of_asset(a, bench_rendition(a, "360p"), PIECE_SEGMENT, 1,
                           &piece));
    bench_stop(b);
    succeed(store_remove(b->store, &piece.key));
    succeed(catalog_forget_piece(b->catalog, &d->key));
    bench_start(b);
    assert_int_equal(result_of(b, d), OK);
    assert_int_equal(bench_log_count(b, "640x360 4000 8000"), 2);
}

static void an_asset_that_goes_takes_it_along(void **state)
{
    struct bench *b = *state;
    bench_start(b);
    scoped(asset) const struct asset *a = bench_ready(b, "make=hang");
    scoped(download) const struct download *d = mp4_of(a);
    struct answer answer;
    want(b, &answer, d);
    scoped(mem) struct digest *orphans = NULL;
    size_t count = 0;
    succeed(catalog_remove_asset(b->catalog, &a->id, &orphans, &count));
    jobs_forget(b->jobs, &a->id);
    assert_int_equal(answer_wait(&answer), ERR_NOT_FOUND);
    answer_done(b, &answer);
    bench_until(b, has_no_temps, NULL);
}

static void an_asset_that_goes_at_the_last_moment_takes_it_along(void **state)
{
    struct bench *b = *state;
    bench_start(b);
    scoped(asset) const struct asset *a = bench_ready(b, "");
    scoped(download) const struct download *d = mp4_of(a);
    assert_int_equal(result_of(b, d), OK);
    scoped(mem) struct digest *orphans = NULL;
    size_t count = 0;
    succeed(catalog_remove_asset(b->catalog, &a->id, &orphans, &count));
    bool is_orphan = false;
    for (size_t i = 0; i < count; i++)
        is_orphan = is_orphan || digest_eq(&orphans[i], &d->key);
    assert_true(is_orphan);
    // Nobody said so to jobs: its fact is refused all the same.
    assert_int_equal(result_of(b, d), ERR_NOT_FOUND);
    int fd = -1;
    assert_int_equal(store_open(b->store, &d->key, &fd), ERR_NOT_FOUND);
}

static void a_disk_without_room_is_named(void **state)
{
    struct bench *b = *state;
    b->options.keep_free_bytes = INT64_MAX;
    bench_start(b);
    scoped(asset) const struct asset *a = bench_ready(b, "");
    scoped(download) const struct download *d = mp4_of(a);
    struct answer answer;
    want(b, &answer, d);
    assert_int_equal(answer_wait(&answer), ERR_NO_SPACE);
    assert_non_null(strstr(answer.detail, "disk"));
    answer_done(b, &answer);
}

static void a_worker_without_room_is_not_asked_again(void **state)
{
    struct bench *b = *state;
    use_files(b, "file=full");
    bench_start(b);
    scoped(asset) const struct asset *a = bench_ready(b, "");
    scoped(download) const struct download *d =
        download_of(timeline_of_asset(a), DOWNLOAD_MP3);
    assert_int_equal(result_of(b, d), ERR_NO_SPACE);
}

static void one_larger_than_the_cache_is_refused(void **state)
{
    struct bench *b = *state;
    b->options.cache_budget_bytes = 1000;
    bench_start(b);
    scoped(asset) const struct asset *a = bench_ready(b, "");
    scoped(download) const struct download *d = mp4_of(a);
    struct answer answer;
    want(b, &answer, d);
    assert_int_equal(answer_wait(&answer), ERR_NO_SPACE);
    assert_non_null(strstr(answer.detail, "cache_budget"));
    answer_done(b, &answer);
}

static void no_more_wait_than_may(void **state)
{
    struct bench *b = *state;
    b->options.downloads = 1;
    b->options.downloads_waiting = 1;
    bench_start(b);
    scoped(asset) const struct asset *a = bench_ready(b, "make=hang");
    const struct download *d[3] = {
        mp4_of(a), download_of(timeline_of_asset(a), DOWNLOAD_M4A),
        download_of(timeline_of_asset(a), DOWNLOAD_MP3)};
    struct answer answer[3];
    for (int i = 0; i < 3; i++)
        want(b, &answer[i], d[i]);
    assert_int_equal(answer_wait(&answer[2]), ERR_BUSY);
    bench_stop(b);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(answer_wait(&answer[i]), ERR_BUSY);
        answer_done(b, &answer[i]);
        download_unref(d[i]);
    }
}

static void unlike_assets_are_copied(void **state)
{
    struct bench *b = *state;
    bench_start(b);
    scoped(asset) const struct asset *one = bench_ready(b, "");
    scoped(asset) const struct asset *other = bench_ready(b, "segments=1");
    struct timeline *t = timeline_new();
    succeed(timeline_add_ticks(t, one, 0, 8000));
    succeed(timeline_add_ticks(t, other, 0, 4000));
    scoped(download) const struct download *d = download_of(t, DOWNLOAD_MP4);
    assert_true(d->is_copied);
    assert_int_equal(result_of(b, d), OK);
    size_t len = 0;
    scoped(mem) char *bytes = read_download(b, d, &len);
    const char *const texts[] = {"whole of 10 parts"};
    assert_order(bytes, len, texts, 1);
    // Gone with either of the two.
    scoped(mem) struct digest *orphans = NULL;
    size_t count = 0;
    succeed(catalog_remove_asset(b->catalog, &other->id, &orphans, &count));
    struct piece_fact fact;
    assert_int_equal(catalog_piece(b->catalog, &d->key, &fact), ERR_NOT_FOUND);
}

int main(void)
{
#define BENCHED(test)                                                          \
    cmocka_unit_test_setup_teardown(test, bench_set_up, bench_tear_down)
    const struct CMUnitTest tests[] = {
        BENCHED(a_head_stands_before_the_parts_in_order),
        BENCHED(what_is_made_is_not_made_again),
        BENCHED(all_who_ask_share_one_making),
        BENCHED(it_goes_on_when_nobody_waits),
        BENCHED(it_says_how_far_it_is),
        BENCHED(a_worker_that_dies_costs_an_attempt),
        BENCHED(one_that_cannot_be_made_is_given_up),
        BENCHED(a_part_that_cannot_be_made_ends_it),
        BENCHED(a_part_that_the_store_lost_is_made_again),
        BENCHED(an_asset_that_goes_takes_it_along),
        BENCHED(an_asset_that_goes_at_the_last_moment_takes_it_along),
        BENCHED(a_disk_without_room_is_named),
        BENCHED(a_worker_without_room_is_not_asked_again),
        BENCHED(one_larger_than_the_cache_is_refused),
        BENCHED(no_more_wait_than_may),
        BENCHED(unlike_assets_are_copied),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
