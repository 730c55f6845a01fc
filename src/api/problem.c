// SPDX-License-Identifier: MIT
// problem.c - every kind of error that a client can meet. The codes are stable:
// programs act on them, and /problems/{code} explains them.
#include "reeld/api/problem.h"

#include <stddef.h>
#include <string.h>

static const struct problem problems[] = {
    {.code = "internal",
     .status = 500,
     .title = "The server failed",
     .text = "Something inside the server failed; its log says what. The "
             "request may be tried again."                                   },
    {.code = "invalid_request",
     .status = 400,
     .title = "The request is not valid",
     .text = "A field, parameter or header is missing, unknown, malformed or "
             "out of range. The list \"errors\" points at each."             },
    {.code = "digest_mismatch",
     .status = 422,
     .title = "The bytes are not those that were announced",
     .text = "The SHA-256 of the uploaded bytes differs from Content-Digest. "
             "Nothing was kept; send the file again."                        },
    {.code = "unauthorized",
     .status = 401,
     .title = "A key is needed",
     .text = "Send a live key as \"Authorization: Bearer KEY\" or "
             "\"x-access-token: KEY\"."                                      },
    {.code = "forbidden",
     .status = 403,
     .title = "The key may not do this",
     .text = "The key is live but lacks the scope that this call needs."     },
    {.code = "quota_exceeded",
     .status = 403,
     .title = "The quota is used up",
     .text = "The collection, or the server as a whole, holds as many bytes or "
             "assets as it may. Remove something, or have the quota raised." },
    {.code = "bad_grant",
     .status = 403,
     .title = "The link is not valid",
     .text =
         "A playback link is good for one asset and for a limited time. This "
         "one is expired, altered or of another asset. Ask for a fresh one." },
    {.code = "not_found",
     .status = 404,
     .title = "Not found",
     .text = "There is no such thing, or no more."                           },
    {.code = "upload_gone",
     .status = 410,
     .title = "The upload is gone",
     .text = "Nothing was added to the resumable upload for too long, or its "
             "bytes turned out not to be media. Begin a new one."            },
    {.code = "asset_gone",
     .status = 410,
     .title = "An asset of the stream is gone",
     .text = "The stream has a clip of an asset that was removed. Make another "
             "stream without it."                                            },
    {.code = "source_dropped",
     .status = 410,
     .title = "The source was dropped",
     .text = "The uploaded bytes of the asset were dropped. What was made of "
             "them plays; what would have to be made of them anew does not. "
             "Uploading the same bytes again brings all of it back."         },
    {.code = "not_ready",
     .status = 404,
     .title = "Not ready to play",
     .text = "The asset is still being looked at, or was rejected: its "
             "\"state\" tells."                                              },
    {.code = "method_not_allowed",
     .status = 405,
     .title = "Method not allowed",
     .text = "The resource exists but not with this method; Allow names those "
             "that it has."                                                  },
    {.code = "timeout",
     .status = 408,
     .title = "The request came too slowly",
     .text = "The request was not complete in time."                         },
    {.code = "conflict",
     .status = 409,
     .title = "In conflict with the present state",
     .text = "The thing exists already, is in use, or is in a state in which "
             "this cannot be done."                                          },
    {.code = "wrong_offset",
     .status = 409,
     .title = "The upload is not at this offset",
     .text = "Upload-Offset is not where the upload ends. HEAD says where that "
             "is; go on from there."                                         },
    {.code = "in_flight",
     .status = 409,
     .title = "The first request is still under way",
     .text =
         "A request with the same Idempotency-Key has not been answered yet."},
    {.code = "length_required",
     .status = 411,
     .title = "Length required",
     .text = "A body needs Content-Length or chunked Transfer-Encoding."     },
    {.code = "changed",
     .status = 412,
     .title = "It has changed meanwhile",
     .text =
         "The ETag in If-Match is not the present one. Read it again first." },
    {.code = "tus_version",
     .status = 412,
     .title = "Another version of tus is needed",
     .text = "Send \"Tus-Resumable: 1.0.0\" with every request but GET and "
             "OPTIONS."                                                      },
    {.code = "too_large",
     .status = 413,
     .title = "Too large",
     .text = "The body is larger than the limit."                            },
    {.code = "uri_too_long",
     .status = 414,
     .title = "The address is too long",
     .text = "The request target is longer than the setting header_limit. Of "
             "many ranges, make a stream: POST /v1/streams takes them in its "
             "body."                                                         },
    {.code = "unsupported_type",
     .status = 415,
     .title = "The type of the body is not taken",
     .text = "Content-Type is not one that this call takes."                 },
    {.code = "bad_range",
     .status = 416,
     .title = "The range lies outside",
     .text = "The part that was asked for lies outside of the resource."     },
    {.code = "unsupported_media",
     .status = 422,
     .title = "This is not media that can be played",
     .text = "The uploaded bytes hold no video or audio that this server can "
             "play. Nothing was kept."                                       },
    {.code = "limits_exceeded",
     .status = 422,
     .title = "The media passes a limit of this server",
     .text = "Duration, picture size, frame rate or number of streams is above "
             "what the server allows. Nothing was kept."                     },
    {.code = "media_error",
     .status = 422,
     .title = "The media is damaged",
     .text = "The uploaded bytes look like media but cannot be read. Nothing "
             "was kept."                                                     },
    {.code = "pull_refused",
     .status = 422,
     .title = "The URL may not be fetched",
     .text = "Only public servers are asked, by http or https on ports 80, 443 "
             "or above 1023, without credentials; the setting pull_allow opens "
             "other networks."                                               },
    {.code = "pull_failed",
     .status = 422,
     .title = "The URL could not be fetched",
     .text = "The other server did not give the bytes, however often it was "
             "asked."                                                        },
    {.code = "cancelled",
     .status = 409,
     .title = "It was cancelled",
     .text = "Somebody cancelled the job that this needed."                  },
    {.code = "idempotency_mismatch",
     .status = 422,
     .title = "The key was used for another request",
     .text =
         "An Idempotency-Key belongs to one request: same call, same body."  },
    {.code = "locked",
     .status = 423,
     .title = "Somebody else writes this upload",
     .text = "One request at a time adds to a resumable upload. HEAD ends one "
             "whose connection was lost, and says where to go on."           },
    {.code = "too_many_requests",
     .status = 429,
     .title = "Too many requests",
     .text = "The rate limit is passed; Retry-After says when to come again."},
    {.code = "headers_too_large",
     .status = 431,
     .title = "The headers are too large",
     .text = "The header fields are longer than the server takes."           },
    {.code = "checksum_mismatch",
     .status = 460,
     .title = "The bytes are not those of the checksum",
     .text = "What came with the request does not have the sum of "
             "Upload-Checksum. Nothing of it was kept; send it again."       },
    {.code = "not_implemented",
     .status = 501,
     .title = "Not in this version",
     .text = "The call belongs to the API, but this version of the server does "
             "not have it."                                                  },
    {.code = "busy",
     .status = 503,
     .title = "Busy",
     .text = "The server has as much to do as it can; try again after "
             "Retry-After."                                                  },
    {.code = "no_space",
     .status = 507,
     .title = "No space left",
     .text =
         "The server's disk is too full for this. Reading and playing go on."},
};
enum { PROBLEMS = sizeof(problems) / sizeof(problems[0]) };

const struct problem *problem_at(size_t number)
{
    return number < PROBLEMS ? &problems[number] : NULL;
}

const struct problem *problem_of_status(int status)
{
    for (size_t i = 0; i < PROBLEMS; i++)
        if (problems[i].status == status)
            return &problems[i];
    return status >= 500 ? problem_find("internal")
                         : problem_find("invalid_request");
}

const struct problem *problem_find(const char *code)
{
    for (size_t i = 0; i < PROBLEMS; i++)
        if (strcmp(problems[i].code, code) == 0)
            return &problems[i];
    return &problems[0];
}

const struct problem *problem_of_err(enum err e)
{
    switch (e) {
    case ERR_BAD_INPUT:
        return problem_find("invalid_request");
    case ERR_NOT_FOUND:
        return problem_find("not_found");
    case ERR_GONE:
        return problem_find("source_dropped");
    case ERR_CONFLICT:
        return problem_find("conflict");
    case ERR_TOO_LARGE:
        return problem_find("too_large");
    case ERR_UNSUPPORTED:
        return problem_find("unsupported_media");
    case ERR_BUSY:
    case ERR_TIMEOUT:
        return problem_find("busy");
    case ERR_NO_SPACE:
        return problem_find("no_space");
    case ERR_QUOTA:
        return problem_find("quota_exceeded");
    case OK:
    case ERR_IO:
    case ERRS:
        break;
    }
    return problem_find("internal");
}
