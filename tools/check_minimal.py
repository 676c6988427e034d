#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Builds the library without what may be left out, by each compiler; has it move a megabyte."""

import os
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
OPTIONS = ("ipv6", "multicast", "fragments", "syn_cookies")


def run(*command, **more):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          check=False, **more)
    if done.returncode != 0:
        sys.exit(f"{done.stdout}\ncheck_minimal.py: {' '.join(command)} failed")


def check(compiler):
    with tempfile.TemporaryDirectory(prefix="mstack-minimal-") as build:
        run("meson", "setup", build, ROOT, "--buildtype=minsize", "-Dauto_features=disabled",
            "-Dexamples=enabled", *(f"-D{option}=false" for option in OPTIONS),
            env=os.environ | {"CC": compiler})
        run("ninja", "-C", build, "libmstack.a", "examples/link_demo")
        run(os.path.join(build, "examples", "link_demo"))
        run(sys.executable, os.path.join(ROOT, "tools", "check_symbols.py"),
            os.path.join(build, "libmstack.a"))


def main(argv):
    if not argv:
        sys.exit("usage: check_minimal.py COMPILER...")
    for compiler in argv:
        check(compiler)


if __name__ == "__main__":
    main(sys.argv[1:])
