// SPDX-License-Identifier: MIT
// catalog_sample.h - a directory for a test's database, and assets to put in.
#pragma once

#include "reeld/catalog.h"
#include "reeld/model/asset.h"

enum { SAMPLE_PATH_BYTES = 128 };

struct sample {
    char directory[SAMPLE_PATH_BYTES];
    char path[SAMPLE_PATH_BYTES + 16]; // of the database
    struct catalog *catalog;
};

void sample_make(struct sample *s); // a new directory, nothing in it
// The same, and the catalog in it opened.
void sample_open(struct sample *s);
void sample_reopen(struct sample *s);
void sample_close(struct sample *s); // and removes the directory

// Around each test of a catalog: *state is a sample that is open.
int sample_set_up(void **state);
int sample_tear_down(void **state);
struct catalog *catalog_of(void **state);

struct catalog_options sample_options(const struct sample *s);

// An asset as an upload leaves it; its bytes are named by `seed`.
struct asset *sample_upload(unsigned seed);
// The same one after its probe: 20 s of video with one stereo track, in
// segments of 2, 2, 4, 4, 4, 4 s, and a ladder.
struct asset *sample_probed(const struct asset *uploaded);

// Adds an asset and makes it READY; *ret_id is its id.
void sample_add_ready(struct catalog *c, unsigned seed, struct id *ret_id);
// The fact of one segment of a rendition, of 1 MB a second.
struct piece_fact sample_piece(const struct asset *a, uint32_t rendition,
                               uint32_t segment);
