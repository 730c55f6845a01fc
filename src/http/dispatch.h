// SPDX-License-Identifier: MIT
// dispatch.h - leads a request from its first line to its answer.
//
// Threads: the connection's.
#pragma once

#include <microhttpd.h>

// What libmicrohttpd calls; the context is the struct loop.
void *dispatch_line(void *context, const char *target,
                    struct MHD_Connection *mhd);
enum MHD_Result dispatch_call(void *context, struct MHD_Connection *mhd,
                              const char *url, const char *method,
                              const char *version, const char *bytes,
                              size_t *len, void **request);
void dispatch_end(void *context, struct MHD_Connection *mhd, void **request,
                  enum MHD_RequestTerminationCode why);
