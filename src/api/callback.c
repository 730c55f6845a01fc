// SPDX-License-Identifier: MIT
// callback.c - who is told what becomes of one upload.
#include "callback.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum err callback_secret_parse(struct str text, struct digest *ret)
{
    const struct str start = STR("whsec_");
    size_t len = 0;
    enum err e = ERR_BAD_INPUT;
    if (str_starts(text, start))
        e = base64_decode(str_skip(text, start.len), ret->bytes,
                          sizeof(ret->bytes), &len);
    if (e != OK || len != sizeof(ret->bytes))
        return fail(ERR_BAD_INPUT, "must be whsec_ and 32 bytes in base64");
    return OK;
}

bool callback_of(const char *url, const char *secret, struct callback *ret)
{
    *ret = (struct callback){.url = url, .is_signed = url && secret};
    if (ret->is_signed) {
        enum err e = callback_secret_parse((struct str){secret, strlen(secret)},
                                           &ret->secret);
        assert(e == OK);
        (void)e;
    }
    return url != NULL;
}

void callback_secret_free(char *secret)
{
    if (secret)
        explicit_bzero(secret, strlen(secret));
    free(secret);
}
