/* SPDX-License-Identifier: ISC */
/* A source of files that are in memory already. */
#include "packed.h"

#include "mime.h"
#include "path.h"
#include "text.h"

/* As the order of bytes has it: below, equal or above zero. */
static int compare(const char *a, const char *b)
{
    while (*a && *a == *b) {
        a++;
        b++;
    }
    return (unsigned char)*a - (unsigned char)*b;
}

/* The first file whose path is not before this one, or the end. */
static const struct ms_http_file *lower_bound(const struct ms_http_files *all, const char *path)
{
    uint64_t low = 0, high = all->count;

    while (low < high) {
        uint64_t middle = low + (high - low) / 2;

        if (compare(all->files[middle].path, path) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return &all->files[low];
}

static const struct ms_http_file *find(const struct ms_http_files *all, const char *path)
{
    const struct ms_http_file *file = lower_bound(all, path);

    return file < all->files + all->count && compare(file->path, path) == 0 ? file : NULL;
}

static void describe(const struct ms_http_file *file, bool is_gzip,
                     struct ms_http_content *content)
{
    struct text etag = ms_http_text_in(content->etag, MS_HTTP_ETAG_BYTES - 1);

    ms_http_text_put(&etag, "\"");
    ms_http_text_put(&etag, file->tag);
    ms_http_text_put(&etag, is_gzip ? "-gzip\"" : "\"");
    if (etag.is_cut)
        etag.len = 0;
    content->etag[etag.len] = 0;
    content->handle = (void *)(uintptr_t)(is_gzip ? file->gzip : file->bytes);
    content->bytes = is_gzip ? file->gzip_len : file->len;
    content->type = ms_http_mime_type(file->path);
    content->is_gzip = is_gzip;
    content->depends_on_encoding = file->gzip != NULL;
}

/* What is appended to a path, or nothing if there is no room, and no such file then. */
static bool append(char path[PATH_SIZE], const char *more)
{
    struct text text = ms_http_text_in(path, PATH_SIZE - 1);

    text.len = ms_http_slice_of(path).len;
    ms_http_text_put(&text, more);
    path[text.len] = 0;
    return !text.is_cut;
}

static uint16_t open_file(struct ms_http_source *source, const struct ms_http_query *query,
                          struct ms_http_content *content)
{
    struct ms_http_packed *packed = (struct ms_http_packed *)(void *)source;
    const struct ms_http_file *file = NULL;
    struct slice asked = ms_http_slice_of(query->path);
    char path[PATH_SIZE];

    if (asked.len >= PATH_SIZE)
        return 404;
    __builtin_memcpy(path, query->path, asked.len + 1);
    if (query->is_directory) {
        if ((asked.len == 0 || append(path, "/")) && append(path, "index.html"))
            file = find(packed->files, path);
    } else {
        file = find(packed->files, path);
        if (!file && append(path, "/index.html") && find(packed->files, path))
            return 301;
    }
    if (!file)
        return 404;
    content->source = source;
    describe(file, query->takes_gzip && file->gzip, content);
    return 200;
}

static bool lend(struct ms_http_content *content, uint64_t at, struct ms_http_stretch *stretch)
{
    uint64_t left = content->bytes - at;

    *stretch = (struct ms_http_stretch){
        .data = (const uint8_t *)content->handle + at,
        .len = left < UINT32_MAX ? (uint32_t)left : UINT32_MAX,
    };
    return true;
}

static void give_back(struct ms_http_source *source, void *keeper) { (void)source, (void)keeper; }

static void close_file(struct ms_http_content *content) { (void)content; }

void ms_http_packed_init(struct ms_http_packed *packed, const struct ms_http_files *files)
{
    static const struct ms_http_source_ops ops = {
        .open = open_file,
        .lend = lend,
        .give_back = give_back,
        .close = close_file,
    };

    packed->source.ops = &ops;
    packed->files = files;
}
