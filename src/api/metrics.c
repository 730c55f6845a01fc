// SPDX-License-Identifier: MIT
// metrics.c - counts in the Prometheus text format, version 0.0.4.
#include "room.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "reeld/base/clock.h"

enum { METRICS_BYTES_MAX = 64 << 10 };

// `labels` with their braces, "" for none. A name's lines follow each other;
// HELP and TYPE stand before the first.
static void head(struct buf *to, const char *name, const char *type,
                 const char *help)
{
    buf_printf(to, "# HELP reeld_%s %s\n# TYPE reeld_%s %s\n", name, help, name,
               type);
}

static void line(struct buf *to, const char *name, const char *labels,
                 int64_t value)
{
    buf_printf(to, "reeld_%s%s %" PRId64 "\n", name, labels, value);
}

static void one(struct buf *to, const char *name, const char *type,
                const char *help, int64_t value)
{
    head(to, name, type, help);
    line(to, name, "", value);
}

// Microseconds, told in seconds as Prometheus wants it.
static void seconds(struct buf *to, const char *name, const char *type,
                    const char *help, int64_t us)
{
    head(to, name, type, help);
    buf_printf(to, "reeld_%s %" PRId64 ".%06" PRId64 "\n", name, us / 1000000,
               us % 1000000);
}

static void write_http(struct api *a, struct buf *to)
{
    struct http_server *server = atomic_load(&a->server);
    if (!server)
        return;
    struct http_counts c = http_counts(server);
    one(to, "http_connections", "gauge", "Open connections.", c.connections);
    one(to, "http_parked", "gauge", "Requests that wait.", c.parked);
    one(to, "http_requests_total", "counter", "Requests.", c.requests);
    one(to, "http_sent_bytes_total", "counter", "Bytes sent.", c.bytes_sent);
    one(to, "http_received_bytes_total", "counter", "Bytes received.",
        c.bytes_received);
    head(to, "http_answers_total", "counter", "Answers by class of status.");
    for (int i = 1; i < 6; i++) {
        char labels[32];
        snprintf(labels, sizeof(labels), "{status=\"%dxx\"}", i);
        line(to, "http_answers_total", labels, c.by_status[i]);
    }
    struct http_cache_counts k = http_cache_counts(a->cache);
    one(to, "cache_hits_total", "counter", "Answers found in memory.", k.hits);
    one(to, "cache_misses_total", "counter", "Answers not in memory.",
        k.misses);
    one(to, "cache_bytes", "gauge", "Bytes of answers in memory.", k.bytes);
    one(to, "cache_answers", "gauge", "Answers in memory.", k.answers);
}

static void write_jobs(struct api *a, struct buf *to)
{
    static const char *const urgency[JOBS_URGENCIES] = {
        "{urgency=\"now\"}",   "{urgency=\"next\"}", "{urgency=\"image\"}",
        "{urgency=\"probe\"}", "{urgency=\"edge\"}", "{urgency=\"download\"}",
        "{urgency=\"ladder\"}"};
    struct jobs_counts c = jobs_counts(a->jobs);
    head(to, "workers", "gauge", "Worker processes.");
    line(to, "workers", "{state=\"busy\"}", c.workers_busy);
    line(to, "workers", "{state=\"spare\"}", c.workers_spare);
    head(to, "worker_walls", "gauge", "Walls that workers raised, 1 or 0.");
    line(to, "worker_walls", "{wall=\"seccomp\"}", c.has_seccomp);
    line(to, "worker_walls", "{wall=\"landlock\"}", c.has_landlock);
    head(to, "pieces_waiting", "gauge", "Pieces to be made.");
    for (int i = 0; i < JOBS_URGENCIES; i++)
        line(to, "pieces_waiting", urgency[i], c.waiting[i]);
    one(to, "pieces_made_total", "counter", "Pieces made.", c.made);
    one(to, "pieces_failed_total", "counter", "Pieces that failed.", c.failed);
    one(to, "pieces_evicted_total", "counter", "Pieces evicted.",
        c.evicted_pieces);
    one(to, "evicted_bytes_total", "counter", "Bytes evicted.",
        c.evicted_bytes);
    one(to, "worker_deaths_total", "counter", "Workers that died at work.",
        c.worker_deaths);
    seconds(to, "media_made_seconds_total", "counter", "Media made.",
            c.media_us_made);
    seconds(to, "worker_cpu_seconds_total", "counter", "CPU spent on it.",
            c.cpu_us_spent);
}

static enum err write_store(struct api *a, struct buf *to)
{
    int64_t free_bytes = 0, total_bytes = 0, made_bytes = 0;
    TRY(store_space(a->store, &free_bytes, &total_bytes));
    TRY(catalog_piece_bytes(a->catalog, &made_bytes));
    one(to, "disk_free_bytes", "gauge", "Free space.", free_bytes);
    one(to, "disk_total_bytes", "gauge", "Size of the disk.", total_bytes);
    one(to, "disk_kept_free_bytes", "gauge", "Below it uploads are refused.",
        a->o.keep_free_bytes);
    one(to, "made_bytes", "gauge", "Bytes of made pieces.", made_bytes);
    return OK;
}

static enum err write_facts(struct api *a, struct buf *to)
{
    int64_t assets, bytes;
    TRY(catalog_usage(a->catalog, &assets, &bytes));
    one(to, "assets", "gauge", "Assets in any state.", assets);
    one(to, "asset_bytes", "gauge", "Bytes of their uploads.", bytes);
    int64_t jobs[JOB_KINDS][JOB_STATES];
    TRY(catalog_job_counts(a->catalog, jobs));
    head(to, "jobs", "gauge", "Jobs in the catalog.");
    for (int kind = 0; kind < JOB_KINDS; kind++)
        for (int state = 0; state < JOB_STATES; state++) {
            char labels[64];
            snprintf(labels, sizeof(labels), "{kind=\"%s\",state=\"%s\"}",
                     job_kind_name((enum job_kind)kind),
                     job_state_name((enum job_state)state));
            line(to, "jobs", labels, jobs[kind][state]);
        }
    return OK;
}

// Of the daemon alone: workers are processes of their own.
static void write_process(struct buf *to)
{
    struct rusage usage;
    struct rlimit files;
    int64_t open_files = 0;
    DIR *d = opendir("/proc/self/fd");
    while (d && readdir(d))
        open_files++;
    if (d)
        closedir(d);
    // "." and "..", and the directory itself.
    one(to, "process_open_fds", "gauge", "Open descriptors.",
        max_i64(open_files - 3, 0));
    if (getrlimit(RLIMIT_NOFILE, &files) == 0)
        one(to, "process_max_fds", "gauge", "Most of them.",
            files.rlim_cur < INT64_MAX ? (int64_t)files.rlim_cur : INT64_MAX);
    if (getrusage(RUSAGE_SELF, &usage) == 0)
        seconds(to, "process_cpu_seconds_total", "counter", "CPU time.",
                (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 +
                    usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
    int64_t pages = 0;
    FILE *f = fopen("/proc/self/statm", "re");
    if (f && fscanf(f, "%*d %" SCNd64, &pages) == 1)
        one(to, "process_resident_memory_bytes", "gauge", "Memory in use.",
            pages * sysconf(_SC_PAGESIZE));
    if (f)
        fclose(f);
}

void system_metrics(struct http_request *r)
{
    struct api *a = api_of(r);
    scoped(buf) struct buf text;
    buf_init(&text, METRICS_BYTES_MAX);
    head(&text, "build_info", "gauge", "Always 1; the version is a label.");
    line(&text, "build_info", "{version=\"" REELD_VERSION "\"}", 1);
    seconds(&text, "uptime_seconds", "gauge", "Time since the start.",
            clock_now_us() - a->started_us);
    write_http(a, &text);
    write_jobs(a, &text);
    write_process(&text);
    enum err e = write_store(a, &text);
    if (e == OK)
        e = write_facts(a, &text);
    if (e == OK)
        e = buf_end(&text);
    if (e != OK) {
        refuse_error(r, e);
        return;
    }
    http_header(r, "Cache-Control", "no-store");
    http_reply(r, 200, "text/plain; version=0.0.4; charset=utf-8",
               buf_view(&text));
}
