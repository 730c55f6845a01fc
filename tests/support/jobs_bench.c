// SPDX-License-Identifier: MIT
// jobs_bench.c - a store, a catalog, a pool and jobs with fake workers.
#include "jobs_bench.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "reeld/base/clock.h"
#include "reeld/base/fd.h"
#include "reeld/base/log.h"
#include "reeld/base/mem.h"
#include "unit.h"

static void must(enum err result)
{
    if (result != OK)
        print_error("%s: %s\n", err_name(result), fail_text());
    assert_int_equal(result, OK);
}

// build/release/unit/jobs/x_test -> build/release/fake-worker
static void find_worker(struct bench *b)
{
    char own[BENCH_PATH_BYTES - 16];
    ssize_t len = readlink("/proc/self/exe", own, sizeof own - 1);
    assert_true(len > 0);
    own[len] = '\0';
    for (int i = 0; i < 3; i++)
        *strrchr(own, '/') = '\0';
    snprintf(b->worker, sizeof b->worker, "%s/fake-worker", own);
}

static struct jobs_options default_options(const struct bench *b)
{
    struct jobs_options o = {
        .worker_path = b->worker,
        .sandbox_required = true,
        .workers = 2,
        .image_workers = 1,
        .spares = 2,
        .worker_threads = 1,
        .worker_memory_bytes = INT64_C(1) << 30,
        .worker_cpu_us = 10000000,
        .make_timeout_us = 10000000,
        .probe_timeout_us = 10000000,
        .attempts = 3,
        .read_ahead = 0,
        .ladder_in_background = false,
        .ladder_slice = 2,
        .downloads = 2,
        .downloads_waiting = 4,
        .download_window = 4,
        .mp3_bps = 128000,
        .limits = {33554432, INT64_C(43200000000), 240, 32},
        .plan_wish = {.segment_us = 4000000,
                   .segment_max_us = 6000000,
                   .gop_us = 2000000          },
    };
    must(ladder_parse_rungs(STR("720p:2700k 360p:750k"), &o.ladder_wish));
    snprintf(o.ladder_wish.preset, sizeof o.ladder_wish.preset, "veryfast");
    o.ladder_wish.copy_source = true;
    o.ladder_wish.audio_bps[0] = 128000;
    o.ladder_wish.audio_bps[1] = 64000;
    o.ladder_wish.audios = 2;
    return o;
}

int bench_set_up(void **state)
{
    struct bench *b = NEW(struct bench);
    log_set_level(getenv("BENCH_LOG") ? LOG_DEBUG : LOG_ERROR);
    unsetenv("FAKE_HELLO");
    unsetenv("FAKE_FILE");
    snprintf(b->directory, sizeof b->directory, "/tmp/reeld-jobs-XXXXXX");
    assert_non_null(mkdtemp(b->directory));
    snprintf(b->log, sizeof b->log, "%.100s/log", b->directory);
    snprintf(b->counter, sizeof b->counter, "%.100s/counter", b->directory);
    find_worker(b);
    b->options = default_options(b);
    char path[BENCH_PATH_BYTES];
    snprintf(path, sizeof path, "%.100s/catalog.db", b->directory);
    struct catalog_options c = {.path = path, .asset_cache = 16};
    must(catalog_open(&c, &b->catalog));
    *state = b;
    return 0;
}

static int remove_one(const char *path, const struct stat *status, int type,
                      struct FTW *where)
{
    (void)status;
    (void)type;
    (void)where;
    return remove(path);
}

int bench_tear_down(void **state)
{
    struct bench *b = *state;
    bench_stop(b);
    store_free(b->store);
    catalog_close(b->catalog);
    assert_int_equal(nftw(b->directory, remove_one, 8, FTW_DEPTH | FTW_PHYS),
                     0);
    free(b);
    return 0;
}

static void open_store(struct bench *b, int64_t keep_free_bytes)
{
    store_free(b->store);
    b->store = NULL;
    char path[BENCH_PATH_BYTES];
    snprintf(path, sizeof path, "%.100s/store", b->directory);
    struct store_options o = {.directory = path,
                              .keep_free_bytes = keep_free_bytes};
    must(store_open_fs(&o, &b->store));
}

void bench_start(struct bench *b)
{
    open_store(b, b->keep_free_bytes);
    b->pool = pool_new(2, 100);
    must(jobs_start(&b->options, b->store, b->catalog, b->pool, &b->jobs));
}

void bench_stop(struct bench *b)
{
    jobs_stop(b->jobs);
    b->jobs = NULL;
    pool_free(b->pool);
    b->pool = NULL;
}

static struct digest put_source(struct bench *b, const char *bytes, size_t len)
{
    struct digest key = hash_of(bytes, len);
    // A store of its own, as that of jobs may be full in a test.
    char path[BENCH_PATH_BYTES];
    snprintf(path, sizeof path, "%.100s/store", b->directory);
    struct store_options o = {.directory = path};
    scoped(store) struct store *s = NULL;
    must(store_open_fs(&o, &s));
    struct store_writer *w = NULL;
    must(store_begin(s, 0, &w));
    must(fd_write_all(store_writer_fd(w), bytes, len));
    must(store_commit(w, &key));
    return key;
}

struct id bench_upload(struct bench *b, const char *script)
{
    char bytes[BENCH_SCRIPT_BYTES];
    int len =
        snprintf(bytes, sizeof bytes, "%s\nlog=%s\ncounter=%s\nupload=%u\n",
                 script, b->log, b->counter, b->uploads++);
    assert_in_range(len, 1, sizeof bytes - 1);
    struct asset *a = asset_new();
    a->id = id_new("m");
    a->kind = ASSET_VIDEO;
    a->name = mem_text("a test");
    a->description = mem_text("");
    a->metadata = mem_text("{}");
    a->filename = mem_text("test.mp4");
    a->created_us = clock_wall_us();
    a->size_bytes = len;
    a->source = put_source(b, bytes, (size_t)len);
    must(catalog_add_asset(b->catalog, a));
    struct id id = a->id;
    asset_unref(a);
    return id;
}

const struct asset *bench_asset(struct bench *b, const struct id *id)
{
    const struct asset *a = NULL;
    must(catalog_asset(b->catalog, id, &a));
    return a;
}

const struct asset *bench_ready(struct bench *b, const char *script)
{
    struct id id = bench_upload(b, script);
    struct answer answer;
    answer_probe(b, &answer, &id);
    must(answer_wait(&answer));
    answer_done(b, &answer);
    const struct asset *a = bench_asset(b, &id);
    assert_int_equal(a->state, ASSET_READY);
    return a;
}

uint32_t bench_rendition(const struct asset *a, const char *name)
{
    int r = asset_rendition(a, str_of(name));
    assert_true(r >= 0);
    return (uint32_t)r;
}

// ---- answers ---------------------------------------------------------------

static void take_answer(void *context, enum err result, const char *detail,
                        struct blob *piece)
{
    struct answer *a = context;
    pthread_mutex_lock(&a->lock);
    a->times++;
    a->result = result;
    str_copy(a->detail, sizeof a->detail, str_of(detail));
    blob_unref(a->piece);
    a->piece = piece;
    pthread_cond_broadcast(&a->changed);
    pthread_mutex_unlock(&a->lock);
}

static void init_answer(struct answer *a)
{
    *a = (struct answer){.times = 0};
    pthread_mutex_init(&a->lock, NULL);
    pthread_cond_init(&a->changed, NULL);
}

void answer_want_piece(struct bench *b, struct answer *a,
                       const struct piece *piece)
{
    init_answer(a);
    must(jobs_want(b->jobs, piece, take_answer, a, &a->waiter));
}

void answer_want(struct bench *b, struct answer *a, const struct asset *asset,
                 const char *rendition, enum piece_kind kind, uint32_t number)
{
    scoped(piece) struct piece piece = {0};
    must(piece_of_asset(asset, bench_rendition(asset, rendition), kind, number,
                        &piece));
    answer_want_piece(b, a, &piece);
}

void answer_probe(struct bench *b, struct answer *a, const struct id *asset)
{
    init_answer(a);
    must(jobs_probe(b->jobs, asset, take_answer, a, &a->waiter));
}

enum err answer_wait(struct answer *a)
{
    struct timespec deadline;
    clock_gettime(CLOCK_REALTIME, &deadline);
    deadline.tv_sec += PATIENCE_S;
    pthread_mutex_lock(&a->lock);
    int late = 0;
    while (a->times == 0 && late == 0)
        late = pthread_cond_timedwait(&a->changed, &a->lock, &deadline);
    pthread_mutex_unlock(&a->lock);
    assert_int_equal(late, 0);
    assert_int_equal(a->times, 1);
    return a->result;
}

void answer_done(struct bench *b, struct answer *a)
{
    jobs_hang_up(b->jobs, a->waiter);
    blob_unref(a->piece);
    pthread_cond_destroy(&a->changed);
    pthread_mutex_destroy(&a->lock);
}

void bench_expect(struct bench *b, const struct asset *asset,
                  const char *rendition, enum piece_kind kind, uint32_t number,
                  const char *text)
{
    struct answer a;
    answer_want(b, &a, asset, rendition, kind, number);
    enum err result = answer_wait(&a);
    if (result != OK)
        print_error("%s: %s\n", err_name(result), a.detail);
    assert_int_equal(result, OK);
    assert_non_null(a.piece);
    if (!memmem(a.piece->bytes, a.piece->len, text, strlen(text)))
        print_error("%.*s\n", (int)a.piece->len, (const char *)a.piece->bytes);
    assert_non_null(memmem(a.piece->bytes, a.piece->len, text, strlen(text)));
    answer_done(b, &a);
}

// ---- looking ---------------------------------------------------------------

int bench_log_count(const struct bench *b, const char *text)
{
    scoped(fd) int fd = open(b->log, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return 0;
    scoped(mem) uint8_t *bytes = NULL;
    size_t len = 0;
    must(fd_read_file(fd, 1 << 20, &bytes, &len));
    struct str rest = {(const char *)bytes, len};
    int count = 0;
    while (rest.ptr) {
        struct str line = str_cut(&rest, '\n');
        count += memmem(line.ptr, line.len, text, strlen(text)) != NULL;
    }
    return count;
}

void bench_until(struct bench *b, bool (*is_true)(struct bench *b, void *what),
                 void *what)
{
    const struct timespec moment = {0, 10000000};
    int64_t deadline = clock_now_us() + PATIENCE_S * INT64_C(1000000);
    while (!is_true(b, what)) {
        assert_true(clock_now_us() < deadline);
        nanosleep(&moment, NULL);
    }
}

int bench_made(struct bench *b, const struct asset *a, const char *rendition)
{
    uint8_t made[1000];
    uint32_t count = 0;
    assert_in_range(a->plan->segments, 1, sizeof made);
    must(catalog_made_segments(b->catalog, a->source_row,
                               a->recipe_row[bench_rendition(a, rendition)],
                               made, a->plan->segments, &count));
    return (int)count;
}

int64_t bench_jobs(struct bench *b, enum job_kind kind, enum job_state state)
{
    int64_t counts[JOB_KINDS][JOB_STATES];
    must(catalog_job_counts(b->catalog, counts));
    return counts[kind][state];
}
