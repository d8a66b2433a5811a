// zlib for Swift: the header, and a function for each macro that the importer cannot see.

#pragma once

#include <zlib.h>

// 15 bits of window, and 16 for the gzip format (zlib.h).
static inline int shim_gzip_write_begin(z_stream *stream) {
    return deflateInit2(stream, Z_BEST_SPEED, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
}
static inline int shim_gzip_read_begin(z_stream *stream) { return inflateInit2(stream, 15 + 16); }
