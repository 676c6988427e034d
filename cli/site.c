/* SPDX-License-Identifier: ISC */
/* A directory as what an HTTP server serves: its files, block by block, and pages that list it. */
#include "site.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "folder.h"
#include "http/mime.h"
#include "http/path.h"
#include "text.h"

enum { IDLE_BLOCKS = 64 << 20 }; /* bytes of files kept though nobody is reading them */

struct file {
    int fd;
    struct file_id id;
};

/* A page that lists a directory. */
struct listing {
    unsigned references; /* the open content, and each stretch that is lent */
    struct text page;
};

static struct site *site_of(struct ms_http_source *source) { return (struct site *)(void *)source; }
_Static_assert(offsetof(struct site, source) == 0, "site_of() converts the pointer");

static uint16_t status_of_errno(int why)
{
    switch (why) {
    case ENOENT:
    case ENOTDIR:
    case ENAMETOOLONG: return 404;
    case EXDEV: /* a symbolic link that leads outside */
    case ELOOP:
    case EACCES:
    case EPERM: return 403;
    case EMFILE:
    case ENFILE:
    case EAGAIN:
    case ENOMEM: return 503;
    default: return 500;
    }
}

/* Takes over fd. */
static uint16_t give_file(struct site *site, int fd, const struct stat *stat,
                          struct ms_http_content *content)
{
    struct file *file = malloc(sizeof(*file));

    if (!file) {
        close(fd);
        return 503;
    }
    *file = (struct file){ .fd = fd, .id = file_id(stat) };
    content->source = &site->source;
    content->handle = file;
    content->bytes = file->id.size;
    content->modified_s = file->id.modified_s > 0 ? (uint64_t)file->id.modified_s : 0;
    snprintf(content->etag, sizeof(content->etag), "\"%llx-%llx-%llx\"",
             (unsigned long long)file->id.inode,
             (unsigned long long)file->id.modified_s * 1000000000u +
                 (unsigned long long)file->id.modified_ns,
             (unsigned long long)file->id.size);
    return 200;
}

/* Takes over fd, an open directory. */
static uint16_t give_listing(struct site *site, int fd, const char *path,
                             struct ms_http_content *content)
{
    struct listing *listing = calloc(1, sizeof(*listing));
    char shown[PATH_SIZE + 2] = "/";

    if (*path)
        snprintf(shown, sizeof(shown), "/%s/", path);
    if (!listing) {
        close(fd);
        return 503;
    }
    if (!folder_list(fd, shown, &listing->page)) {
        text_free(&listing->page);
        free(listing);
        return 500;
    }
    listing->references = 1;
    *content = (struct ms_http_content){
        .source = &site->listings,
        .handle = listing,
        .bytes = listing->page.len,
        .type = "text/html; charset=utf-8",
        .is_live = true,
    };
    return 200;
}

/* Takes over fd, an open directory. */
static uint16_t open_directory(struct site *site, int fd, const char *path,
                               struct ms_http_content *content)
{
    char index_path[PATH_SIZE + 16];
    struct stat stat;
    int index_fd;

    /* From the root, not from fd: a symbolic link may lead anywhere below the root. */
    snprintf(index_path, sizeof(index_path), "%s%sindex.html", path, *path ? "/" : "");
    index_fd = folder_open(site->root, index_path, &stat);
    if (index_fd >= 0 && S_ISREG(stat.st_mode)) {
        close(fd);
        content->type = ms_http_mime_type(index_path);
        return give_file(site, index_fd, &stat, content);
    }
    if (index_fd >= 0)
        close(index_fd);
    return give_listing(site, fd, path, content);
}

static uint16_t open_path(struct ms_http_source *source, const struct ms_http_query *query,
                          struct ms_http_content *content)
{
    struct site *site = site_of(source);
    struct stat stat;
    int fd = folder_open(site->root, *query->path ? query->path : ".", &stat);

    if (fd < 0)
        return status_of_errno(errno);
    if (S_ISREG(stat.st_mode) && !query->is_directory) {
        content->type = ms_http_mime_type(query->path);
        return give_file(site, fd, &stat, content);
    }
    if (S_ISDIR(stat.st_mode) && query->is_directory)
        return open_directory(site, fd, query->path, content);
    close(fd);
    return query->is_directory ? 404 : 301;
}

static bool lend_block(struct ms_http_content *content, uint64_t at,
                       struct ms_http_stretch *stretch)
{
    struct site *site = site_of(content->source);
    const struct file *file = content->handle;
    uint32_t skipped = (uint32_t)(at % BLOCK_BYTES);
    struct block *block = block_get(&site->blocks, &file->id, file->fd, at / BLOCK_BYTES);

    if (!block)
        return false;
    *stretch = (struct ms_http_stretch){
        .data = block->bytes + skipped,
        .len = block->len - skipped,
        .keeper = block,
    };
    return true;
}

static void give_block_back(struct ms_http_source *source, void *keeper)
{
    block_put(&site_of(source)->blocks, keeper);
}

static void close_file(struct ms_http_content *content)
{
    struct file *file = content->handle;

    close(file->fd);
    free(file);
}

static bool lend_listing(struct ms_http_content *content, uint64_t at,
                         struct ms_http_stretch *stretch)
{
    struct listing *listing = content->handle;

    listing->references++;
    *stretch = (struct ms_http_stretch){
        .data = (const uint8_t *)listing->page.bytes + at,
        .len = (uint32_t)(listing->page.len - at),
        .keeper = listing,
    };
    return true;
}

static void give_listing_back(struct ms_http_source *source, void *keeper)
{
    struct listing *listing = keeper;

    (void)source;
    if (--listing->references > 0)
        return;
    text_free(&listing->page);
    free(listing);
}

static void close_listing(struct ms_http_content *content)
{
    give_listing_back(content->source, content->handle);
}

void site_init(struct site *site, int root)
{
    static const struct ms_http_source_ops file_ops = {
        .open = open_path,
        .lend = lend_block,
        .give_back = give_block_back,
        .close = close_file,
    };
    static const struct ms_http_source_ops listing_ops = {
        .lend = lend_listing,
        .give_back = give_listing_back,
        .close = close_listing,
    };

    *site = (struct site){
        .source.ops = &file_ops,
        .listings.ops = &listing_ops,
        .root = root,
        .blocks.idle_bytes_max = IDLE_BLOCKS,
    };
}

void site_free(struct site *site) { blocks_clear(&site->blocks); }
