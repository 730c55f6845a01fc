// SPDX-License-Identifier: MIT
// hash.h - SHA-256, HMAC, random bytes and their text forms (OpenSSL).
//
// Threads: any; one at a time a struct hash.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "reeld/base/err.h"
#include "reeld/base/scoped.h"
#include "reeld/base/str.h"

enum {
    HASH_BYTES = 32,
    HASH_SHA1_BYTES = 20,
    HASH_HEX_BYTES = 65,       // 64 digits and a NUL
    HASH_BASE64URL_BYTES = 44, // 43 characters and a NUL
    HASH_BASE64_BYTES = 45,    // the same with padding
};

struct digest {
    uint8_t bytes[HASH_BYTES];
};

struct hash; // a running SHA-256
struct hash *hash_new(void);
// SHA-1, for checksums against accidents alone: the digest's last 12 bytes are
// zero.
struct hash *hash_new_sha1(void);
void hash_add(struct hash *h, const void *bytes, size_t len);
struct digest hash_end(struct hash *h); // h may only be freed afterwards
void hash_free(struct hash *h);
DEFINE_SCOPED(hash, struct hash *, hash_free)

// Of all bytes of a file, whose offset stays. The file does not stay in memory.
must_check enum err hash_fd(int fd, struct digest *ret);
struct digest hash_of(const void *bytes, size_t len);
struct digest hmac_of(const uint8_t key[static HASH_BYTES], const void *bytes,
                      size_t len);

bool digest_eq(const struct digest *a, const struct digest *b);
// For secrets: takes as long whatever the bytes (SEC-17).
bool secret_eq(const void *a, const void *b, size_t len);

// Aborts if the kernel gives none: nothing may go on without.
void random_bytes(void *to, size_t len);

void digest_hex(const struct digest *d, char text[static HASH_HEX_BYTES]);
must_check enum err digest_from_hex(struct str text, struct digest *ret);
// RFC 4648 section 5, no padding. `to` has room for (len * 4 + 2) / 3 + 1.
void base64url(const void *bytes, size_t len, char *to);
// RFC 4648 section 4, padded. `to` has room for (len + 2) / 3 * 4 + 1.
void base64(const void *bytes, size_t len, char *to);
// Strict: one spelling a value (unused bits must be zero). ERR_BAD_INPUT.
must_check enum err base64url_decode(struct str text, void *to, size_t to_bytes,
                                     size_t *ret_len);
// RFC 4648 section 4 with padding, for Content-Digest.
must_check enum err base64_decode(struct str text, void *to, size_t to_bytes,
                                  size_t *ret_len);
