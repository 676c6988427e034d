#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Installs the unikernel's library into a folder, and makes the example of docs/unikernel.md there:
its application and its makefile, as they stand in the text, and nothing of this tree."""

import argparse
import os
import re
import shutil
import subprocess
import sys

NEEDED = ["meson", "make", "cc", "pkg-config", "readelf"]


def run(command, **options):
    """What it says; what is wrong goes to the standard error."""
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, **options).stdout


def block(text, language):
    """The first piece of code in that language."""
    return re.search(rf"^```{language}\n(.*?)^```$", text, re.M | re.S).group(1)


def build(builddir, document, out):
    """The image, made by make."""
    shutil.rmtree(out, ignore_errors=True)
    mine, root = os.path.join(out, "mine"), os.path.join(os.path.abspath(out), "root")
    os.makedirs(mine)
    run(["meson", "install", "-C", builddir, "--no-rebuild", "--quiet", "--tags", "devel",
         "--destdir", root])
    with open(document, encoding="utf-8") as file:
        text = file.read()
    for name, language in (("mine.c", "c"), ("Makefile", "make")):
        with open(os.path.join(mine, name), "w", encoding="utf-8") as file:
            file.write(block(text, language))
    package = run(["find", root, "-name", "mstack-xen.pc"]).strip()
    with open(package, encoding="utf-8") as file:
        prefix = root + re.search(r"^prefix=(.*)$", file.read(), re.M).group(1)
    run(["make", f"PKG_CONFIG=pkg-config --define-variable=prefix={prefix}"], cwd=mine,
        env={**os.environ, "PKG_CONFIG_PATH": os.path.dirname(package)})
    return os.path.join(mine, "mine")


def main(argv):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", required=True, help="the build folder to install from")
    parser.add_argument("--document", required=True, help="docs/unikernel.md")
    parser.add_argument("--out", required=True, help="where it is made")
    args = parser.parse_args(argv)
    missing = [name for name in NEEDED if not shutil.which(name)]
    if missing:
        print("1..0 # SKIP not installed: " + " ".join(missing))
        return 0
    image = build(args.build, args.document, args.out)
    notes = run(["readelf", "-n", image])
    checks = {
        "is made": os.path.exists(image),
        "has the notes that Xen reads": notes.count("Xen ") >= 9,
        "needs no library": "NEEDED" not in run(["readelf", "-d", image]),
    }
    print(f"1..{len(checks)}")
    for number, (name, is_right) in enumerate(checks.items(), 1):
        print(f"{'ok' if is_right else 'not ok'} {number} - the example of the document {name}")
    return 0 if all(checks.values()) else 1


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    sys.exit(main(sys.argv[1:]))
