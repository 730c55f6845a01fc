// SPDX-License-Identifier: MIT
// crew.h - the state of a struct jobs, shared by the files of this room.
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "flight.h"
#include "inbox.h"
#include "reeld/jobs.h"
#include "request.h"
#include "roster.h"

enum {
    WAITERS_MAX = 10000,        // threat-model section 7
    KEPT_BYTES_MAX = 256 << 20, // past it nothing is made ahead of need
    SEEN_SLOTS = 1024,
    PREFETCHES_MAX = 64, // queued: more are not taken
};

// Which pieces were seen lately, so that a busy player does not cost the crew a
// look into the catalog each time.
struct seen {
    uint64_t piece; // a part of its hash
    int64_t until_us;
};

// A copy of what other threads may know of a making.
struct shown_making {
    struct digest key;
    struct jobs_download progress;
};

enum start_state { START_PENDING, START_OK, START_FAILED };

struct ladder_job;
struct slice;

struct ladder {
    struct ladder_job *jobs; // claimed, the next to get a slice first
    struct slice *slices;
    bool is_claiming;
    int64_t claim_at_us; // look for due jobs then
};

struct drop;

struct dropping {
    struct drop *drop; // the one that is under way; NULL: none
    bool is_claiming;
    int64_t claim_at_us; // look for a due job then
};

struct probing {
    struct probe *all;    // by asset id
    struct probe *queued; // in order of coming
    bool is_claiming;
    int64_t claim_at_us;
};

struct publishing {
    int64_t kept_bytes; // of pieces in memory, not on the disk yet
    bool is_out;        // an errand is under way
    bool is_disk_full;  // the last errand found no room
    int64_t full_bytes; // for what it wanted to write
    int64_t look_at_us; // for room
};

struct cache {
    bool is_known; // bytes were read from the catalog
    bool is_busy;  // an errand is under way
    int64_t bytes;
    struct digest *used; // seen since the last errand
    size_t used_count, used_capacity;
    int64_t look_at_us;
};

struct lost {
    atomic_bool is_suspected; // set by errands on the pool
    bool is_looking;          // an errand is under way
    int64_t look_at_us;       // not before
};

struct jobs {
    struct jobs_options options; // strings are copies of its own
    struct store *store;
    struct catalog *catalog;
    struct pool *pool;
    pthread_t thread;
    struct inbox inbox;
    atomic_int waiting; // callers that were not told yet

    pthread_mutex_t lock;
    pthread_cond_t changed; // start
    // Guarded by lock.
    enum start_state start;
    char start_text[512];
    struct jobs_counts shown; // a copy of `counts`
    struct seen seen[SEEN_SLOTS];
    struct shown_making *shown_makings;
    size_t shown_making_count;

    // Of the crew thread alone.
    bool is_stopping;
    int epoll_fd;
    struct watch on_inbox;
    struct jobs_counts counts;
    uint32_t last_request;

    struct wire_message message; // received; too large for a stack

    struct flight *flights; // by key
    struct flight *queue[URGENCIES];
    int64_t queued[URGENCIES];
    struct flight *failed;  // oldest first
    struct making *makings; // by key, in order of coming
    struct lane_queue lanes[LANES];

    struct worker *workers;
    struct worker *reaped; // freed at the end of the round
    int needed;            // requests that found no worker in this round
    int64_t start_at_us;   // no new worker before: they fail to start
    int64_t start_pause_us;
    bool has_build; // counts.build is that of the first worker

    struct probing probing;
    struct ladder ladder;
    struct dropping dropping;
    struct publishing publishing;
    struct cache cache;
    struct lost lost;
};

// crew.c
void *crew_run(void *argument);
void crew_started(struct jobs *j, enum start_state state, const char *why);
must_check enum err crew_watch(struct jobs *j, int fd, struct watch *w);
// Closes a watched descriptor (-1 is fine) and sets it to -1.
void crew_close(struct jobs *j, int *fd);

// queue.c
void queue_put(struct jobs *j, struct flight *f, bool at_front);
void queue_remove(struct jobs *j, struct flight *f);

// publish.c: what was made goes to the disk.
void publish_go_on(struct jobs *j);
void publish_look(struct jobs *j, int64_t now_us); // is the disk still full?
// Pieces of the asset are made, but still in memory.
bool publish_is_due(const struct jobs *j, const struct asset *a);

// ahead.c
// Was it not heard of in this way within the last seconds?
enum ahead_word { AHEAD_SEEN, AHEAD_PREFETCH };
bool ahead_is_news(struct jobs *j, const struct piece *p, enum ahead_word word);
void ahead_of(struct jobs *j, const struct piece *p);
void ahead_first_pieces(struct jobs *j, const struct asset *a);

// probe.c
struct probe;
void probe_join(struct jobs *j, struct jobs_waiter *w);
void probe_leave(struct jobs *j, struct jobs_waiter *w);
// The next one to be given to a worker; NULL: none.
struct probe *probe_next(const struct jobs *j, bool is_waited_for);
int64_t probes_queued(const struct jobs *j);
// `r` is what it is asked with.
void probe_begin(struct jobs *j, struct probe *p, struct request *r);
void probe_ask(const struct jobs *j, struct wire_probe *ret);
must_check enum err probe_answered(struct jobs *j, struct probe *p,
                                   struct request *r,
                                   const struct wire_probed *answer);
void probe_missed(struct jobs *j, struct probe *p, const char *why);
void probe_failed(struct jobs *j, struct probe *p, enum err result,
                  const char *why);
void probes_look(struct jobs *j, int64_t now_us);
void probes_forget(struct jobs *j, const struct id *asset);
void probes_stop(struct jobs *j);
void probes_give_back(struct jobs *j); // after the crew's end
const struct digest *probe_source(const struct probe *p);
bool probe_holds(const struct jobs *j, const struct id *asset,
                 const struct id *job);
bool probe_is_retry(const struct probe *p);

// ladder.c
void ladder_look(struct jobs *j, int64_t now_us);
void ladder_forget(struct jobs *j, const struct id *asset);
void ladder_give_back(struct jobs *j); // after the crew's end
int ladder_workers(const struct jobs *j);
bool ladder_holds(const struct jobs *j, const struct id *job);

// lost.c: jobs that nobody has any more.
// On the pool: a row of a job could not be written.
void lost_suspect(const struct errand *errand);
void lost_look(struct jobs *j, int64_t now_us);

// drop.c
void drop_look(struct jobs *j, int64_t now_us);
void drop_give_back(struct jobs *j); // after the crew's end
bool drop_holds(const struct jobs *j, const struct id *job);

// evict.c
void cache_used(struct jobs *j, const struct digest *key);
void cache_grew(struct jobs *j, int64_t bytes);
bool cache_is_full(const struct jobs *j); // for work ahead of need
void cache_look(struct jobs *j, int64_t now_us);
