#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Compiles each header by itself, included twice, with every warning."""

import argparse
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

FLAGS = ["-std=c17", "-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Wconversion",
         "-Wstrict-prototypes", "-Wmissing-prototypes", "-Wvla", "-Werror", "-fsyntax-only"]

# Folder, what may be found from there, and what else the compiler is told. Public headers and
# src/ are promised to a compiler without a C library.
PARTS = [
    ("include", ["include"], ["-ffreestanding"]),
    ("src", ["include", "src"], ["-ffreestanding"]),
    ("drivers", ["include"], []),
    ("unikernel", ["include", "drivers", "unikernel/xen"], ["-ffreestanding"]),
]


def headers(folder):
    for directory, _, names in os.walk(folder):
        yield from (os.path.join(directory, n) for n in sorted(names) if n.endswith(".h"))


def compile_alone(compiler, path, roots, flags):
    """The compiler's complaint, or nothing."""
    text = f'#include "{path}"\n' * 2 + 'typedef int not_empty;\n'
    command = [*compiler, *FLAGS, *flags, *(f"-I{r}" for r in roots), "-I.", "-x", "c", "-"]
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    return f"{path}: does not compile alone\n{done.stderr}" if done.returncode else ""


def main(argv):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("compiler", nargs="+")
    args = parser.parse_args(argv)
    jobs = [(path, roots, flags) for folder, roots, flags in PARTS for path in headers(folder)]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        complaints = list(pool.map(lambda job: compile_alone(args.compiler, *job), jobs))
    for complaint in filter(None, complaints):
        print(complaint)
    print(f"{len(jobs)} headers")
    return 1 if any(complaints) or not jobs else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
