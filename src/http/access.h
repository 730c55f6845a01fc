// SPDX-License-Identifier: MIT
// access.h - the access log.
#pragma once

struct http_request;

// Says what was answered, where the server is to log that, or at debug. With
// the request's id, as every line of its thread.
void access_log(const struct http_request *r);
