// SPDX-License-Identifier: MIT
// catalog.h - the facts: assets, renditions, pieces, keys, jobs (SQLite).
//
// One writer connection behind a lock, a query_only reader a thread. All SQL is
// in sql/ and prepared at start. What a commit acknowledged survives power
// loss (synchronous=FULL).
//
// Threads: readers any; functions under "changes" not on HTTP threads
// (assert_role), as a commit syncs the disk.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "reeld/base/err.h"
#include "reeld/base/hash.h"
#include "reeld/base/id.h"
#include "reeld/base/scoped.h"
#include "reeld/base/str.h"
#include "reeld/model/asset.h"

struct catalog;

struct catalog_options {
    const char *path;    // of the database file
    int64_t asset_cache; // how many struct asset stay in memory
    // After a backup (reeld/catalog/upkeep.h) blobs of sources that depart
    // count as named for so long, so that all facts of the backup find theirs.
    int64_t backup_lag_us;
};

// Opens or creates, checks (quick_check, up to MIGRATE_CHECK_BYTES of size),
// migrates in one transaction.
// ERR_CONFLICT when another process has it, ERR_BAD_INPUT when it is damaged or
// from a newer reeld: the text is for the operator.
must_check enum err catalog_open(const struct catalog_options *o,
                                 struct catalog **ret);
// Looks at every page, whatever the size: ERR_BAD_INPUT when it is damaged; the
// text is for the operator. Seconds for some 100,000 assets: not on HTTP
// threads.
must_check enum err catalog_check(struct catalog *c);
// Changes whose ends the database's log held behind a hole when it was opened,
// and that are lost. After a loss of power such that nobody had waited for;
// else its disk is damaged, and what was acknowledged may be among them.
int64_t catalog_changes_lost(const struct catalog *c);
void catalog_close(struct catalog *c);
DEFINE_SCOPED(catalog, struct catalog *, catalog_close)

// ---- assets: reading -------------------------------------------------------

// The snapshot, from memory where it can be. Release with asset_unref().
// ERR_NOT_FOUND.
must_check enum err catalog_asset(struct catalog *c, const struct id *id,
                                  const struct asset **ret);

struct catalog_asset_filter {
    struct str collection, state, kind, name; // empty: any; name: substring
    struct str after; // cursor: id of the last one seen; newest come first
    uint32_t limit;
};
// Up to `limit` ids; *ret_more: there are others behind.
must_check enum err catalog_list_assets(struct catalog *c,
                                        const struct catalog_asset_filter *f,
                                        struct id *ret, uint32_t *ret_count,
                                        bool *ret_more);

// The shape (struct asset_reframe) of an asset for this width and height.
// ERR_NOT_FOUND.
must_check enum err catalog_shape(struct catalog *c, const struct id *parent,
                                  int32_t width, int32_t height,
                                  struct id *ret);

// ---- assets: changes -------------------------------------------------------

// A new asset in state UPLOADED (its id, name, source ... filled in) with a
// queued 'probe' job. The blob is in the store already (bytes before facts).
must_check enum err catalog_add_asset(struct catalog *c, const struct asset *a);
// The same, and `callback` (catalog/events.h; NULL: nobody) is told of its end.
struct callback;
must_check enum err catalog_add_asset_told(struct catalog *c,
                                           const struct asset *a,
                                           const struct callback *callback);
// UPLOADED -> READY with tracks, plan and renditions of `a` (same id), and a
// 'ladder' job when `with_ladder`. ERR_CONFLICT when it is not UPLOADED now.
must_check enum err catalog_asset_ready(struct catalog *c,
                                        const struct asset *a,
                                        const char *build, bool with_ladder);
// A new asset that is READY from the start: a part of another one, whose source
// it has (reframe.h), with a 'ladder' job when `with_ladder`. ERR_NOT_FOUND
// when the other one is gone, ERR_GONE when its source is. ERR_CONFLICT: it is
// a shape that is there.
must_check enum err catalog_add_reframed(struct catalog *c,
                                         const struct asset *a,
                                         const char *build, bool with_ladder);
// At start, once the worker's build is known: when it is not the one that the
// renditions were planned for, they all get the recipes of this one, and what
// the old ones made is forgotten (the same key would else stand for two sorts
// of bytes). *ret_assets: how many were touched; next to nothing when it is
// none.
must_check enum err catalog_renew_recipes(struct catalog *c, const char *build,
                                          uint32_t *ret_assets);
must_check enum err catalog_asset_rejected(struct catalog *c,
                                           const struct id *id,
                                           const char *code,
                                           const char *detail);
struct catalog_asset_change {
    const char *name, *description, *metadata, *collection; // NULL: as it is
};
// Its shapes go to the same collection.
must_check enum err catalog_change_asset(struct catalog *c, const struct id *id,
                                         const struct catalog_asset_change *ch);
// Gone for readers at once, its shapes too. *ret_orphans: source blob and
// pieces that nothing names any more, for the caller to remove from the store
// (heap array).
must_check enum err catalog_remove_asset(struct catalog *c, const struct id *id,
                                         struct digest **ret_orphans,
                                         size_t *ret_count);

// ---- pieces: what has been made --------------------------------------------

struct piece_fact {
    struct digest key;
    int64_t source_row, recipe_row;
    enum piece_kind kind;
    uint32_t number;     // of the segment (IFRAME: of the GOP)
    int64_t duration_us; // 0 for INIT
    int64_t size_bytes;
};
// ERR_NOT_FOUND when it was not made (or was evicted).
must_check enum err catalog_piece(struct catalog *c, const struct digest *key,
                                  struct piece_fact *ret);
// changes: several facts in one transaction (group commit). Facts that are
// there already stay as they are; those of a source or recipe that is gone are
// dropped, their blobs are the sweep's.
must_check enum err catalog_add_pieces(struct catalog *c,
                                       const struct piece_fact *f,
                                       size_t count);
// changes: a download, which has the source and recipe of its first part, and
// all that its parts have. It is gone as soon as one of them is. ERR_NOT_FOUND:
// one is gone already, and nothing was added.
struct piece_origin {
    int64_t source_row, recipe_row;
};
must_check enum err catalog_add_download(struct catalog *c,
                                         const struct piece_fact *f,
                                         const struct piece_origin *origins,
                                         size_t count);
// What is kept of a dropped source is not forgotten: ERR_NOT_FOUND.
must_check enum err catalog_forget_piece(struct catalog *c,
                                         const struct digest *key);
// The same to make room: not what is kept (kept.h), nor what is to be.
// ERR_NOT_FOUND; *ret_bytes is its size.
must_check enum err catalog_evict_piece(struct catalog *c,
                                        const struct digest *key,
                                        int64_t *ret_bytes);
// changes: used just now; for eviction by least recent use.
must_check enum err catalog_touch_pieces(struct catalog *c,
                                         const struct digest *keys,
                                         size_t count, int64_t now_us);
// Which segments of a rendition are made: made[number] is 1 or 0 for each below
// `count`; *ret_count how many are 1.
must_check enum err catalog_made_segments(struct catalog *c, int64_t source_row,
                                          int64_t recipe_row, uint8_t *made,
                                          uint32_t count, uint32_t *ret_count);
// What the made pieces of a rendition measure. peak over any one piece of at
// least half of a target, rounded up; 0 when there is none.
struct piece_rates {
    int64_t recipe_row;
    enum piece_kind kind;
    uint32_t pieces;
    int64_t bytes, duration_us; // sums
    int64_t peak_bps;
};
// Those of all renditions of a source, of kinds SEGMENT, IFRAME and TS.
// scoped(source_rates) struct source_rates r = {0}; is released in place.
struct source_rates {
    struct piece_rates *of;
    size_t count, capacity;
};
// Some microseconds a rendition, however many pieces it has.
must_check enum err catalog_rates(struct catalog *c, int64_t source_row,
                                  int64_t target_us, struct source_rates *ret);
// All zero where nothing is made.
struct piece_rates source_rates_find(const struct source_rates *r,
                                     int64_t recipe_row, enum piece_kind kind);
void source_rates_done(struct source_rates *r);
static inline void scoped_release_source_rates(struct source_rates *held)
{
    source_rates_done(held);
}
// Bytes of all made pieces that may go for room, and the least recently used
// ones (not INIT) whose sizes add up to at least `bytes`.
must_check enum err catalog_piece_bytes(struct catalog *c, int64_t *ret);
must_check enum err catalog_coldest_pieces(struct catalog *c, int64_t bytes,
                                           struct digest **ret,
                                           size_t *ret_count);
// Does any fact (asset or piece) name this blob? For the janitor.
must_check enum err catalog_is_named(struct catalog *c,
                                     const struct digest *key, bool *ret);
// A number that grows whenever a fact about this asset (or its pieces) changes:
// manifests made under an older one are stale. No database access.
uint64_t catalog_generation(struct catalog *c, const struct id *asset);

// ---- jobs ------------------------------------------------------------------

enum job_kind { JOB_PROBE, JOB_LADDER, JOB_PULL, JOB_DROP, JOB_KINDS };
enum job_state {
    JOB_QUEUED,
    JOB_RUNNING,
    JOB_DONE,
    JOB_FAILED,
    JOB_CANCELLED,
    JOB_STATES
};
bool job_may_move(enum job_state from, enum job_state to);
const char *job_kind_name(enum job_kind kind);    // "probe"
const char *job_state_name(enum job_state state); // "queued"

struct job {
    struct id id;
    enum job_kind kind;
    struct id asset;
    uint32_t attempts;
    int64_t not_before_us; // wall clock
};
// Start-up: every RUNNING row belongs to the dead: back to QUEUED, uncounted.
must_check enum err catalog_requeue_jobs(struct catalog *c);
// Oldest queued job of that kind whose time has come, now RUNNING with
// attempts + 1. ERR_NOT_FOUND when there is none.
must_check enum err catalog_claim_job(struct catalog *c, enum job_kind kind,
                                      struct job *ret);
must_check enum err catalog_claim_probe_of(struct catalog *c,
                                           const struct id *asset,
                                           struct job *ret);
// Compare and set; ERR_CONFLICT when it is not in `from` now.
must_check enum err catalog_move_job(struct catalog *c, const struct id *job,
                                     enum job_state from, enum job_state to,
                                     const char *error, int64_t not_before_us,
                                     bool counts_attempt);
must_check enum err catalog_job_counts(struct catalog *c,
                                       int64_t ret[JOB_KINDS][JOB_STATES]);

// ---- keys, collections, idempotency, settings kept in the database ---------

struct api_key {
    struct id id;
    struct digest secret;           // SHA-256 of the 32 bytes
    unsigned scopes;                // enum api_scope, or'ed
    int64_t created_us, revoked_us; // revoked_us 0: live
    char label[64];
};
enum api_scope { SCOPE_READ = 1, SCOPE_INGEST = 2, SCOPE_ADMIN = 4 };
must_check enum err catalog_key(struct catalog *c, const struct id *id,
                                struct api_key *ret); // ERR_NOT_FOUND
must_check enum err catalog_list_keys(struct catalog *c, struct api_key **ret,
                                      size_t *ret_count);
must_check enum err catalog_add_key(struct catalog *c,
                                    const struct api_key *key);
must_check enum err catalog_revoke_key(struct catalog *c, const struct id *id);

// Small named values ("grant-key-1"); bytes. ERR_NOT_FOUND.
must_check enum err catalog_meta(struct catalog *c, const char *name,
                                 uint8_t *to, size_t to_bytes, size_t *ret_len);
must_check enum err catalog_set_meta(struct catalog *c, const char *name,
                                     const void *bytes, size_t len);

struct collection {
    char id[ID_TEXT_BYTES]; // "default" or c-...
    char name[ASSET_NAME_BYTES];
    char description[1024];
    int64_t created_us;
    int64_t quota_bytes, quota_assets; // of what is in it; 0: no limit
    int64_t used_bytes, used_assets;   // kept by the catalog
};
must_check enum err catalog_collection(struct catalog *c, const char *id,
                                       struct collection *ret);
must_check enum err catalog_list_collections(struct catalog *c,
                                             struct collection **ret,
                                             size_t *ret_count);
must_check enum err catalog_put_collection(struct catalog *c,
                                           const struct collection *in);
// How much may be added to a collection now, for its own quota and that of all;
// INT64_MAX: no limit. Whoever adds an asset is told again, by ERR_QUOTA: this
// spares sending bytes in vain. ERR_NOT_FOUND.
struct collection_room {
    int64_t bytes, assets; // negative where a quota was lowered
};
must_check enum err catalog_room(struct catalog *c, const char *id,
                                 struct collection_room *ret);
// What all collections hold together.
must_check enum err catalog_usage(struct catalog *c, int64_t *ret_assets,
                                  int64_t *ret_bytes);
// changes: of all collections together; 0: no limit.
must_check enum err catalog_set_quota(struct catalog *c, int64_t quota_bytes,
                                      int64_t quota_assets);
// ERR_CONFLICT while assets are in it, or for "default".
must_check enum err catalog_remove_collection(struct catalog *c,
                                              const char *id);

// Idempotency-Key: first call of (key, endpoint) claims it; later ones find the
// kept answer, for 24 hours. ERR_CONFLICT: still in flight. ERR_BAD_INPUT:
// other body. Claims end with the daemon, answers and notes are there after it.
struct kept_answer {
    int status; // 0: claimed just now, go on
    char *body; // heap
};
must_check enum err catalog_idempotency_begin(struct catalog *c,
                                              const struct digest *key,
                                              const struct digest *request,
                                              struct kept_answer *ret);
// Keeps the answer. A status from 100 to 199 keeps a note instead, which
// repeats find until a later call puts the answer in its place; 0 gives the
// claim up. ERR_NOT_FOUND when the key is not claimed, or has its answer.
must_check enum err catalog_idempotency_end(struct catalog *c,
                                            const struct digest *key,
                                            int status, const char *body);
