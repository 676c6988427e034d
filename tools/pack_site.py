#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Packs files into assembly, as http/packed.h has them: each from a page of its own, with an index.

Usage: pack_site.py --symbol NAME --output FILE (DIRECTORY | PATH=FILE)...

A directory stands for all files in it, by their paths there. What gzip makes smaller is there
twice. The same files give the same bytes. NAME_pages and NAME_pages_end are around all of them.
"""
import argparse
import gzip
import hashlib
import os
import sys

PAGE_BYTES = 4096
GZIP_GAIN_MIN_BYTES = 128  # a field of the reply says that it is compressed; less is no gain


def listed(argument):
    """[(path, file)] of one argument."""
    path, equals, file = argument.partition("=")
    if equals:
        return [(path, file)]
    found = []
    for folder, _, names in os.walk(argument):
        files = [os.path.join(folder, name) for name in names]
        found += [(os.path.relpath(file, argument), file) for file in files]
    return found


def in_quotes(text):
    """A string for the assembler: only what every one reads alike stays a letter."""
    return '"' + "".join(chr(byte) if chr(byte).isalnum() and byte < 128 or chr(byte) in "/._-"
                         else f"\\{byte:03o}" for byte in text.encode()) + '"'


def bytes_of(data):
    lines = [",".join(map(str, data[at:at + 32])) for at in range(0, len(data), 32)]
    return "".join(f"    .byte {line}\n" for line in lines)


class Packer:
    """Collects the index, and the pages and strings that it points to."""

    def __init__(self, symbol):
        self.symbol, self.count = symbol, 0
        self.index, self.strings, self.pages = "", "", ""

    def label(self):
        self.count += 1
        return f".Lpacked{self.count}"

    def string(self, text):
        label = self.label()
        self.strings += f"{label}: .asciz {in_quotes(text)}\n"
        return label

    def page(self, data):
        label = self.label()
        self.pages += f"    .balign {PAGE_BYTES}\n{label}:\n{bytes_of(data)}"
        return label

    def add(self, path, data):
        tag = hashlib.sha256(data).hexdigest()[:16]
        packed = gzip.compress(data, 9, mtime=0)
        is_smaller = len(packed) + GZIP_GAIN_MIN_BYTES <= len(data)
        fields = [self.string(path), self.string(tag), self.page(data),
                  self.page(packed) if is_smaller else 0, len(data),
                  len(packed) if is_smaller else 0]
        self.index += f"    .quad {', '.join(map(str, fields))}\n"

    def text(self, count):
        pages = f"{self.symbol}_pages"
        return (f'    .section .rodata.packed, "a"\n    .balign {PAGE_BYTES}\n'
                f"    .globl {pages}, {pages}_end\n{pages}:\n{self.pages}"
                f"    .balign {PAGE_BYTES}\n{pages}_end:\n{self.strings}"
                f'    .section .data.rel.ro.packed, "aw"\n    .balign 8\n.Lpacked:\n{self.index}'
                f"    .globl {self.symbol}\n{self.symbol}:\n    .quad .Lpacked, {count}\n"
                f'    .section .note.GNU-stack, "", @progbits\n')


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--symbol", required=True, help="the struct ms_http_files")
    parser.add_argument("--output", required=True, help="the assembly")
    parser.add_argument("files", nargs="+")
    arguments = parser.parse_args()
    files = [pair for argument in arguments.files for pair in listed(argument)]
    files.sort(key=lambda pair: pair[0].encode())
    paths = [path for path, _ in files]
    for path in paths:
        if paths.count(path) > 1:
            sys.exit(f"{path}: is there twice")
    packer = Packer(arguments.symbol)
    for path, name in files:
        with open(name, "rb") as file:
            packer.add(path, file.read())
    with open(arguments.output, "w", encoding="ascii") as file:
        file.write(packer.text(len(files)))


if __name__ == "__main__":
    sys.exit(main())
