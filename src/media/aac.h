// SPDX-License-Identifier: MIT
// aac.h - AAC-LC: the encoder, ADTS headers, AudioSpecificConfig.
//
// Clauses are of ISO/IEC 14496-3. Believes no byte.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "av.h"
#include "reeld/base/buf.h"

enum { AAC_CONFIG_BYTES = 2, AAC_CONFIG_BYTES_MAX = 64 };

// libavcodec's own encoder at a fixed rate; its name stays out of the packets.
must_check enum err aac_open_encoder(int32_t rate, int32_t channels,
                                     int64_t bitrate, AVCodecContext **ret);

// The length of the ADTS header that `bytes` begin with, 0 if it is none.
size_t aac_adts_header(const uint8_t *bytes, size_t len);
// The config that such a header stands for, table 1.A.6.
void aac_config_of_adts(const uint8_t *header,
                        uint8_t ret[static AAC_CONFIG_BYTES]);

// A packet of silence that fits between others of this layout.
must_check enum err aac_silence(int32_t rate, int32_t channels,
                                struct buf *out);
