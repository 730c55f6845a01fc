// SPDX-License-Identifier: MIT
// label.c - unique names for tracks of sound.
#include "label.h"

#include <stdio.h>
#include <string.h>

#include "reeld/base/str.h"

static bool is_taken(const struct label *labels, uint32_t count,
                     const char *name)
{
    for (uint32_t i = 0; i < count; i++)
        if (strcmp(labels[i].name, name) == 0)
            return true;
    return false;
}

static void base_name(const struct package_audio *audio, const char *language,
                      char to[static TRACK_TITLE_BYTES])
{
    const char *base = audio->title;
    if (*base == '\0')
        base = strcmp(language, "und") == 0 ? "Audio" : language;
    str_copy(to, TRACK_TITLE_BYTES, str_of(base));
    for (char *c = to; *c; c++)
        if (*c == '"')
            *c = '\'';
}

void label_audios(const struct presentation *p,
                  struct label to[static TRACKS_MAX])
{
    for (uint32_t i = 0; i < p->audios; i++) {
        struct label *label = &to[i];
        label_language(p->audio[i].language, label->language);
        label->is_first_of_language = true;
        for (uint32_t k = 0; k < i; k++)
            if (strcmp(to[k].language, label->language) == 0)
                label->is_first_of_language = false;

        char base[TRACK_TITLE_BYTES];
        base_name(&p->audio[i], label->language, base);
        memcpy(label->name, base, sizeof base);
        for (unsigned n = 2; is_taken(to, i, label->name); n++)
            snprintf(label->name, sizeof label->name, "%s (%u)", base, n);
    }
}
