// SPDX-License-Identifier: MIT
// cache.h - snapshots of assets in memory, and how often facts changed.
//
// Every change counts one clock on. The clock's value at the last change of an
// asset is its generation; pieces belong to a source, so they change the
// generation of every asset of that source. Changes tell the cache *after* they
// are committed: what was read before a change never counts as newer than it.
//
// Threads: any.
#pragma once

#include <stdint.h>

#include "reeld/base/id.h"
#include "reeld/model/asset.h"

struct cache;

struct cache *cache_new(int64_t most_assets);
void cache_free(struct cache *k);

// A reference to the snapshot, or NULL. *ret_mark is for cache_put(): take it
// before the facts are read.
const struct asset *cache_get(struct cache *k, const struct id *id,
                              uint64_t *ret_mark);
// Keeps a reference of its own, unless the asset or its source changed since
// `mark`.
void cache_put(struct cache *k, const struct asset *a, uint64_t mark);

void cache_asset_changed(struct cache *k, const struct id *id);
void cache_pieces_changed(struct cache *k, int64_t source_row);
// Every asset of that source changed.
void cache_source_changed(struct cache *k, int64_t source_row);
// See catalog_generation().
uint64_t cache_generation(struct cache *k, const struct id *id);
