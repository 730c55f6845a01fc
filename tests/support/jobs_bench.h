// SPDX-License-Identifier: MIT
// jobs_bench.h - a store, a catalog, a pool and jobs with fake workers.
#pragma once

#include <pthread.h>

#include "reeld/jobs.h"

enum { BENCH_PATH_BYTES = 160, BENCH_SCRIPT_BYTES = 1024 };

struct bench {
    char directory[BENCH_PATH_BYTES];
    char worker[BENCH_PATH_BYTES];
    char log[BENCH_PATH_BYTES];     // a line for each request of a worker
    char counter[BENCH_PATH_BYTES]; // of a script's "times"
    struct jobs_options options;    // change them before bench_start()
    int64_t keep_free_bytes;        // of the store of jobs
    struct store *store;
    struct catalog *catalog;
    struct pool *pool;
    struct jobs *jobs; // NULL while stopped
    unsigned uploads;
};

int bench_set_up(void **state); // not started; *state is a struct bench
int bench_tear_down(void **state);
void bench_start(struct bench *b);
void bench_stop(
    struct bench *b); // jobs alone; bench_start() goes on from there

// An upload whose bytes are `script` (see fake_worker.c), UPLOADED.
struct id bench_upload(struct bench *b, const char *script);
// Uploads and probes; the snapshot is the caller's reference.
const struct asset *bench_ready(struct bench *b, const char *script);
const struct asset *bench_asset(struct bench *b, const struct id *id);
uint32_t bench_rendition(const struct asset *a, const char *name);

// Waits for one answer. Must not move while it waits.
struct answer {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct jobs_waiter *waiter;
    int times; // told
    enum err result;
    char detail[256];
    struct blob *piece;
};
void answer_want(struct bench *b, struct answer *a, const struct asset *asset,
                 const char *rendition, enum piece_kind kind, uint32_t number);
void answer_want_piece(struct bench *b, struct answer *a,
                       const struct piece *piece);
void answer_probe(struct bench *b, struct answer *a, const struct id *asset);
enum err answer_wait(struct answer *a); // fails the test after 30 s
void answer_done(struct bench *b, struct answer *a); // hangs up, frees

// Makes it and expects `text` to be in it.
void bench_expect(struct bench *b, const struct asset *asset,
                  const char *rendition, enum piece_kind kind, uint32_t number,
                  const char *text);

// How many lines of the log have `text` in them.
int bench_log_count(const struct bench *b, const char *text);
// Polls until `is_true` says so; fails the test after 30 s.
void bench_until(struct bench *b, bool (*is_true)(struct bench *b, void *what),
                 void *what);
int bench_made(struct bench *b, const struct asset *a, const char *rendition);
int64_t bench_jobs(struct bench *b, enum job_kind kind, enum job_state state);
