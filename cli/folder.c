/* SPDX-License-Identifier: ISC */
/* The directory that is served, and what may be opened in it. */
#include "folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "http/path.h"

/* O_NONBLOCK: a FIFO without a writer must not stop the server; it has no effect on files. */
enum { OPEN_FLAGS = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY };

/* For a kernel without openat2(): part by part, and no symbolic link at all. */
static int open_by_parts(int root, const char *path)
{
    char part[256];
    int at = dup(root);

    while (at >= 0 && *path) {
        size_t len = strcspn(path, "/");
        int next = -1;

        errno = ENAMETOOLONG;
        if (len < sizeof(part)) {
            memcpy(part, path, len);
            part[len] = 0;
            next = openat(at, part, OPEN_FLAGS | O_NOFOLLOW);
        }
        int why = errno;
        close(at);
        errno = why;
        at = next;
        path += len + (path[len] == '/');
    }
    return at;
}

static int open_beneath(int root, const char *path)
{
    struct open_how how = {
        .flags = OPEN_FLAGS,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
    };
    long fd = syscall(SYS_openat2, root, path, &how, sizeof(how));

    if (fd < 0 && (errno == ENOSYS || errno == EPERM))
        return open_by_parts(root, path);
    return (int)fd;
}

int folder_open(int root, const char *path, struct stat *stat)
{
    int fd = open_beneath(root, path);
    int why;

    if (fd < 0)
        return -1;
    if (fstat(fd, stat) == 0 && (S_ISREG(stat->st_mode) || S_ISDIR(stat->st_mode)))
        return fd;
    why = EACCES; /* a device, a socket or a FIFO */
    close(fd);
    errno = why;
    return -1;
}

static bool is_directory(int fd, const struct dirent *entry)
{
    struct stat stat;

    if (entry->d_type != DT_UNKNOWN)
        return entry->d_type == DT_DIR;
    return fstatat(fd, entry->d_name, &stat, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(stat.st_mode);
}

static void add_entry(struct text *page, int fd, const struct dirent *entry)
{
    char href[3 * 256 + 1];
    const char *slash = is_directory(fd, entry) ? "/" : "";

    ms_http_percent_encode(entry->d_name, href, sizeof(href));
    /* "./" in front: a name like "a:b" would else read as a scheme. */
    text_add(page, "<li><a href=\"./%s%s\">", href, slash);
    text_add_html(page, entry->d_name);
    text_add(page, "%s</a></li>\n", slash);
}

static int visible(const struct dirent *entry) { return entry->d_name[0] != '.'; }

/* scandirat() would open by path again; this keeps to the directory that was opened. */
static void add_entries(struct text *page, int fd)
{
    struct dirent **entries = NULL;
    int count = scandirat(fd, ".", &entries, visible, alphasort);

    for (int i = 0; i < count; i++) {
        add_entry(page, fd, entries[i]);
        free(entries[i]);
    }
    free(entries);
    if (count < 0)
        page->is_broken = true;
}

bool folder_list(int fd, const char *shown_path, struct text *page)
{
    text_add(page, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>");
    text_add_html(page, shown_path);
    text_add(page, "</title></head>\n<body><h1>");
    text_add_html(page, shown_path);
    text_add(page, "</h1>\n<ul>\n");
    if (strcmp(shown_path, "/") != 0)
        text_add(page, "<li><a href=\"../\">../</a></li>\n");
    add_entries(page, fd);
    text_add(page, "</ul></body></html>\n");
    close(fd);
    return !page->is_broken;
}
