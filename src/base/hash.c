// SPDX-License-Identifier: MIT
// hash.c - SHA-256, HMAC and random bytes.
#include "reeld/base/hash.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "reeld/base/fd.h"
#include "reeld/base/math.h"
#include "reeld/base/mem.h"

enum { READ_BYTES = 1 << 20 };

struct hash {
    EVP_MD_CTX *context;
};

// Hashing can fail only for want of memory, which mem.h answers with abort().
static void must(bool is_done)
{
    if (!is_done)
        abort();
}

static struct hash *hash_new_of(const EVP_MD *kind)
{
    struct hash *h = NEW(struct hash);
    h->context = EVP_MD_CTX_new();
    must(h->context && EVP_DigestInit_ex(h->context, kind, NULL) == 1);
    return h;
}

struct hash *hash_new(void)
{
    return hash_new_of(EVP_sha256());
}

struct hash *hash_new_sha1(void)
{
    return hash_new_of(EVP_sha1());
}

void hash_add(struct hash *h, const void *bytes, size_t len)
{
    must(EVP_DigestUpdate(h->context, bytes, len) == 1);
}

struct digest hash_end(struct hash *h)
{
    struct digest d = {{0}};
    unsigned len = 0;
    must(EVP_DigestFinal_ex(h->context, d.bytes, &len) == 1 &&
         (len == HASH_BYTES || len == HASH_SHA1_BYTES));
    return d;
}

void hash_free(struct hash *h)
{
    if (!h)
        return;
    EVP_MD_CTX_free(h->context);
    free(h);
}

struct digest hash_of(const void *bytes, size_t len)
{
    struct digest d;
    must(EVP_Digest(bytes, len, d.bytes, NULL, EVP_sha256(), NULL) == 1);
    return d;
}

struct digest hmac_of(const uint8_t key[static HASH_BYTES], const void *bytes,
                      size_t len)
{
    struct digest d;
    must(HMAC(EVP_sha256(), key, HASH_BYTES, bytes, len, d.bytes, NULL));
    return d;
}

bool digest_eq(const struct digest *a, const struct digest *b)
{
    return memcmp(a->bytes, b->bytes, HASH_BYTES) == 0;
}

// What is served often shall stay in memory, not what is read once.
enum err hash_fd(int fd, struct digest *ret)
{
    scoped(hash) struct hash *h = hash_new();
    scoped(mem) uint8_t *bytes = NEW_ARRAY(READ_BYTES, uint8_t);
    int64_t size_bytes;
    TRY(fd_size(fd, &size_bytes));
    for (int64_t at = 0; at < size_bytes; at += READ_BYTES) {
        size_t len = (size_t)min_i64(READ_BYTES, size_bytes - at);
        TRY(fd_pread_all(fd, bytes, len, at));
        hash_add(h, bytes, len);
        // Only a hint.
        ignore(posix_fadvise(fd, at, READ_BYTES, POSIX_FADV_DONTNEED) != 0);
    }
    *ret = hash_end(h);
    return OK;
}

bool secret_eq(const void *a, const void *b, size_t len)
{
    return CRYPTO_memcmp(a, b, len) == 0;
}

void random_bytes(void *to, size_t len)
{
    uint8_t *at = to;
    while (len > 0) {
        ssize_t got = getrandom(at, len, 0);
        if (got < 0 && errno == EINTR)
            continue;
        must(got > 0);
        at += got;
        len -= (size_t)got;
    }
}
