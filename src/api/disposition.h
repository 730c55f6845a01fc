// SPDX-License-Identifier: MIT
// disposition.h - the name that a file is saved under.
#pragma once

#include "room.h"

// Content-Disposition: attachment, with `name` in both forms of RFC 6266: in
// ASCII for those who know no other (curl -J), and whole (RFC 8187). Where an
// `ending` is given ("mp4", NULL: none), it takes the place of one of a media
// file in the name. An empty name becomes "download".
void add_disposition(struct http_request *r, const char *name,
                     const char *ending);
