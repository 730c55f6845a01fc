// SPDX-License-Identifier: MIT
// media_upload.h - uploads from the collection of media, probed and planned,
// and pieces made of them the way the daemon asks for them.
#pragma once

#include <stdint.h>

#include "reeld/base/buf.h"
#include "reeld/media.h"
#include "reeld/model/ladder.h"
#include "reeld/model/piece.h"

struct upload {
    int fd;
    struct plan *plan;
    struct rendition rendition[RENDITIONS_MAX];
    uint32_t renditions;
};

// `name` below the folder of $REELD_TEST_MEDIA (../shared/media if unset).
// Where there is no such folder the test is skipped, and that is said.
void upload_open(const char *name, struct upload *ret);
// Bytes made by the test itself; `fd` is taken over.
void upload_open_fd(int fd, struct upload *ret);
void upload_close(struct upload *u);

struct media_source *upload_source(const struct upload *u); // a new one
// By its name; the test fails when there is none.
const struct rendition *upload_rendition(const struct upload *u,
                                         const char *name);
// The smallest rung: encoded, unless the source's own is the only one.
const struct rendition *upload_smallest(const struct upload *u);

// A request of `threads` for a segment of a rendition's kind, no outputs yet.
void upload_ask(const struct upload *u, const struct rendition *r,
                uint32_t segment, uint32_t threads, struct wire_make *ret);
void ask_add(struct wire_make *ask, const struct rendition *r,
             enum piece_kind kind);

// Of any piece of the upload's asset, or of a clip of it.
void ask_piece(const struct upload *u, const struct piece *piece,
               uint32_t threads, struct wire_make *ret);
// An asset of the same plan and renditions.
struct asset *upload_asset(const struct upload *u);

// Makes; the test fails when that fails. Output i is appended to out[i], which
// has been initialised.
void make_into(struct media_source *s, const struct wire_make *ask,
               struct buf *out);
// The same, and tells how it went instead.
enum err make_try(struct media_source *s, const struct wire_make *ask,
                  struct buf *out, struct wire_made *ret);

void make_piece(const struct upload *u, struct media_source *s,
                const struct piece *piece, struct buf *out);
// One piece by a source of its own.
void make_alone(const struct upload *u, const struct rendition *r,
                enum piece_kind kind, uint32_t segment, struct buf *out);
// Init and segments [from, to) of a rendition, one after the other.
void make_film(const struct upload *u, const struct rendition *r, uint32_t from,
               uint32_t to, struct buf *out);

int file_of(const void *bytes, size_t len); // in memory
