# SPDX-License-Identifier: ISC
"""What the end-to-end tests share: a network namespace, children that cannot outlive it, TAP."""
import ctypes
import hashlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import traceback

CLONE_NEWNET = 0x40000000
PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None, use_errno=True)

INTERFACE = "mstack0"
HOST4, HOST6 = "192.0.2.1", "2001:db8::1"
MSTACK4, MSTACK6 = "192.0.2.2", "2001:db8::2"
HOSTS = {4: HOST4, 6: HOST6}
STACKS = {4: MSTACK4, 6: MSTACK6}
DEVICE = ["--dev", f"tap:{INTERFACE},host={HOST4}/24,host={HOST6}/64",
          "--addr", f"{MSTACK4}/24", "--addr", f"{MSTACK6}/64"]
TUN_DEVICE = [argument.replace("tap:", "tun:") for argument in DEVICE]


def mstack():
    path = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("MSTACK", "build/mstack")
    return os.path.abspath(path)


def skip_all(reason):
    print(f"1..0 # SKIP {reason}")
    sys.exit(0)


def is_quick():
    """Whether a smaller set is wanted: the sanitizers make everything slow."""
    return "--quick" in sys.argv[2:]


def enter_namespace():
    """Moves into a network namespace of its own, which ends with this process and its children."""
    if LIBC.unshare(CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "network namespaces are not permitted")
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    enter_namespace.was_done = True


enter_namespace.was_done = False


def need_network():
    if os.geteuid() != 0:
        skip_all("not root")
    if not os.path.exists("/dev/net/tun"):
        skip_all("no /dev/net/tun")
    if not shutil.which("ip"):
        skip_all("no ip command (iproute2)")
    try:
        enter_namespace()
    except OSError as error:
        skip_all(f"{error.strerror}: {os.strerror(error.errno)}")


def need_programs(*names):
    for name in names:
        if not shutil.which(name):
            skip_all(f"no {name}")


def die_with_parent():
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def start(arguments, **more):
    more.setdefault("bufsize", 0)  # so that communicate() gets all that readline() left
    return subprocess.Popen(arguments, preexec_fn=die_with_parent, **more)


def run(arguments, timeout=60, **more):
    """Runs to the end. Gives the exit code, stdout and stderr (as text)."""
    child = start(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more)
    try:
        out, err = child.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        child.kill()
        out, err = child.communicate()
        raise AssertionError(f"{' '.join(arguments)}: not done after {timeout} s\n"
                             + err.decode(errors="replace")) from None
    return child.returncode, out.decode(errors="replace"), err.decode(errors="replace")


def url(family, path, addresses=STACKS, port=80):
    address = addresses[family]
    host = address if family == 4 else f"[{address}]"
    return f"http://{host}:{port}/{path}" if port != 80 else f"http://{host}/{path}"


def sha256(path):
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def wait_for(condition, seconds, what):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"{what}: not within {seconds} s")
        time.sleep(0.02)


def interface_exists(name=INTERFACE):
    return os.path.exists(f"/proc/sys/net/ipv4/conf/{name}")


def can_connect(address, port=80):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.settimeout(2)
        return probe.connect_ex((address, port)) == 0


class Server:
    """mstack serve, from its start to its end; --stats are read when it has ended."""

    def __init__(self, root, *options, device=None):
        self.log = tempfile.TemporaryFile()
        self.child = start([mstack(), "serve", *(device or DEVICE), "--root", root, "--stats",
                            *options], stdout=self.log, stderr=subprocess.PIPE)
        self.errors = ""
        self.counters = {}
        line = self.child.stderr.readline().decode()
        self.errors += line
        if " serves " not in line:
            self.child.kill()
            raise AssertionError("mstack serve did not start: " + line)

    def __enter__(self):
        return self

    def __exit__(self, *failure):
        if self.child.poll() is None and failure[0]:
            self.child.kill()
        else:
            self.stop()
        if failure[0]:
            self.errors += self.child.stderr.read().decode(errors="replace")
            print("\n".join("# serve: " + line for line in self.errors.splitlines()))

    def is_running(self):
        return self.child.poll() is None

    def stop(self, number=signal.SIGTERM):
        if self.child.returncode is not None:
            return
        self.child.send_signal(number)
        try:
            _, err = self.child.communicate(timeout=5)
        except subprocess.TimeoutExpired:
            self.child.kill()
            raise AssertionError("mstack serve did not end within 5 s") from None
        self.errors += err.decode(errors="replace")
        self.counters = read_counters(self.errors)
        assert self.child.returncode == 0, f"exit code {self.child.returncode}: {self.errors}"

    def log_lines(self):
        self.log.seek(0)
        return self.log.read().decode().splitlines()


def read_counters(text):
    """The lines of --stats: {"tcp_in_segments": 5, "drop TCP_PAWS": 1, "lossy transmit": {...}}."""
    counters = {}
    for line in text.splitlines():
        found = re.match(r" *(\d+)  ((?:drop )?\w+) ", line)
        if found:
            counters[found[2]] = int(found[1])
        found = re.match(r"(lossy \w+): (.*)", line)
        if found:
            words = found[2].split()
            counters[found[1]] = dict(zip(words[::2], map(int, words[1::2])))
    return counters


def passes(function):
    try:
        function()
    except Exception:  # whatever it is, the other tests are to run
        print("\n".join("# " + line for line in traceback.format_exc().splitlines()))
        return False
    return True


def begin_test(function, output):
    """In a process, and a namespace, of its own, so that several may wait at the same time."""
    process = os.fork()
    if process:
        return process
    die_with_parent()
    os.dup2(output.fileno(), sys.stdout.fileno())
    if enter_namespace.was_done:
        enter_namespace()
    passed = passes(function)
    sys.stdout.flush()
    os._exit(0 if passed else 1)


def outcomes(functions, at_once):
    """Runs them, and gives for each in turn whether it passed, its seconds, and what it printed."""
    running, ended = {}, {}
    waiting = list(enumerate(functions))
    for number in range(len(functions)):
        while number not in ended:
            while waiting and len(running) < at_once:
                place, function = waiting.pop(0)
                output = tempfile.TemporaryFile("w+")
                running[begin_test(function, output)] = place, time.monotonic(), output
            process, status = os.wait()
            place, began, output = running.pop(process)
            output.seek(0)
            ended[place] = status == 0, time.monotonic() - began, output.read()
        yield ended[number]


def run_tests(tests, at_once=1):
    """Each test is a function or (name, function); an exception is a failure."""
    named = [test if isinstance(test, tuple) else (test.__name__, test) for test in tests]
    print(f"1..{len(named)}", flush=True)
    results = outcomes([function for _, function in named], at_once)
    failed = 0
    for number, ((name, _), (passed, seconds, output)) in enumerate(zip(named, results), 1):
        failed += not passed
        print(f"{output}{'ok' if passed else 'not ok'} {number} - {name.replace('_', ' ')}"
              f" # {seconds:.1f} s", flush=True)
    sys.exit(1 if failed else 0)


def scratch():
    """A directory that goes away at the end."""
    directory = tempfile.TemporaryDirectory(prefix="mstack-e2e-")
    scratch.kept.append(directory)
    return directory.name


scratch.kept = []


def random_file(directory, name, size):
    path = os.path.join(directory, name)
    with open(path, "wb") as file:
        file.write(os.urandom(size))
    return path
