#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Installs a build into a folder of its own and builds each example from there by pkg-config."""

import glob
import os
import shlex
import subprocess
import sys
import tempfile


def environment(root):
    """pkg-config sees what was installed under root, and takes it from there."""
    folders = glob.glob(os.path.join(root, "**", "pkgconfig"), recursive=True)
    default = subprocess.run(["pkg-config", "--variable", "pc_path", "pkg-config"],
                             capture_output=True, text=True, check=True).stdout.strip()
    return os.environ | {"PKG_CONFIG_LIBDIR": ":".join(folders + [default])}


def flags(root, package):
    """Only our own folders lie under root; those of libpcap are the system's."""
    words = shlex.split(subprocess.run(
        ["pkg-config", "--cflags", "--libs", package], env=environment(root),
        capture_output=True, text=True, check=True).stdout)
    return [word[:2] + root + word[2:] if os.path.exists(root + word[2:]) else word
            for word in words]


def main(argv):
    if len(argv) < 2:
        sys.exit("usage: check_install.py BUILD_DIRECTORY COMPILER...")
    build, compiler = argv[0], argv[1:]
    with tempfile.TemporaryDirectory() as root:
        subprocess.run(["meson", "install", "-C", build, "--no-rebuild", "--quiet",
                        "--destdir", root], check=True)
        found = flags(root, "mstack-drivers")
        for path in sorted(glob.glob("examples/*.c")):
            subprocess.run([*compiler, "-std=c17", "-D_GNU_SOURCE", path, "-o",
                            os.path.join(root, "program"), *found], check=True)
            print(f"{path}: builds from what was installed")
        if glob.glob(os.path.join(root, "**", "mstack-xen.pc"), recursive=True):
            path = "unikernel/hello/hello.c"
            subprocess.run([*compiler, "-std=c17", path, "-o", os.path.join(root, "guest"),
                            *flags(root, "mstack-xen")], check=True)
            print(f"{path}: builds from what was installed")
        for path in glob.glob(os.path.join(root, "**", "bin", "mstack"), recursive=True):
            subprocess.run([path, "xen", "run", "--help"], stdout=subprocess.DEVNULL, check=True)
            print("mstack xen run: is found from where it was installed")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
