/* SPDX-License-Identifier: ISC */
/* A file that is being downloaded. */
#include "part_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What is there already and is no file must not have a file put in its place. */
static bool is_device_or_pipe(const struct stat *there)
{
    return !S_ISREG(there->st_mode) && !S_ISDIR(there->st_mode);
}

static int open_stream(struct part_file *file)
{
    file->is_stream = true;
    file->fd = strcmp(file->name, "-") == 0 ? fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0)
                                            : open(file->name, O_WRONLY | O_CLOEXEC);
    return file->fd < 0 ? errno : 0;
}

static void read_version(struct part_file *file)
{
    FILE *stream = fopen(file->version_name, "re");

    file->version[0] = 0;
    if (!stream)
        return;
    if (!fgets(file->version, sizeof(file->version), stream))
        file->version[0] = 0;
    file->version[strcspn(file->version, "\r\n")] = 0;
    fclose(stream);
}

static int write_version(const struct part_file *file)
{
    FILE *stream;
    bool is_fine;

    if (file->version[0] == 0) {
        unlink(file->version_name);
        return 0;
    }
    stream = fopen(file->version_name, "we");
    if (!stream)
        return errno;
    is_fine = fprintf(stream, "%s\n", file->version) > 0;
    return fclose(stream) == 0 && is_fine ? 0 : EIO;
}

static int open_part(struct part_file *file)
{
    struct stat stat;

    if (asprintf(&file->part_name, "%s.part", file->name) < 0)
        file->part_name = NULL;
    if (asprintf(&file->version_name, "%s.part.version", file->name) < 0)
        file->version_name = NULL;
    if (!file->part_name || !file->version_name)
        return ENOMEM;

    file->fd = open(file->part_name, O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0666);
    if (file->fd < 0 || fstat(file->fd, &stat) != 0)
        return errno;
    if (!S_ISREG(stat.st_mode))
        return EEXIST;
    read_version(file);
    if (file->version[0] == 0)
        return ftruncate(file->fd, 0) == 0 ? 0 : errno;
    file->len = (uint64_t)stat.st_size;
    return 0;
}

int part_file_open(struct part_file *file, const char *name)
{
    struct stat there;
    bool is_there = stat(name, &there) == 0;
    int error;

    *file = (struct part_file){ .name = name, .fd = -1 };
    if (strcmp(name, "-") == 0 || (is_there && is_device_or_pipe(&there)))
        return open_stream(file);
    if (is_there && S_ISDIR(there.st_mode))
        return EISDIR; /* now, not when all has come */
    error = open_part(file);
    if (error)
        part_file_close(file);
    return error;
}

int part_file_restart(struct part_file *file, const char *version)
{
    snprintf(file->version, sizeof(file->version), "%s", version);
    if (strlen(version) >= sizeof(file->version) || strpbrk(version, "\r\n"))
        file->version[0] = 0;
    file->len = 0;
    if (file->is_stream)
        return 0;
    if (ftruncate(file->fd, 0) != 0)
        return errno;
    return write_version(file);
}

static ssize_t write_some(const struct part_file *file, const char *bytes, size_t len)
{
    if (file->is_stream)
        return write(file->fd, bytes, len);
    return pwrite(file->fd, bytes, len, (off_t)file->len);
}

int part_file_append(struct part_file *file, const char *bytes, size_t len)
{
    while (len) {
        ssize_t n = write_some(file, bytes, len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno;
        bytes += n;
        len -= (size_t)n;
        file->len += (uint64_t)n;
    }
    return 0;
}

int part_file_complete(struct part_file *file)
{
    if (file->is_stream)
        return 0;
    if (rename(file->part_name, file->name) != 0)
        return errno;
    unlink(file->version_name);
    file->version[0] = 0;
    free(file->part_name);
    file->part_name = NULL;
    return 0;
}

void part_file_close(struct part_file *file)
{
    bool is_worthless = file->len == 0 || file->version[0] == 0;

    if (file->fd >= 0) {
        close(file->fd);
        if (file->part_name && is_worthless) {
            unlink(file->part_name);
            unlink(file->version_name);
        }
    }
    free(file->part_name);
    free(file->version_name);
    *file = (struct part_file){ .name = "-", .fd = -1 };
}
