#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""The command line of mstack: help, and one clear line and an exit code for whatever is wrong."""
import os
import shutil
import subprocess
import tempfile

from support import mstack, run, run_tests

COMMANDS = ("serve", "fetch", "ping", "replay", "drill")
DEVICE_COMMANDS = ("serve", "fetch", "ping")
USAGE = 2
DEVICE = ["--dev", "tap:mstack0,host=192.0.2.1/24"]
ADDR = ["--addr", "192.0.2.2/24"]
CAPTURE = "tests/captures/http-get-v4.pcap"
SCRIPT = "tests/script/options/passive_mss_timestamps_scale.pkt"
# What completes each command, so that only what is tried is wrong.
COMPLETE = {
    "serve": [*DEVICE, *ADDR, "--root", "."],
    "fetch": [*DEVICE, *ADDR, "http://192.0.2.1/file"],
    "ping": [*DEVICE, *ADDR, "192.0.2.1"],
    "replay": [CAPTURE],
    "drill": [SCRIPT],
}


def call(*arguments, timeout=20):
    code, out, err = run([mstack(), *arguments], timeout=timeout)
    return code, out, err.splitlines()


def refuses(word, *arguments):
    """One line on stderr that has the word and begins with the command's name."""
    code, out, lines = call(*arguments)
    is_command = arguments and arguments[0] in (*COMMANDS, "xen")
    name = f"mstack {arguments[0]}: " if is_command else "mstack: "
    assert code == USAGE, (arguments, code, lines)
    assert not out and len(lines) == 1, (arguments, out, lines)
    assert lines[0].startswith(name) and word in lines[0], (arguments, lines)


def help_tells_of_every_option():
    code, out, lines = call("--help")
    assert code == 0 and not lines and all(f"  {name} " in out for name in COMMANDS), out
    common = ("--dev", "--addr", "--gateway", "--capture", "--loss", "--reorder", "--duplicate",
              "--corrupt", "--delay", "--seed", "--stats")
    own = {"serve": ("--root", "--port"), "fetch": ("--output", "URL"),
           "ping": ("--count", "TARGET"), "replay": ("--as", "--stream", "--out", "--json"),
           "drill": ("--ipv6", "--verbose", "--capture", "FILE...")}
    for name in COMMANDS:
        code, out, lines = call(name, "--help")
        assert code == 0 and not lines, (name, code, lines)
        wanted = own[name] + (common if name in DEVICE_COMMANDS else ())
        assert all(option in out for option in wanted), (name, out)
        assert f"Usage: mstack {name} " in out and "Example" in out and "Exit code" in out, out
        assert all(len(line) <= 80 for line in out.splitlines()), out


def other_ways_to_ask():
    for word in ("-h", "help"):
        assert call(word) == call("--help")
    code, out, lines = call("--version")
    assert code == 0 and out.startswith("mstack ") and not lines, (code, out, lines)
    for name in COMMANDS:
        code, out, lines = call(name, "--usage")
        assert code == 0 and out and not lines, (name, code, lines)
        assert call("help", name) == call(name, "--help")
    code, out, lines = call("xen", "--help")
    assert code == 0 and out.startswith("Usage: mstack xen run ") and not lines, (code, out, lines)
    code, out, lines = call("xen", "run", "--help")
    assert code == 0 and out.startswith("Usage: mstack xen run ") and not lines, (code, out, lines)
    assert "Example" in out and "Exit code" in out, out
    assert all(len(line) <= 80 for line in out.splitlines()), out


def what_is_no_command_is_refused():
    refuses("which command", *())
    for word in ("serv", "", "--serve", "-x", "servee", "SERVE", "\x1b[2J", "x" * 100_000):
        refuses("no such command", word)
        refuses("no such command", "xen", word)
    refuses("which command", "xen")


def what_is_missing_is_named():
    refuses("--root", "serve", *DEVICE, *ADDR)
    refuses("URL", "fetch", *DEVICE, *ADDR)
    refuses("address", "ping", *DEVICE, *ADDR)
    refuses("file", "replay")
    refuses("script", "drill")
    for name in DEVICE_COMMANDS:
        rest = COMPLETE[name]
        refuses("--dev", name, *rest[2:])
        refuses("--addr", name, *rest[:2], *rest[4:])


def what_is_too_much_is_named():
    for name in COMMANDS:
        refuses("--nonsense", name, *COMPLETE[name], "--nonsense")
        refuses("option", name, *COMPLETE[name], "-Z")
        refuses("requires an argument", name, *COMPLETE[name],
                "--capture" if name == "drill" else "--seed")
    for name in (*DEVICE_COMMANDS, "replay"):
        refuses("one argument too many", name, *COMPLETE[name], *COMPLETE["ping"][-1:])
    refuses("one script", "drill", SCRIPT, SCRIPT, "--capture", "x")
    refuses("--addr", "ping", *COMPLETE["ping"], *(ADDR * 100))
    refuses("--gateway", "ping", *COMPLETE["ping"], *(["--gateway", "192.0.2.1"] * 100))


NUMBERS = ("", " ", "x", "1x", "-1", "1e400", "nan", "inf", "0x10", "99999999999999999999", "1.5.2",
           "%s%s%n", "\n", "\x1b[2J", "9" * 50_000)


def numbers_that_are_none_are_refused():
    options = {
        "serve": ("--port", "--idle-timeout", "--connections", "--mtu", "--seed", "--loss",
                  "--reorder", "--duplicate", "--corrupt", "--delay"),
        "fetch": ("--connect-timeout", "--stall-timeout"),
        "ping": ("--count", "--interval", "--size", "--timeout"),
        "replay": ("--stream", "--seed"),
    }
    for name, names in options.items():
        for option in names:
            for text in NUMBERS:
                code, out, lines = call(name, *COMPLETE[name], option, text)
                assert code == USAGE and not out, (name, option, text, code, out)
                shown = "\n".join(lines)  # a line break in the argument may be shown as one
                assert shown.startswith(f"mstack {name}: {option}"), (name, option, text, shown)
                assert "\x1b" not in shown, (name, option, text, shown)
                assert len(lines) == 1, (name, option, text, lines)


def numbers_out_of_range_are_refused():
    for option, text in (("--port", "0"), ("--port", "65536"), ("--mtu", "575"),
                         ("--mtu", "65536"), ("--loss", "100.1"), ("--loss", "-0.1"),
                         ("--delay", "60001"), ("--connections", "0"), ("--idle-timeout", "0")):
        refuses(option, "serve", *COMPLETE["serve"], option, text)
    for option, text in (("--count", "0"), ("--interval", "0"), ("--size", "65001"),
                         ("--timeout", "1000001")):
        refuses(option, "ping", *COMPLETE["ping"], option, text)


def addresses_that_are_none_are_refused():
    for text in ("", "x", "192.0.2.2", "192.0.2.2/33", "192.0.2.2/-1", "192.0.2.2/", "192.0.2/24",
                 "192.0.2.256/24", "192.0.2.2/24/24", "0.0.0.0/0", "224.0.0.1/4", "::/64",
                 "2001:db8::2/129", "2001:db8::2", "2001:db8:::2/64", "ff02::1/64", "1:2/64"):
        refuses("--addr", "ping", *DEVICE, "--addr", text, "192.0.2.1")
    for text in ("", "x", "192.0.2.1/24", "0.0.0.0", "::", "ff02::1", "224.0.0.1", "127.0.0.1",
                 "192.0.2.2", "192.0.3.1", "2001:db8::1"):
        refuses("--gateway", "ping", *COMPLETE["ping"], "--gateway", text)
    for text in ("", "x", "example.com", "192.0.2.1/24", "0.0.0.0", "::", "192.0.2"):
        refuses("is not an IPv4 or IPv6 address", "ping", *DEVICE, *ADDR, text)


def addresses_that_do_not_go_together_are_refused():
    refuses("second of its family", "ping", *COMPLETE["ping"], "--gateway", "192.0.2.1",
            "--gateway", "192.0.2.3")
    refuses("host= gives it", "ping", *DEVICE, "--addr", "192.0.2.1/24", "192.0.2.1")
    refuses("1280", "ping", *DEVICE, "--addr", "2001:db8::2/64", "--mtu", "1279", "2001:db8::1")


def what_would_be_overwritten_is_refused():
    """A capture or script in the place of what is read, or among text on standard output."""
    with tempfile.TemporaryDirectory() as folder:
        for source, name, option in ((CAPTURE, "replay", "--out"), (SCRIPT, "drill", "--capture")):
            copy, link = os.path.join(folder, name), os.path.join(folder, "link")
            shutil.copy(source, copy)
            os.symlink(copy, link)
            refuses(option, name, copy, option, copy)
            refuses(option, name, link, option, copy)
            with open(source, "rb") as one, open(copy, "rb") as other:
                assert one.read() == other.read(), name
            os.remove(link)
    refuses("--out", "replay", CAPTURE, "--out", "-")
    refuses("--capture", "drill", SCRIPT, "--capture", "-")
    refuses("--capture", "ping", *COMPLETE["ping"], "--capture", "-")
    refuses("--capture", "serve", *COMPLETE["serve"], "--log", "--capture", "-")
    refuses("--capture", "fetch", *COMPLETE["fetch"], "-o", "-", "--capture", "-")


def devices_that_are_none_are_refused():
    for text in ("", "x", "tap", "tap:", "tun:", "eth:x", "tap:" + "x" * 16, "tap:a/b", "tap:a b",
                 "tap:a%d", "tap:x,", "tap:x,host", "tap:x,host=", "tap:x,host=192.0.2.1",
                 "tap:x,host=192.0.2.1/33", "tap:x,y=z", "tap:x" + ",host=192.0.2.1/24" * 100):
        refuses("--dev", "ping", "--dev", text, *ADDR, "192.0.2.1")


def urls_that_are_none_are_refused():
    for text in ("", "x", "http:", "http://", "https://192.0.2.1/x", "ftp://192.0.2.1/x",
                 "http://example.com/x", "http://192.0.2.1:0/x", "http://192.0.2.1:65536/x",
                 "http://192.0.2.1:x/x", "http://[2001:db8::1/x", "http://2001:db8::1/x",
                 "http://[192.0.2.1]/x", "http://me@192.0.2.1/x", "http://192.0.2.1/a b",
                 "http://192.0.2.1/a\r\nX: y", "http://192.0.2.1/\x1b[2J", "http://0.0.0.0/x",
                 "http://[ff02::1]/x", "http://192.0.2.1/" + "x" * 100_000):
        refuses("cannot be fetched", "fetch", *DEVICE, *ADDR, text)
    for text in ("http://192.0.2.1", "http://192.0.2.1/", "http://192.0.2.1/a/",
                 "http://192.0.2.1/..", "http://192.0.2.1/%2e%2e", "http://192.0.2.1/a%2fb"):
        refuses("-o", "fetch", *DEVICE, *ADDR, text)
    refuses("-o", "fetch", *COMPLETE["fetch"], "-o", "")


def sides_that_are_none_are_refused():
    for text in ("", "x", "Server", "both"):
        refuses("--as", "replay", CAPTURE, "--as", text)


def what_cannot_be_opened_is_named():
    with tempfile.TemporaryDirectory() as folder:
        cases = ((f"{folder}/none", "serve", *DEVICE, *ADDR, "--root", f"{folder}/none"),
                 (CAPTURE, "serve", *DEVICE, *ADDR, "--root", CAPTURE),
                 (f"{folder}/none/x", "fetch", *COMPLETE["fetch"], "-o", f"{folder}/none/x"),
                 (f"{folder}: Is a directory", "fetch", *COMPLETE["fetch"], "-o", folder),
                 (f"{folder}/none", "drill", SCRIPT, "--capture", f"{folder}/none/x"),
                 (f"{folder}/none", "replay", f"{folder}/none"))
        for word, *arguments in cases:
            code, out, lines = call(*arguments)
            assert code == 1 and not out and len(lines) == 1, (arguments, code, out, lines)
            assert word in lines[0] and lines[0].startswith(f"mstack {arguments[0]}: "), lines


def without_privilege_it_says_so():
    """As a user who may not create interfaces."""
    if os.geteuid() != 0:
        return
    for name in ("serve", "ping"):
        child = subprocess.run([mstack(), name, *COMPLETE[name]], user=65534, group=65534,
                               extra_groups=[], capture_output=True, timeout=20, check=False)
        lines = child.stderr.decode().splitlines()
        assert child.returncode == 1 and len(lines) == 1, (name, child)
        assert lines[0].startswith(f"mstack {name}: "), lines


def output_that_cannot_be_written_is_a_failure():
    helps = [[name, word] for name in COMMANDS for word in ("--help", "--usage")]
    for arguments in (["--help"], ["--version"], ["replay", CAPTURE, "--json"], ["drill", SCRIPT],
                      ["xen", "--help"], *helps):
        with open("/dev/full", "wb") as full:
            child = subprocess.run([mstack(), *arguments], stdout=full, stderr=subprocess.PIPE,
                                   timeout=20, check=False)
        assert child.returncode == 1 and child.stderr.count(b"\n") == 1, (arguments, child)


if __name__ == "__main__":
    run_tests([help_tells_of_every_option, other_ways_to_ask, what_is_no_command_is_refused,
               what_is_missing_is_named, what_is_too_much_is_named,
               numbers_that_are_none_are_refused, numbers_out_of_range_are_refused,
               addresses_that_are_none_are_refused,
               addresses_that_do_not_go_together_are_refused,
               what_would_be_overwritten_is_refused, devices_that_are_none_are_refused,
               urls_that_are_none_are_refused, sides_that_are_none_are_refused,
               what_cannot_be_opened_is_named, without_privilege_it_says_so,
               output_that_cannot_be_written_is_a_failure], at_once=2)
