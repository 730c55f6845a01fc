// SPDX-License-Identifier: MIT
// absent.c - refuses by name what is not built: 501, in the usual form.
#include "absent.h"

#include <assert.h>

#include "reeld/videodb/answer.h"

#include "room.h"

static const char *const names[ABSENTS] = {
    [ABSENT_SEARCH] = "Search",
    [ABSENT_TRANSCRIPT] = "Transcripts (speech recognition)",
    [ABSENT_SPOKEN_INDEX] = "The index of spoken words",
    [ABSENT_SUBTITLES] = "Burned-in subtitles",
    [ABSENT_SCENES] = "Scenes and scene indexes",
    [ABSENT_GENERATE] = "Generated media and text",
    [ABSENT_LANGUAGE_MODEL] = "Calls of language models",
    [ABSENT_MEETING] = "Recording of meetings",
    [ABSENT_CAPTURE] = "Capture sessions",
    [ABSENT_WEBSOCKET] = "The event socket",
    [ABSENT_LIVE] = "Live streams",
    [ABSENT_BILLING] = "Billing",
};

void vdb_absent(struct http_request *r)
{
    unsigned which = http_request_flags(r) >> VISIT_ABSENT_SHIFT;
    assert(which > 0 && which < ABSENTS);
    answer_refuse(r, "not_implemented", "%s: this is not in this server.",
                  names[which]);
}
