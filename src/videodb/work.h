// SPDX-License-Identifier: MIT
// work.h - answers that take time: held for a while, then polled for.
//
//   POST --> held --> the asset is ready -------------------> {data}
//              +----> not yet: {status: processing, output_url}
//   GET output_url --> held --> {status: done, data}
//                        +----> {status: processing}, again
//
// A poll that comes too early costs the client five seconds, hence the holding.
//
// Threads: the request's; work_is_over() the pool's kind.
#pragma once

#include "reeld/videodb/answer.h"

#include "room.h"

// Ends the handler: answers with the asset when it is ready, or says that it
// is not yet (the first answer to a POST).
void work_hold(struct http_request *r, const struct id *asset);
// For who does not wait in a request: true once the work is over; *to is what a
// poll would be told. What is to be brought about for that is, meanwhile.
bool work_is_over(struct videodb *v, const struct id *asked, struct answer *to);
