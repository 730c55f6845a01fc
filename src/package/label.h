// SPDX-License-Identifier: MIT
// label.h - what tracks of sound are called in manifests.
#pragma once

#include "reeld/package/presentation.h"

enum { LABEL_BYTES = TRACK_TITLE_BYTES + 16 };

struct label {
    char name[LABEL_BYTES];
    char language[TRACK_LANGUAGE_BYTES]; // BCP 47, "und" where unknown
    bool is_first_of_language;
};

// One for each track of sound. Names are unique and hold no double quote, which
// an HLS attribute could not carry (HLS-04, HLS-28).
void label_audios(const struct presentation *p,
                  struct label to[static TRACKS_MAX]);

// "eng" -> "en", "" -> "und".
void label_language(const char *language, char to[static TRACK_LANGUAGE_BYTES]);
