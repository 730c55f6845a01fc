// SPDX-License-Identifier: MIT
// download_room.h - how much room the head of a download may take.
#pragma once

#include "reeld/model/download.h"

// Sets head_bytes. ERR_TOO_LARGE.
must_check enum err download_reserve(struct download *d);
