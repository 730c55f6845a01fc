// SPDX-License-Identifier: MIT
// package_films.h - presentations of fixed facts for tests of the writers.
#pragma once

#include "reeld/package/dash.h"
#include "reeld/package/hls.h"
#include "reeld/package/presentation.h"

// A film of 20.02 s at 29.97 frames a second with four rungs, one of them
// copied, and sound in English, French and French again.
struct presentation film(void);
struct stretch film_video(void);
const struct stretch *film_audio(void); // one a track

// A minute of sound in one track, two rates.
struct presentation song(void);
struct stretch song_audio(void);

// A list of four clips: two of a film that meet, a third one of it, and one of
// another asset, of 3, 1, 2 and 1 segments; pictures or sound.
void clip_parts(struct hls_part to[static 4], bool is_sound);
