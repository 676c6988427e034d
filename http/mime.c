/* SPDX-License-Identifier: ISC */
/* Media types by the end of a file's name. */
#include "mime.h"

#include "text.h"

static const struct {
    const char *extension, *type;
} types[] = {
    { "avif", "image/avif" },
    { "bmp", "image/bmp" },
    { "bz2", "application/x-bzip2" },
    { "c", "text/plain; charset=utf-8" },
    { "css", "text/css; charset=utf-8" },
    { "csv", "text/csv; charset=utf-8" },
    { "gif", "image/gif" },
    { "gz", "application/gzip" },
    { "h", "text/plain; charset=utf-8" },
    { "htm", "text/html; charset=utf-8" },
    { "html", "text/html; charset=utf-8" },
    { "ico", "image/x-icon" },
    { "jpeg", "image/jpeg" },
    { "jpg", "image/jpeg" },
    { "js", "text/javascript; charset=utf-8" },
    { "json", "application/json" },
    { "log", "text/plain; charset=utf-8" },
    { "md", "text/markdown; charset=utf-8" },
    { "mjs", "text/javascript; charset=utf-8" },
    { "mp3", "audio/mpeg" },
    { "mp4", "video/mp4" },
    { "ogg", "audio/ogg" },
    { "otf", "font/otf" },
    { "pcap", "application/vnd.tcpdump.pcap" },
    { "pdf", "application/pdf" },
    { "png", "image/png" },
    { "svg", "image/svg+xml" },
    { "tar", "application/x-tar" },
    { "ttf", "font/ttf" },
    { "txt", "text/plain; charset=utf-8" },
    { "wasm", "application/wasm" },
    { "wav", "audio/wav" },
    { "webm", "video/webm" },
    { "webp", "image/webp" },
    { "woff", "font/woff" },
    { "woff2", "font/woff2" },
    { "xml", "application/xml" },
    { "xz", "application/x-xz" },
    { "zip", "application/zip" },
    { "zst", "application/zstd" },
};

const char *ms_http_mime_type(const char *name)
{
    struct slice extension = { 0 };

    for (const char *at = name; *at; at++) {
        if (*at == '.')
            extension = ms_http_slice_of(at + 1);
        else if (*at == '/')
            extension.bytes = NULL;
    }
    for (size_t i = 0; extension.bytes && i < sizeof(types) / sizeof(types[0]); i++) {
        if (ms_http_slice_equal_fold(extension, ms_http_slice_of(types[i].extension)))
            return types[i].type;
    }
    return "application/octet-stream";
}
