// SPDX-License-Identifier: MIT
// daemon.c - `reeld serve`: floor by floor up, wait for a signal, down again.
#include "daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "janitor.h"
#include "lock.h"
#include "reeld/api.h"
#include "reeld/base/clock.h"
#include "reeld/base/fd.h"
#include "reeld/base/log.h"
#include "reeld/base/mem.h"
#include "reeld/base/thread.h"
#include "reeld/videodb.h"
#include "systemd.h"

enum {
    POOL_THREADS = 2,
    ASSET_CACHE = 1024,
    IDLE_ROUND_US = 60000000,
    DRAIN_US = 20000000, // answers in flight may take this long at the end
    DESCRIPTORS_SPARE = 256,
    CANDIDATES_MAX = 2,
};

// Everything that runs, in the order in which it is built.
struct house {
    int lock_fd;
    struct store *store;
    struct catalog *catalog;
    struct pool *pool;
    struct jobs *jobs;
    struct fetcher *fetcher;
    struct courier *courier;
    struct api *api;
    struct videodb *videodb;
    struct http_server *http;
    struct janitor janitor;
};

static int cores(void)
{
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n > 0 ? (int)n : 1;
}

static int or_cores(int setting)
{
    return setting > 0 ? setting : cores();
}

// The first candidate beside our own program that is there: the build tree and
// an installation (FHS) lay them out differently.
static enum err find_beside(const char *setting,
                            const char *const candidate[CANDIDATES_MAX],
                            const char *what, char path[PATH_MAX])
{
    char self[PATH_MAX];
    if (setting[0]) {
        snprintf(path, PATH_MAX, "%s", setting);
        return OK;
    }
    ssize_t len = readlink("/proc/self/exe", self, sizeof self - 1);
    if (len < 0)
        return fail_errno(ERR_IO, "find our own program");
    self[len] = '\0';
    *strrchr(self, '/') = '\0';
    for (int i = 0; i < CANDIDATES_MAX; i++) {
        int n = snprintf(path, PATH_MAX, "%s/%s", self, candidate[i]);
        if (n < PATH_MAX && access(path, F_OK) == 0)
            return OK;
    }
    return fail(ERR_NOT_FOUND, "%s is not beside %s; set it", what, self);
}

static enum err find_worker(const struct settings *s, char path[PATH_MAX])
{
    static const char *const candidate[] = {"reel-worker",
                                            "../libexec/reeld/reel-worker"};
    TRY(find_beside(s->worker_path, candidate, "worker_path", path));
    if (access(path, X_OK) < 0)
        return fail_errno(ERR_BAD_INPUT, "worker_path %s", path);
    return OK;
}

static enum err find_web(const struct settings *s, char path[PATH_MAX])
{
    static const char *const candidate[] = {"../web", "../share/reeld/web"};
    return find_beside(s->web_dir, candidate, "web_dir", path);
}

static enum err ladder_wish(const struct settings *s, struct ladder_wish *ret)
{
    *ret = (struct ladder_wish){.copy_source = s->copy_source};
    TRY(ladder_parse_rungs(str_of(s->rungs), ret));
    for (uint32_t i = 0; i < ret->rungs; i++)
        ret->rung[i].crf = s->crf;
    snprintf(ret->preset, sizeof ret->preset, "%s", s->preset);
    size_t room = sizeof ret->audio_bps / sizeof ret->audio_bps[0];
    for (uint32_t i = 0; i < s->audio_bitrates_bps.count && i < room; i++)
        ret->audio_bps[ret->audios++] = s->audio_bitrates_bps.item[i];
    return OK;
}

enum err daemon_check(const struct settings *s)
{
    struct ladder_wish wish;
    char path[PATH_MAX];
    TRY(ladder_wish(s, &wish));
    TRY(find_worker(s, path));
    const struct fetch_options fetch = {.allow = s->pull_allow};
    scoped(fetcher) struct fetcher *f = NULL;
    TRY(fetch_new(&fetch, &f));
    return find_web(s, path);
}

static struct plan_wish plan_wish(const struct settings *s)
{
    struct plan_wish wish = {.segment_us = s->segment_duration_us,
                             .segment_max_us = s->segment_duration_max_us,
                             .gop_us = s->gop_duration_us};
    size_t room = sizeof wish.bootstrap_us / sizeof wish.bootstrap_us[0];
    for (uint32_t i = 0; i < s->bootstrap_durations_us.count && i < room; i++)
        wish.bootstrap_us[wish.bootstraps++] =
            s->bootstrap_durations_us.item[i];
    return wish;
}

static enum err open_floors(const struct settings *s, struct house *h)
{
    char path[PATH_MAX];
    TRY(lock_directory(s->data_dir, &h->lock_fd));
    const struct store_options store = {.directory = s->data_dir,
                                        .keep_free_bytes = s->keep_free_bytes};
    TRY(store_open_fs(&store, &h->store));
    snprintf(path, sizeof path, "%s/catalog.db", s->data_dir);
    const struct catalog_options catalog = {.path = path,
                                            .asset_cache = ASSET_CACHE,
                                            .backup_lag_us = s->backup_lag_us};
    TRY(catalog_open(&catalog, &h->catalog));
    int64_t lost = catalog_changes_lost(h->catalog);
    if (lost > 0)
        log_warn("catalog.changes_lost count=%" PRId64
                 " why=\"the log has a hole: no harm after a power failure; "
                 "else the disk is damaged: restore a backup\"",
                 lost);
    TRY(catalog_set_quota(h->catalog, s->quota_bytes, s->quota_assets));
    h->pool = pool_new(POOL_THREADS, s->queue_max);
    return OK;
}

static int64_t mp3_bps(const struct settings *s)
{
    struct str digits = str_of(s->mp3_bitrate);
    int64_t kilobits;
    digits = str_cut(&digits, 'k');
    // One of the words of settings.def.
    if (str_to_int(digits, 1, INT32_MAX, &kilobits) != OK)
        abort();
    return kilobits * 1000;
}

static enum err start_jobs(const struct settings *s, struct house *h)
{
    char worker[PATH_MAX];
    TRY(find_worker(s, worker));
    struct jobs_options o = {
        .worker_path = worker,
        .sandbox_required = s->sandbox == SANDBOX_REQUIRED,
 // Two at least, so that somebody who waits never waits for the ladder.
        .workers = s->workers > 0 ? s->workers : (cores() > 2 ? cores() : 2),
        .image_workers = s->image_workers,
        .spares = s->spares,
        .worker_threads = or_cores(s->worker_threads),
        .worker_memory_bytes = s->worker_memory_bytes,
        .worker_cpu_us = s->worker_cpu_us,
        .make_timeout_us = s->make_timeout_us,
        .probe_timeout_us = s->probe_timeout_us,
        .attempts = s->job_attempts,
        .read_ahead = s->read_ahead,
        .ladder_in_background = s->ladder == LADDER_BACKGROUND,
        .ladder_slice = s->ladder_slice,
        .cache_budget_bytes = s->cache_budget_bytes,
        .keep_free_bytes = s->keep_free_bytes,
        .downloads = (int)s->downloads,
        .downloads_waiting = (int)s->downloads_waiting,
        .download_window = (int)s->download_window,
        .mp3_bps = mp3_bps(s),
        .limits = {.max_pixels = s->max_pixels,
                   .max_duration_us = s->max_duration_us,
                   .max_frame_rate = s->max_frame_rate,
                   .max_streams = s->max_streams},
        .plan_wish = plan_wish(s),
    };
    TRY(ladder_wish(s, &o.ladder_wish));
    return jobs_start(&o, h->store, h->catalog, h->pool, &h->jobs);
}

// Other libraries make other bytes: after an upgrade renditions get recipes,
// and so keys, of the new ones.
static enum err renew_recipes(struct house *h)
{
    struct jobs_counts now = jobs_counts(h->jobs);
    uint32_t assets = 0;
    TRY(catalog_renew_recipes(h->catalog, now.build, &assets));
    if (assets > 0)
        log_info("recipes.renewed assets=%u build=\"%s\"", assets, now.build);
    return OK;
}

static void look_at_jobs(void *context)
{
    struct house *h = context;
    jobs_look(h->jobs);
}

static enum err start_courier(const struct settings *s, struct house *h)
{
    const struct fetch_options fetch = {.allow = s->pull_allow};
    const struct courier_options o = {
        .pulls = s->pulls_max,
        .pull_attempts = s->pull_attempts,
        .pull_redirects = s->pull_redirects,
        .pull_timeout_us = s->pull_timeout_us,
        .pull_stall_us = s->pull_stall_us,
        .upload_limit_bytes = s->upload_limit_bytes,
        .keep_free_bytes = s->keep_free_bytes,
        .retry_us = s->pull_retry_us,
        .callbacks = s->callbacks_max,
        .callback_tries = s->callback_tries,
        .callback_timeout_us = s->callback_timeout_us,
        .callback_retry_us = s->callback_retry_us,
        .callback_pause_us = s->callback_pause_us,
        .event_history = s->event_history,
        .uploaded = look_at_jobs,
        .context = h,
    };
    TRY(fetch_new(&fetch, &h->fetcher));
    return courier_start(&o, h->fetcher, h->store, h->catalog, &h->courier);
}

static enum err start_api(const struct settings *s, struct house *h)
{
    char web[PATH_MAX];
    TRY(find_web(s, web));
    const struct api_options o = {
        .data_dir = s->data_dir,
        .web_dir = web,
        .public_url = s->public_url,
        .cors_origins = s->cors_origins,
        .is_playback_open = s->playback == PLAYBACK_OPEN,
        .is_metrics_open = s->public_metrics,
        .segment_wait_us = s->segment_wait_us,
        .image_width_max = s->image_width_max,
        .preview_max_us = s->preview_duration_max_us,
        .grant_life_us = s->grant_life_us,
        .grant_life_max_us = s->grant_life_max_us,
        .upload_limit_bytes = s->upload_limit_bytes,
        .keep_free_bytes = s->keep_free_bytes,
        .uploads_max = s->uploads_max,
        .pulls_waiting = s->pulls_waiting,
        .secret_overlap_us = s->secret_overlap_us,
        .event_streams = s->event_streams,
        .event_streams_per_key = s->event_streams_per_key,
        .uploads_per_key = s->uploads_per_key,
        .upload_expiry_us = s->upload_expiry_us,
        .unfinished_per_key = s->unfinished_per_key,
        .requests_per_key = s->requests_per_key,
        .requests_burst = 2 * s->requests_per_key,
        .memory_cache_bytes = (size_t)s->memory_cache_bytes,
    };
    return api_new(&o, h->store, h->catalog, h->jobs, h->courier, h->pool,
                   &h->api);
}

static void start_videodb(const struct settings *s, struct house *h)
{
    const struct videodb_options o = {
        .json_limit_bytes = s->videodb_json_limit_bytes,
        .upload_limit_bytes = s->upload_limit_bytes,
        .upload_life_us = s->videodb_upload_life_us,
        .uploads_waiting = s->videodb_uploads_waiting,
        .answer_wait_us = s->videodb_answer_wait_us,
        .poll_wait_us = s->videodb_poll_wait_us,
        .callbacks_owed = s->videodb_callbacks,
    };
    h->videodb = videodb_new(&o, h->api, h->store, h->catalog, h->jobs, h->pool,
                             h->fetcher);
}

static enum err start_http(const struct settings *s, struct house *h)
{
    struct http_options o = {
        .listen = s->listen,
        .listen_fd = systemd_listen_fd(),
        .threads = or_cores(s->http_threads),
        .connections = s->connections,
        .connections_per_address = s->connections_per_address,
        .json_limit_bytes = s->json_limit_bytes,
        .idle_us = s->idle_timeout_us,
        .header_limit_bytes = s->header_limit_bytes,
        .header_us = s->header_timeout_us,
        .least_bytes_per_s = s->min_rate_bytes,
        .logs_access = s->access_log,
        .parked_max = s->parked_max > 0 ? s->parked_max : s->connections / 2,
    };
    o.face[o.faces++] = videodb_face(h->videodb);
    o.face[o.faces++] = api_face(h->api);
    TRY(http_start(&o, &h->http));
    api_started(h->api, h->http);
    return OK;
}

static enum err build(const struct settings *s, struct house *h)
{
    TRY(open_floors(s, h));
    TRY(start_jobs(s, h));
    TRY(renew_recipes(h));
    TRY(start_courier(s, h));
    TRY(start_api(s, h));
    start_videodb(s, h);
    return start_http(s, h);
}

static void tear_down(struct house *h)
{
    if (h->api)
        api_stopping(h->api);
    // Requests that wait for media are woken by the jobs before the server
    // closes; nothing new is let in meanwhile.
    if (h->http)
        http_stop(h->http, clock_now_us() + DRAIN_US);
    // Tasks on the pool may still call it, so it goes after them.
    courier_stop(h->courier);
    videodb_stop(h->videodb);
    if (h->jobs)
        jobs_stop(h->jobs);
    if (h->pool)
        pool_free(h->pool);
    courier_free(h->courier);
    fetch_free(h->fetcher);
    videodb_free(h->videodb);
    api_free(h->api);
    catalog_close(h->catalog);
    store_free(h->store);
    fd_close(h->lock_fd);
}

// A socket a connection and files beside them: as many descriptors as the
// machine lets us have, up to what the settings can use.
static void raise_descriptor_limit(const struct settings *s)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return;
    rlim_t wanted = 2 * (rlim_t)s->connections + DESCRIPTORS_SPARE;
    if (limit.rlim_cur >= wanted)
        return;
    limit.rlim_cur = wanted < limit.rlim_max ? wanted : limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur < wanted)
        log_warn("reeld.descriptors limit=%llu wanted=%llu",
                 (unsigned long long)limit.rlim_cur,
                 (unsigned long long)wanted);
}

// Signals are taken by sigtimedwait() alone: every thread starts with them
// blocked, so this comes before the first one.
static sigset_t block_signals(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
    return set;
}

static void wait_for_signal(const sigset_t *set, struct house *h)
{
    int64_t beat_us = systemd_watchdog_us() / 2;
    int64_t round_us = beat_us > 0 ? beat_us : IDLE_ROUND_US;
    struct timespec wait = {round_us / 1000000, round_us % 1000000 * 1000};
    for (;;) {
        janitor_look(&h->janitor);
        int got = sigtimedwait(set, NULL, &wait);
        if (got == SIGUSR1) { // from `reeld gc`
            h->janitor.next_us = 0;
        } else if (got > 0) {
            log_info("reeld.stopping signal=%s", sigabbrev_np(got));
            return;
        }
        if (beat_us > 0)
            systemd_beat(http_port(h->http));
    }
}

enum err daemon_serve(const struct settings *s)
{
    sigset_t signals = block_signals();
    umask(077);
    raise_descriptor_limit(s);
    struct house h = {.lock_fd = -1};
    enum err result = build(s, &h);
    if (result == OK) {
        log_info("reeld.ready version=%s data_dir=%s", REELD_VERSION,
                 s->data_dir);
        systemd_notify("READY=1");
        h.janitor = (struct janitor){
            .store = h.store, .catalog = h.catalog, .pool = h.pool};
        thread_set_role(ROLE_MAIN);
        wait_for_signal(&signals, &h);
        systemd_notify("STOPPING=1");
        thread_set_role(ROLE_ANY);
    }
    // The teardown may fail in its own ways; what counts is the first reason.
    scoped(mem) char *reason = mem_text(fail_text());
    tear_down(&h);
    if (result == OK && h.janitor.damage[0] != '\0')
        return fail(ERR_BAD_INPUT, "%s", h.janitor.damage);
    return result == OK ? OK : fail(result, "%s", reason);
}
