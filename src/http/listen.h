// SPDX-License-Identifier: MIT
// listen.h - the listening socket.
#pragma once

#include <stddef.h>

#include "reeld/base/err.h"

// Opens "127.0.0.1:8080", "[::1]:80", "*:80". ERR_BAD_INPUT for other text,
// ERR_IO when the address cannot be had.
must_check enum err listen_open(const char *text, int *ret_fd);
// Makes a socket that somebody else opened fit for us.
must_check enum err listen_adopt(int fd);
// Its port and its text form; 0 and "localhost" for what is no TCP socket.
int listen_name(int fd, char *text, size_t text_bytes);
