# SPDX-License-Identifier: ISC
"""What `mstack xen run` executes: boots a real Xen with one guest, and connects a network to it."""

import argparse
import contextlib
import ctypes
import fcntl
import ipaddress
import os
import re
import selectors
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

import recipe

NAME = "mstack xen run"
DESCRIPTION = """\
Boot a real Xen in QEMU with IMAGE as its guest, and connect a network interface
to it. Whoever may make no interface gets a port of 127.0.0.1 instead.
"""
EPILOG = """\
The first time, Debian's own Xen and kernel are fetched, 76 MB; later it works
without a network.

Examples, as root for an interface:
  mstack xen run build/unikernel/website/website
  mstack xen run --port 7 --console build/unikernel/hello/hello

Exit code: 0: the guest shut down or rebooted, or a signal ended it, 1: it
crashed, or failure, 2: wrong usage.
"""
BOOT_S, ANSWER_S = 600, 30
PVH_MEMORY_MIN_MB = 32  # with less, Xen finds no place for its own pages
ENTRY, PVH_ENTRY = 1, 18  # xen/include/public/elfnote.h
ENDINGS = {"0": "has shut down", "1": "has asked for a reboot, and ends here"}  # public/sched.h
SHOWN_LINES = 12
# RFC 2544's network for tests between devices, which is nobody's in the Internet.
NETWORKS = [ipaddress.ip_network(f"198.18.{i}.0/24") for i in range(256)]
TUNSETIFF, IFF_TAP, IFF_NO_PI, IFF_VNET_HDR = 0x400454ca, 0x0002, 0x1000, 0x4000
PR_SET_PDEATHSIG = 1
ENDING_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Failure(Exception):
    """Ends the program with a line that says why."""


class Ended(Exception):
    """A signal came."""


def printable(text):
    """Without what steers a terminal."""
    return "".join(c if c.isprintable() or c == "\t" else "?" for c in text)


def decoded(line):
    return printable(line.rstrip(b"\r\n").decode(errors="replace"))


def say(text):
    print(f"{NAME}: {printable(str(text))}", file=sys.stderr, flush=True)


def put(text):
    """On standard output."""
    try:
        print(text, flush=True)
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for what is left of it
        raise Failure("standard output could not be written") from None


class Help(argparse.RawDescriptionHelpFormatter):
    """As the other commands' help begins."""

    def __init__(self, prog):
        super().__init__(prog, width=80)

    def add_usage(self, usage, actions, groups, prefix="Usage: "):
        super().add_usage(usage, actions, groups, prefix)


class Parser(argparse.ArgumentParser):
    def print_help(self, file=None):
        put(self.format_help().rstrip("\n"))

    def error(self, message):
        say(f"{message}; {NAME} --help tells more")
        sys.exit(2)


def number(low, high):
    def convert(text):
        if not re.fullmatch("[0-9]{1,9}", text) or not low <= int(text) <= high:
            raise argparse.ArgumentTypeError(f'"{text:.100}" is no number from {low} to {high}')
        return int(text)
    return convert


def address(text):
    with contextlib.suppress(ValueError):
        found = ipaddress.ip_interface(text)
        if "/" in text and not (found.ip.is_unspecified or found.ip.is_multicast):
            return found
    raise argparse.ArgumentTypeError(
        f'"{text:.100}" is not an address of a host with a prefix length, as 192.0.2.1/24')


def guest_words(text):
    if len(text) > 512 or not (text.isascii() and text.isprintable()):
        raise argparse.ArgumentTypeError("it is more than 512 bytes of printable ASCII")
    return text


def path(text):
    if not text:
        raise argparse.ArgumentTypeError("it is empty")
    return os.path.abspath(text)


def default_cache():
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return os.path.join(base, "mstack", "xen")


def parse(argv):
    parser = Parser(prog=NAME, description=DESCRIPTION, epilog=EPILOG, allow_abbrev=False,
                    formatter_class=Help)
    parser.add_argument("image", metavar="IMAGE", type=path, help="an ELF file that Xen can start")
    parser.add_argument("--pvh", action="store_true",
                        help="with the processor's help, which is slower in an emulator; "
                        "else it is paravirtualized")
    parser.add_argument("--memory", metavar="MB", type=number(4, 2048), default=64,
                        help="of the guest, 4 to 2048, with --pvh at least 32 (64)")
    parser.add_argument("--args", metavar="TEXT", type=guest_words, default="",
                        help="more for its command line, after its addresses")
    parser.add_argument("--console", action="store_true", help="show what it writes to its console")
    parser.add_argument("--port", metavar="PORT", type=number(1, 65535), default=80,
                        help="the TCP port that it answers at (80)")
    parser.add_argument("--host", metavar="ADDR/LEN", type=address, action="append", default=[],
                        help="an address of this machine, of either family; repeatable "
                        "(198.18.x.1/24, the first x that is free)")
    parser.add_argument("--addr", metavar="ADDR/LEN", type=address, action="append", default=[],
                        help="an address of the guest; repeatable (198.18.x.2/24)")
    parser.add_argument("--user", action="store_true",
                        help="no interface, but a port of 127.0.0.1 that QEMU passes on")
    parser.add_argument("--cache", metavar="DIR", type=path, default=default_cache(),
                        help="keep Xen and its kernel there (mstack/xen in $XDG_CACHE_HOME or "
                        "~/.cache)")
    args = parser.parse_args(argv)
    if args.pvh and args.memory < PVH_MEMORY_MIN_MB:
        parser.error(f"argument --memory: with --pvh it must be at least {PVH_MEMORY_MIN_MB}")
    if args.user and (args.host or args.addr):
        parser.error("argument --user: it has addresses of its own, leave out --host and --addr")
    if {a.version for a in args.host} != {a.version for a in args.addr}:
        parser.error("--host and --addr must be given for the same families, or neither")
    return args


def note_types(notes):
    """The types of Xen's among these ELF notes."""
    while len(notes) >= 12:
        name_len, desc_len, kind = struct.unpack_from("<3I", notes)
        if notes[12:12 + name_len] == b"Xen\0":
            yield kind
        notes = notes[12 + (name_len + 3 & ~3) + (desc_len + 3 & ~3):]


def check_image(path, is_pvh):
    """Whether Xen could start it: it would say so late, and in other words."""
    with open(path, "rb") as file:
        data = file.read()
    if data[:4] != b"\x7fELF":
        raise Failure(f"{path}: it is no ELF file")
    if data[4:5] != b"\2" or data[18:20] != b"\x3e\0":
        raise Failure(f"{path}: it is not for x86-64")
    kinds = set()
    try:
        start, = struct.unpack_from("<Q", data, 32)
        size, count = struct.unpack_from("<HH", data, 54)
        for at in range(start, start + size * count, size or 1):
            kind, _, offset, _, _, length = struct.unpack_from("<IIQQQQ", data, at)
            if offset + length > len(data):
                raise Failure(f"{path}: it is cut off")
            if kind == 4:
                kinds.update(note_types(data[offset:offset + length]))
    except struct.error:
        raise Failure(f"{path}: it is cut off, or its headers are wrong") from None
    if not kinds & {ENTRY, PVH_ENTRY}:
        raise Failure(f"{path}: it has no notes for Xen, so it is no guest")
    if (PVH_ENTRY if is_pvh else ENTRY) not in kinds:
        raise Failure(f"{path}: it has no entry for {'PVH: leave out' if is_pvh else 'PV: try'} "
                      "--pvh")


class Network:
    """How the guest is reached: its addresses, the emulator's words, and where to knock."""

    def __init__(self, args, stack):
        self.host, self.guest, self.tap = args.host, args.addr, None
        if not args.user:
            try:
                self.open_tap(stack)
            except OSError as error:
                if args.host:
                    raise Failure(f"no interface can be made: {error.strerror}") from error
                say(f"no interface can be made, so a port of 127.0.0.1 is used: {error.strerror}")
        if self.tap is None:
            self.pass_port_on(args.port)
        else:
            self.address, self.port = str(self.guest[0].ip), args.port
            self.netdev = f"tap,id=net,fd={self.tap}"
            self.how = f"interface {self.interface}"

    def open_tap(self, stack):
        """The kernel removes it when nobody has it open any more."""
        tap = os.open("/dev/net/tun", os.O_RDWR)
        stack.callback(os.close, tap)
        asked = struct.pack("16sH22x", b"mstack-xen%d", IFF_TAP | IFF_NO_PI | IFF_VNET_HDR)
        given = fcntl.ioctl(tap, TUNSETIFF, asked)
        self.interface = given[:16].rstrip(b"\0").decode()
        if not self.host:
            network = free_network()
            self.host = [ipaddress.ip_interface(f"{network[1]}/24")]
            self.guest = [ipaddress.ip_interface(f"{network[2]}/24")]
        for own in self.host:
            # Nobody else can have it, so it need not be asked for first.
            recipe.run(["ip", "addr", "add", str(own), "dev", self.interface,
                        *(["nodad"] if own.version == 6 else [])])
        recipe.run(["ip", "link", "set", self.interface, "up"])
        self.tap = tap

    def pass_port_on(self, port):
        self.address, self.port = "127.0.0.1", free_port()
        network = NETWORKS[0]  # the emulator's own business
        self.host = [ipaddress.ip_interface(f"{network[1]}/24")]
        self.guest = [ipaddress.ip_interface(f"{network[2]}/24")]
        self.netdev = (f"user,id=net,net={network},host={network[1]},"
                       f"hostfwd=tcp:127.0.0.1:{self.port}-{network[2]}:{port}")
        self.how = "passed on by QEMU"

    def url(self):
        address = f"[{self.address}]" if ":" in self.address else self.address
        return f"http://{address}{'' if self.port == 80 else f':{self.port}'}/"


def free_network():
    """The first that overlaps with nothing that is routed here."""
    routes = recipe.run(["ip", "-4", "route", "show", "table", "all"])
    taken = [ipaddress.ip_network(text, strict=False)
             for text in re.findall(r"^(?:[a-z]+ )?([0-9.]+(?:/[0-9]+)?)\s", routes, re.M)]
    for network in NETWORKS:
        if not any(network.overlaps(other) for other in taken):
            return network
    raise Failure("every network of 198.18.0.0/16 is in use: --host and --addr give another")


def free_port():
    """8080, or any that is free."""
    for port in (8080, 0):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            return probe.getsockname()[1]
    raise Failure("no port of 127.0.0.1 is free")


def config(args, network):
    """The guest as Xen's tools read it: xl.cfg(5)."""
    words = [f"ip={own}" for own in network.guest]
    # One for each family: a second would be refused.
    words += [f"gateway={ip}" for ip in {a.version: a.ip for a in network.host}.values()]
    line = " ".join([*words, args.args]).strip().replace("\\", "\\\\").replace("'", "\\'")
    # It stays until all that it said has been read.
    endings = "".join(f"on_{why} = 'preserve'\n" for why in ("poweroff", "reboot", "crash"))
    return (f"name = 'guest'\nkernel = '/test/guest'\ntype = '{'pvh' if args.pvh else 'pv'}'\n"
            f"memory = {args.memory}\nvcpus = 1\nvif = ['bridge=xenbr0,script=vif-mini']\n"
            f"cmdline = '{line}'\n{endings}")


def answers(network):
    """A connection is no answer yet: QEMU accepts one before it knows whether its guest will."""
    with contextlib.suppress(OSError), \
            socket.create_connection((network.address, network.port), timeout=1) as connection:
        connection.sendall(b"HEAD / HTTP/1.0\r\n\r\n")  # which a server of echoes gives back
        return bool(connection.recv(1))
    return False


class Watch:
    """Follows what guest.sh in dom0 has to say, until the guest ends."""

    def __init__(self, child, args, network):
        self.child, self.args, self.network = child, args, network
        self.guest, self.others = [], []  # what was said: by the guest; by Xen, its tools and QEMU
        self.is_ready = self.has_answered = self.is_late = False
        self.began = time.monotonic()  # the boot, then the guest
        self.code = None

    def take(self, line):
        word, _, rest = line.partition(" ")
        if word == "console":
            self.guest = [*self.guest[1 - SHOWN_LINES:], rest]
            if self.args.console:
                put(rest)
        elif word == "ready":
            self.is_ready, self.began = True, time.monotonic()
            say("Xen is up, the guest starts")
        elif word == "ended":
            self.end(rest)
        else:
            self.others = [*self.others[-40:], rest if word == "xen" else line]

    def end(self, reason):
        self.code = 0 if reason in ENDINGS else 1
        if self.code == 0:
            say(f"the guest {ENDINGS[reason]}")
        elif not reason:
            self.fail("the guest could not be started; Xen's tools say:")
        else:
            self.fail("the guest crashed; last was said:")

    def fail(self, text):
        self.code = 1
        say(text)
        for line in [*self.guest, *self.others]:
            print("  " + line, file=sys.stderr)

    def knock(self):
        if self.has_answered:
            return
        if answers(self.network):
            self.has_answered = True
            say(f"open {self.network.url()} ({self.network.how}; Ctrl-C ends it)")
        elif not self.is_late and time.monotonic() - self.began > ANSWER_S:
            self.is_late = True
            say(f"no answer from port {self.args.port} of the guest yet: --port names another, "
                "--console shows what it does")

    def read(self):
        """Lines as they come; None now and then while there are none."""
        rest = b""
        with selectors.DefaultSelector() as selector:
            selector.register(self.child.stdout, selectors.EVENT_READ)
            while True:
                if not selector.select(None if self.has_answered else 0.3):
                    yield None
                    continue
                data = os.read(self.child.stdout.fileno(), 4096)
                if not data:
                    return
                *lines, rest = (rest + data).split(b"\n")
                rest = rest[-4096:]
                yield from map(decoded, lines)

    def run(self):
        for line in self.read():
            if line is not None:
                self.take(line)
            elif self.is_ready:
                self.knock()
            elif time.monotonic() - self.began > BOOT_S:
                self.fail("Xen does not come up; last was said:")
            if self.code is not None:
                return self.code
        self.fail("Xen ended before its guest; last was said:")
        return self.code


@contextlib.contextmanager
def emulator(command, tap):
    """Ends with this program, whatever ends that. The terminal's Ctrl-C is for this one alone."""
    prctl = ctypes.CDLL(None).prctl
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, start_new_session=True,
                          pass_fds=[] if tap is None else [tap],
                          preexec_fn=lambda: prctl(PR_SET_PDEATHSIG, signal.SIGKILL)) as child:
        try:
            yield child
        finally:
            child.kill()


def run(args):
    check_image(args.image, args.pvh)
    recipe.need_tools()
    with contextlib.ExitStack() as stack:
        out = stack.enter_context(tempfile.TemporaryDirectory(prefix="mstack-xen-"))
        network = Network(args, stack)
        settings = os.path.join(out, "guest.cfg")
        with open(settings, "w", encoding="utf-8") as file:
            file.write(config(args, network))
        here = os.path.dirname(os.path.abspath(__file__))
        initramfs, log = os.path.join(out, "initramfs"), os.path.join(out, "console.log")
        command = recipe.command_line(args.cache, initramfs, log, args.memory)
        # A second serial port for what dom0 has to say.
        command += ["-serial", "stdio", "-netdev", network.netdev,
                    "-device", "virtio-net-pci,netdev=net,romfile="]
        recipe.make_archive(args.cache, {
            "test/run.sh": os.path.join(here, "guest.sh"), "test/guest.cfg": settings,
            "test/guest": args.image}, initramfs, say)
        say("booting Xen and its dom0, which takes half a minute")
        watch = Watch(stack.enter_context(emulator(command, network.tap)), args, network)
        code = watch.run()
        if code and not watch.is_ready:
            with contextlib.suppress(OSError), open(log, "rb") as file:
                for line in file.readlines()[-SHOWN_LINES:]:
                    print("  " + decoded(line), file=sys.stderr)
        return code


def on_signal(*_):
    for each in ENDING_SIGNALS:
        signal.signal(each, signal.SIG_IGN)  # one is enough; what was begun is cleaned up
    raise Ended


def main(argv):
    for each in ENDING_SIGNALS:
        signal.signal(each, on_signal)
    try:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING_SIGNALS)  # mstack blocked them till now
        return run(parse(argv))
    except Ended:
        return 0
    except subprocess.CalledProcessError as error:
        say(f"{error.cmd[0]}: {' '.join((error.stderr or 'it failed').split())[-300:]}")
    except OSError as error:
        say(f"{error.filename}: {error.strerror}" if error.filename else error.strerror or error)
    except (Failure, recipe.Unavailable) as reason:
        say(reason)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
