// SPDX-License-Identifier: MIT
// absent.h - what VideoDB's clients can ask for and reeld does not have.
#pragma once

enum absent {
    ABSENT_SEARCH = 1,
    ABSENT_TRANSCRIPT,
    ABSENT_SPOKEN_INDEX,
    ABSENT_SUBTITLES,
    ABSENT_SCENES,
    ABSENT_GENERATE,
    ABSENT_LANGUAGE_MODEL,
    ABSENT_MEETING,
    ABSENT_CAPTURE,
    ABSENT_WEBSOCKET,
    ABSENT_LIVE,
    ABSENT_BILLING,
    ABSENTS,
};
