// libwebsockets for Swift: the header, and a constant or function for each macro that the importer cannot see.

#pragma once

#include <libwebsockets.h>

// The room lws_write wants in front of every payload; a sum inside nested macros.
static inline size_t shim_LWS_PRE(void) { return LWS_PRE; }

// Behind _GNU_SOURCE, which the importer does not set.
extern int dup3(int from, int to, int flags);
static inline int shim_dup3(int from, int to, int flags) { return dup3(from, to, flags); }
