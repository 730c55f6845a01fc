// SPDX-License-Identifier: MIT
// tus.h - the headers of tus 1.0 (resumable uploads) as values. Pure.
//
// Threads: any.
#pragma once

#include <stddef.h>

#include "reeld/base/err.h"
#include "reeld/base/hash.h"
#include "reeld/base/id.h"
#include "reeld/base/str.h"
#include "reeld/catalog/uploads.h"

enum { TUS_PARTS_MAX = 256 };

// Upload-Metadata: "filename d29ybGQ=,is_ours". Calls `each` with every key and
// its value, decoded; a value that is not there is empty. Keys are ASCII
// without blanks and commas, none comes twice. ERR_BAD_INPUT, or what `each`
// says.
must_check enum err tus_metadata_parse(struct str header,
                                       enum err (*each)(void *context,
                                                        struct str key,
                                                        struct str value),
                                       void *context);

// Upload-Checksum: "sha1 Kq5sNclPz7QV2+lfQIuc6R7oRu0=".
enum tus_sum { TUS_SHA1, TUS_SHA256 };
struct tus_checksum {
    enum tus_sum kind;
    struct digest digest; // as hash_end() of that kind gives it
};
// ERR_UNSUPPORTED: another algorithm. ERR_BAD_INPUT.
must_check enum err tus_checksum_parse(struct str header,
                                       struct tus_checksum *ret);

// Upload-Concat: "partial", or "final;" and the URLs of what is put together,
// of which the path's last part counts.
struct tus_concat {
    enum upload_kind kind; // PART or FINAL
    size_t parts;          // of FINAL, at least one
    struct id part[TUS_PARTS_MAX];
};
must_check enum err tus_concat_parse(struct str header, struct tus_concat *ret);
