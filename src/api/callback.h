// SPDX-License-Identifier: MIT
// callback.h - callback_url and callback_secret of an upload or a pull.
#pragma once

#include "reeld/api/forms.h"
#include "reeld/catalog/events.h"

enum { CALLBACK_SECRET_MOST = HASH_BASE64_BYTES + 8 };

// As POST /v1/webhooks shows one: whsec_ and 32 bytes in base64. ERR_BAD_INPUT:
// fail_text() says what is wrong and nothing of the secret.
must_check enum err callback_secret_parse(struct str text, struct digest *ret);
// Out of fields that were found good; either may be NULL. `url` is lent. False:
// nobody is to be told.
bool callback_of(const char *url, const char *secret, struct callback *ret);
// Overwrites it before it goes; NULL is fine.
void callback_secret_free(char *secret);
