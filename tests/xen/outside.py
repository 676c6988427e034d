#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Installs the unikernel's library into a folder, and makes the example of docs/unikernel.md there:
its application, its makefile and its domain, as they stand in the text, and nothing of this tree.
guest.py boots it."""

import argparse
import os
import re
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../tools/xen"))
import recipe

NEEDED = ["meson", "make", "cc", "pkg-config", "readelf"]
IMAGE_BYTES_MAX = 300 * 1024
BLOCKS = {"mine.c": "c", "Makefile": "make", "mine.cfg": "ini"}


def missing():
    """What is not installed."""
    return [name for name in NEEDED if not shutil.which(name)]


def run(command, **options):
    """What it says; what is wrong goes to the standard error."""
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, **options).stdout


def block(text, language):
    """The first piece of code in that language."""
    return re.search(rf"^```{language}\n(.*?)^```$", text, re.M | re.S).group(1)


def build(builddir, document, out):
    """The image, made by make, and the domain's configuration."""
    shutil.rmtree(out, ignore_errors=True)
    mine, root = os.path.join(out, "mine"), os.path.join(os.path.abspath(out), "root")
    os.makedirs(mine)
    run(["meson", "install", "-C", builddir, "--no-rebuild", "--quiet", "--tags", "devel",
         "--destdir", root])
    with open(document, encoding="utf-8") as file:
        text = file.read()
    for name, language in BLOCKS.items():
        with open(os.path.join(mine, name), "w", encoding="utf-8") as file:
            file.write(block(text, language))
    package = run(["find", root, "-name", "mstack-xen.pc"]).strip()
    with open(package, encoding="utf-8") as file:
        prefix = root + re.search(r"^prefix=(.*)$", file.read(), re.M).group(1)
    run(["make", f"PKG_CONFIG=pkg-config --define-variable=prefix={prefix}"], cwd=mine,
        env={**os.environ, "PKG_CONFIG_PATH": os.path.dirname(package)})
    return os.path.join(mine, "mine"), os.path.join(mine, "mine.cfg")


def bytes_without_site(image):
    """Bytes that are loaded, without the pages of a website that pack_site.py put there."""
    symbols = re.findall(r"^ *\d+: (\w+) .* (\w+_pages(?:_end)?)$",
                         run(["readelf", "-sW", image]), re.M)
    found = {name: int(value, 16) for value, name in symbols}
    packed = sum(end - found[name.removesuffix("_end")] for name, end in found.items()
                 if name.endswith("_end"))
    return recipe.elf_load_bytes(image) - packed


def main(argv):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", required=True, help="the build folder to install from")
    parser.add_argument("--document", required=True, help="docs/unikernel.md")
    parser.add_argument("--out", required=True, help="where it is made")
    parser.add_argument("images", nargs="*", help="others of this tree, which are to be small too")
    args = parser.parse_args(argv)
    if missing():
        print("1..0 # SKIP not installed: " + " ".join(missing()))
        return 0
    image, _ = build(args.build, args.document, args.out)
    notes = run(["readelf", "-n", image])
    example = "the example of the document"
    checks = {
        f"{example} is made": os.path.exists(image),
        f"{example} has the notes that Xen reads": notes.count("Xen ") >= 9,
        f"{example} needs no library": "NEEDED" not in run(["readelf", "-d", image]),
    }
    for path in [image, *args.images]:
        loaded = bytes_without_site(path)
        name = f"{os.path.basename(path)} is small ({loaded} bytes, of at most {IMAGE_BYTES_MAX})"
        checks[name] = loaded <= IMAGE_BYTES_MAX
    print(f"1..{len(checks)}")
    for number, (name, is_right) in enumerate(checks.items(), 1):
        print(f"{'ok' if is_right else 'not ok'} {number} - {name}")
    return 0 if all(checks.values()) else 1


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    sys.exit(main(sys.argv[1:]))
