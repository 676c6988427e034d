#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Whether a unikernel's image is small, but for the files that it serves.

Usage: check_image.py IMAGE SYMBOL: the files are those of pack_site.py --symbol SYMBOL.
"""
import re
import subprocess
import sys

LIMIT_BYTES = 300 * 1024


def output(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def loaded_bytes(image):
    """Of the file, not of the memory that is only zero."""
    headers = output("readelf", "-lW", image)
    sizes = re.findall(r"^ +LOAD +(?:0x[0-9a-f]+ +){3}(0x[0-9a-f]+)", headers, re.M)
    return sum(int(size, 16) for size in sizes)


def address(symbols, name):
    found = re.search(rf"^([0-9a-f]+) \w {name}$", symbols, re.M)
    if not found:
        sys.exit(f"{name} is not in the image")
    return int(found[1], 16)


def main(argv):
    if len(argv) != 2:
        sys.exit("usage: check_image.py IMAGE SYMBOL")
    image, symbol = argv
    symbols = output("nm", image)
    pages = address(symbols, f"{symbol}_pages_end") - address(symbols, f"{symbol}_pages")
    rest = loaded_bytes(image) - pages
    print(f"{image}: {rest + pages} bytes are loaded, {pages} of them files, {rest} the rest")
    if pages <= 0 or rest <= 0:
        sys.exit("which makes no sense")
    if rest > LIMIT_BYTES:
        sys.exit(f"which is more than {LIMIT_BYTES}")


if __name__ == "__main__":
    main(sys.argv[1:])
