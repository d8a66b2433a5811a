// http-parser for Swift: the header, and a function for each bit field, which the importer cannot see.

#pragma once

// libwebsockets has another enum of this name. Files that import both would not compile whenever they share a compiler process.
#define http_status http_parser_status
#include <http_parser.h>
#undef http_status

static inline int shim_http_status(const http_parser *parser) { return (int)parser->status_code; }
static inline int shim_http_is_failed(const http_parser *parser) {
    return parser->http_errno != HPE_OK && parser->http_errno != HPE_PAUSED;
}
static inline const char *shim_http_problem(const http_parser *parser) {
    return http_errno_description(HTTP_PARSER_ERRNO(parser));
}
