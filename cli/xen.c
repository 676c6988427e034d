/* SPDX-License-Identifier: ISC */
/* mstack xen run: becomes the program that boots a real Xen with a guest, tools/xen/run.py. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "options.h"

/* From the folder of the program: as it was built, and as it was installed. */
static const char *const places[] = { "tools/xen", "../share/mstack/xen" };

enum { PATH_SIZE = 4096 };

static bool find_program(char *path, size_t size)
{
    char folder[PATH_SIZE] = "";

    if (readlink("/proc/self/exe", folder, sizeof(folder) - 1) < 0) {
        complain("/proc/self/exe: %s", strerror(errno));
        return false;
    }
    *strrchr(folder, '/') = '\0';
    for (unsigned i = 0; i < sizeof(places) / sizeof(places[0]); i++)
        if (snprintf(path, size, "%s/%s/run.py", folder, places[i]) < (int)size &&
            access(path, R_OK) == 0)
            return true;
    complain("run.py is neither in %s/%s nor in %s/%s", folder, places[0], folder, places[1]);
    return false;
}

/* Until the program is ready for them: they would end it with a heap of text while it loads. */
static void hold_signals(void)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    sigprocmask(SIG_BLOCK, &set, NULL);
}

static int become_program(int argc, char **argv)
{
    static char python[] = "python3", writes_nothing[] = "-B";
    char path[PATH_SIZE];
    char **words;

    if (!find_program(path, sizeof(path)))
        return EXIT_FAILURE;
    words = calloc((size_t)argc + 3, sizeof(*words));
    if (!words) {
        complain("not enough memory");
        return EXIT_FAILURE;
    }
    words[0] = python;
    words[1] = writes_nothing;
    words[2] = path;
    memcpy(words + 3, argv + 1, (size_t)argc * sizeof(*words)); /* the last is NULL */
    hold_signals();
    execvp(words[0], words);
    complain("%s: %s", words[0], strerror(errno));
    free(words);
    return EXIT_FAILURE;
}

int command_xen(int argc, char **argv)
{
    if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
        printf("Usage: mstack xen run [OPTION...] IMAGE\n"
               "Boot a real Xen in QEMU with IMAGE as its guest. mstack xen run --help tells "
               "more.\n");
        return EXIT_SUCCESS;
    }
    if (argc > 1 && strcmp(argv[1], "run") == 0)
        return become_program(argc - 1, argv + 1);
    complain("%s; mstack xen --help tells more", argc > 1 ? "no such command" : "which command?");
    return EXIT_USAGE;
}
