#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""What a library needs (four functions), what it offers (ms_*), and that nothing in it varies.

Usage: check_symbols.py LIBRARY [PREFIX...]: functions of these prefixes may be needed, too.
"""

import subprocess
import sys

NEEDED = {"memcpy", "memmove", "memset", "memcmp"}
CONSTANT = (".text", ".rodata", ".data.rel.ro")  # the last is constant once addresses are known


def symbols(archive):
    """(is global, section, name) of every function, object and unknown in the archive."""
    text = subprocess.run(["objdump", "-t", archive], capture_output=True, text=True,
                          check=True).stdout
    for line in text.splitlines():
        # 0000000000000040 g     F .text.ms_poll  0000000000000123 ms_poll
        address, _, rest = line.partition(" ")
        if len(address) < 8 or not set(address) <= set("0123456789abcdef") or len(rest) < 8:
            continue
        flags, fields = rest[:7], rest[7:].split()
        is_file_or_section = "f" in flags[5:] or "d" in flags[5:]
        if len(fields) >= 3 and not is_file_or_section:
            yield flags[0] == "g" or fields[0] == "*UND*", fields[0], fields[-1]


def faults(found, prefixes):
    for is_global, section, name in found:
        if section == "*UND*":
            if name not in NEEDED and not name.startswith(prefixes):
                yield f"{name} is needed from outside; only {', '.join(sorted(NEEDED))} may be"
        elif not section.startswith(CONSTANT):
            yield f"{name} in {section} can be written: only the stack's own memory may be"
        elif is_global and not name.startswith("ms_"):
            yield f"{name} is linked, but its name does not begin with ms_"


def main(argv):
    if not argv:
        sys.exit("usage: check_symbols.py LIBRARY [PREFIX...]")
    found = list(symbols(argv[0]))
    bad = sorted(set(faults(found, tuple(argv[1:]))))
    if not any(is_global and section.startswith(".text") for is_global, section, _ in found):
        bad.append("holds no function")
    for line in bad:
        print(f"{argv[0]}: {line}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
