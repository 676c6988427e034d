#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Tries `mstack xen run`: what it refuses, and a guest that is fetched from through its interface.

Usage: run.py MSTACK IMAGE CACHE. Enters a network namespace of its own, for which it must be root.
"""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

BOOT_S = 600
NAME = "mstack xen run: "
TOOLS = ("qemu-system-x86_64", "apt-get", "apt-cache", "dpkg", "cpio", "readelf", "ip", "python3")


class Tap:
    """Checks, counted."""

    def __init__(self):
        self.count = self.failed = 0

    def check(self, is_so, what, seen=""):
        self.count += 1
        self.failed += not is_so
        print(f"{'ok' if is_so else 'not ok'} {self.count} - {what}", flush=True)
        if not is_so:
            print("".join(f"#   {line}\n" for line in str(seen).splitlines()), end="")

    def end(self):
        print(f"1..{self.count}")
        return 1 if self.failed else 0


def tools(folder, without=(), scripts=()):
    """A PATH of the tools but some; scripts take the place of others."""
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    for name in {*TOOLS} - {*without} - dict(scripts).keys():
        found = shutil.which(name)
        os.symlink(found or "/bin/false", os.path.join(folder, name))
    for name, text in dict(scripts).items():
        with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(file.name, 0o755)
    return folder


def write(path, data):
    with open(path, "wb") as file:
        file.write(data)
    return path


def check_refusals(tap, mstack, image, work):
    def refuses(code, expected, *words, path=None):
        env = os.environ | ({"PATH": path} if path else {})
        done = subprocess.run([mstack, "xen", *words], capture_output=True, text=True, check=False,
                              env=env, timeout=60)
        is_so = done.returncode == code and expected in done.stderr and \
            "Traceback" not in done.stderr and not done.stdout
        tap.check(is_so, f"{code}: {expected}", f"{done.returncode}: {done.stdout}{done.stderr}")

    with open(image, "rb") as file:
        elf = file.read()
    cache = os.path.join(work, "cache")
    missing, bin_folder = os.path.join(work, "missing"), os.path.join(work, "bin")
    refuses(2, "which command?")
    refuses(2, "no such command", "walk")
    refuses(2, "IMAGE", "run")
    refuses(2, "argument --memory", "run", "--memory", "3", image)
    refuses(2, "argument --memory", "run", "--memory", "31", "--pvh", image)
    refuses(2, "argument --port", "run", "--port", "0x50", image)
    refuses(2, "argument --addr", "run", "--addr", "192.0.2.1", image)
    refuses(2, "argument --addr", "run", "--addr", "ff02::1/64", image)
    refuses(2, "same families", "run", "--host", "192.0.2.1/24", image)
    refuses(2, "argument --args", "run", "--args", "a\nb", image)
    refuses(2, "argument --args", "run", "--args", "x" * 513, image)
    refuses(2, "argument --cache", "run", "--cache", "", image)
    refuses(2, "argument IMAGE", "run", "")
    refuses(1, "?[2J: No such file", "run", "\x1b[2J")
    refuses(2, "argument --user", "run", "--user", "--host", "::1/64", "--addr", "::2/64", image)
    refuses(2, "unrecognized", "run", "--walk", image)
    refuses(1, f"{missing}: No such file", "run", missing)
    refuses(1, f"{work}: Is a directory", "run", work)
    refuses(1, "no ELF", "run", write(os.path.join(work, "text"), b"hello"))
    refuses(1, "not for x86-64", "run",
            write(os.path.join(work, "arm"), elf[:18] + b"\xb7" + elf[19:]))
    refuses(1, "cut off", "run", write(os.path.join(work, "part"), elf[:4096]))
    refuses(1, "cut off", "run", write(os.path.join(work, "head"), elf[:60]))
    refuses(1, "no notes for Xen", "run", shutil.which("python3"))
    refuses(1, "python3: No such file", "run", image, path=tools(bin_folder, ["python3"]))
    refuses(1, "not installed: qemu-system-x86_64 (Debian's packages: qemu-system-x86 seabios)",
            "run", image, path=tools(bin_folder, ["qemu-system-x86_64"]))
    refuses(1, "apt-get download: E: no network", "run", "--user", "--cache", cache, image,
            path=tools(bin_folder, scripts={
                "apt-get": "#!/bin/sh\necho 'E: no network' >&2\nexit 100\n",
                "apt-cache": "#!/bin/sh\necho 'Depends: linux-image-6.1.0-1-amd64'\n"}))
    refuses(1, "no package linux-image-amd64", "run", "--user", "--cache", cache, image,
            path=tools(bin_folder, scripts={"apt-cache": "#!/bin/sh\n"}))
    refuses(1, "cannot be given a path", "run", "--user", "--cache", cache + " 2", image)
    refuses(1, "File exists", "run", "--user", "--cache", os.path.join(work, "text"), image)


def check_output_and_signals(tap, words):
    with open("/dev/full", "wb") as full:
        done = subprocess.run([*words[:-1], "--help"], stdout=full, stderr=subprocess.PIPE,
                              text=True, check=False, timeout=60)
    tap.check(done.returncode == 1 and done.stderr.count("\n") == 1,
              "help that cannot be written is a failure", f"{done.returncode}: {done.stderr}")
    seen = []
    for milliseconds in range(5, 300, 20):
        with subprocess.Popen(words, stderr=subprocess.PIPE, text=True) as child:
            time.sleep(milliseconds / 1000)
            child.send_signal(signal.SIGINT)
            errors = child.communicate(timeout=60)[1]
        seen.append((child.returncode, "Traceback" in errors))
    # Before there are handlers a signal does what it always does.
    tap.check({*seen} <= {(0, False), (-signal.SIGINT, False)}, "SIGINT may come at any time", seen)


def wait_for(path, pattern, child):
    """What was found, or None at the end of the child or of the time."""
    until = time.monotonic() + BOOT_S
    while time.monotonic() < until:
        is_over = child.poll() is not None
        with open(path, encoding="utf-8") as file:
            found = re.search(pattern, file.read())
        if found or is_over:
            return found
        time.sleep(0.2)
    return None


def processes_of(folder):
    """The processes that were told of it."""
    found = []
    for number in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError), open(f"/proc/{number}/cmdline", "rb") as file:
            words = file.read()
            if folder.encode() in words and int(number) != os.getpid():
                found.append(words)
    return found


def fetch(url):
    done = subprocess.run(["curl", "-sS", "-m", "60", url], capture_output=True, text=True,
                          check=False)
    return done.stdout + done.stderr


def check_guest(tap, words, work):
    """From the boot to the end by Ctrl-C. No package is fetched: the earlier test left a cache."""
    folder, log = os.path.join(work, "tmp"), os.path.join(work, "log")
    os.mkdir(folder)
    before = os.listdir("/sys/class/net")
    with open(log, "w", encoding="utf-8") as out, \
            subprocess.Popen([*words], stdout=out, stderr=out,
                             env=os.environ | {"TMPDIR": folder}) as child:
        try:
            found = wait_for(log, r"open (http://\S+/) \(", child)
            tap.check(found, "the guest answers")
            if found:
                tap.check("mstack" in fetch(found.group(1)), "curl is given its first page")
                page = fetch(found.group(1) + "status")
                tap.check("Status" in page, "and /status", page)
                tap.check(processes_of(folder), "the emulator is a process")
            child.send_signal(signal.SIGINT)
            code = child.wait(timeout=60)
        finally:
            child.kill()
    with open(log, encoding="utf-8") as file:
        text = file.read()
    tap.check(code == 0 and "Traceback" not in text, "SIGINT ends it with 0", f"{code}\n{text}")
    tap.check(os.listdir(folder) == [], "no file is left", os.listdir(folder))
    tap.check(processes_of(folder) == [], "and no process", processes_of(folder))
    after = os.listdir("/sys/class/net")
    tap.check(sorted(after) == sorted(before), "and no interface", after)


def main(argv):
    if len(argv) == 3:
        if os.geteuid() != 0 or subprocess.run(["unshare", "-n", "true"], check=False).returncode:
            print("1..0 # SKIP no network namespace can be made")
            return 0
        os.execvp("unshare", ["unshare", "-n", sys.executable, "-B", __file__, *argv, "inside"])
    mstack, image, cache = map(os.path.abspath, argv[:3])
    missing = [name for name in (*TOOLS, "curl") if not shutil.which(name)]
    if missing:
        print(f"1..0 # SKIP not installed: {' '.join(missing)}")
        return 0
    if not os.path.exists(os.path.join(cache, "done")):
        print(f"1..0 # SKIP Xen is not in {cache}")
        return 0
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    tap = Tap()
    with tempfile.TemporaryDirectory() as work:
        check_refusals(tap, mstack, image, work)
        words = [mstack, "xen", "run", "--cache", cache, image]
        check_output_and_signals(tap, words)
        check_guest(tap, words, work)
    return tap.end()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
