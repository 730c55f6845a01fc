// SPDX-License-Identifier: MIT
// play_sample.h - a store, a catalog and assets for tests of what is played.
#pragma once

#include "reeld/catalog.h"
#include "reeld/model/asset.h"
#include "reeld/store.h"

struct play_sample {
    char directory[64], path[96];
    struct catalog *catalog;
    struct store *store;
    const struct asset *film; // 120 s, 25/s, copied and three rungs, two tracks
    const struct asset *song; // 30 s of sound
    const struct asset *mute; // 20 s, 30/1.001, 480p on standby, no sound
};

void play_sample_open(struct play_sample *s);
void play_sample_close(struct play_sample *s);

// Around tests, one or a file of them: `sample` is open meanwhile.
extern struct play_sample sample;
int play_set_up(void **state);
int play_tear_down(void **state);

// Makes piece `number` as `bytes` of text: blob and fact.
void play_sample_make(struct play_sample *s, const struct asset *a,
                      uint32_t rendition, enum piece_kind kind, uint32_t number,
                      const char *bytes);
// The fact alone, of that size.
void play_sample_claim(struct play_sample *s, const struct asset *a,
                       uint32_t rendition, enum piece_kind kind,
                       uint32_t number, int64_t size_bytes);
