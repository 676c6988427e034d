# SPDX-License-Identifier: ISC
"""A real Xen in an emulator: fetches Debian's packages, makes a dom0 of them, and boots it."""

import contextlib
import fcntl
import gzip
import hashlib
import lzma
import os
import re
import shutil
import struct
import subprocess
import tempfile
import time

HYPERVISOR = "xen-hypervisor-4.17-amd64"
PACKAGES = [
    HYPERVISOR, "xen-utils-4.17", "xenstore-utils", "busybox-static", "libxenmisc4.17",
    "libxencall1", "libxenevtchn1", "libxenforeignmemory1", "libxengnttab1", "libxenstore4",
    "libxentoollog1", "libxentoolcore1", "libxenhypfs1", "libxendevicemodel1", "libyajl2",
    "libc6", "zlib1g", "liblzma5", "libzstd1", "libuuid1", "libgcc-s1",
]
# Its Depends is the kernel of the day; the cloud kernel cannot be dom0.
KERNEL = "linux-image-amd64"
PROGRAMS = ["usr/lib/xen-4.17/bin/" + name
            for name in ("xl", "xenstored", "xenconsoled", "xen-init-dom0")]
PROGRAMS += ["usr/bin/" + name for name in ("xenstore-read", "xenstore-write", "xenstore-ls")]
MODULES = ["xen-evtchn", "xen-privcmd", "xen-gntdev", "xen-gntalloc", "xenfs", "llc", "stp",
           "bridge", "veth", "xen-netback", "sch_netem", "virtio-pci", "virtio-net"]
# And the packages that have them.
NEEDED = {"qemu-system-x86_64": "qemu-system-x86 seabios", "apt-get": "apt", "apt-cache": "apt",
          "dpkg": "dpkg", "cpio": "cpio", "readelf": "binutils", "ip": "iproute2"}

# Without SMAP, which the emulator applies to IRET from user mode; without MONITOR, whose MWAIT it
# refuses; without RDTSCP, which Xen cannot step over on it.
CPU = "EPYC,+svm,-smap,-monitor,-rdtscp"
# With eager-fpu, for on the emulator a domain that is given the vector registers only when it first
# uses them finds what another left there: programs in dom0 then die at random.
XEN_OPTIONS = ("console=com1 com1=115200,8n1 dom0_mem=384M,max:384M loglvl=info "
               "guest_loglvl=all no-real-mode vga=none sched_ratelimit_us=0 cpuidle=0 bootscrub=0 "
               "spec-ctrl=eager-fpu")
DOM0_OPTIONS = "console=hvc0 earlyprintk=xen loglevel=4 rdinit=/init"
ENDINGS = (b"XEN-TEST-END", b"Kernel panic", b"Panic on CPU")


class Unavailable(Exception):
    """The machine cannot run this, through no fault of the tree."""


def run(command, **options):
    return subprocess.run(command, check=True, capture_output=True, text=True, **options).stdout


def need_tools():
    missing = [name for name in NEEDED if not shutil.which(name)]
    if missing:
        packages = " ".join(dict.fromkeys(NEEDED[name] for name in missing))
        raise Unavailable(f"not installed: {' '.join(missing)} (Debian's packages: {packages})")


def kernel_package():
    """The package with the kernel itself, of which the other is only a name."""
    text = subprocess.run(["apt-cache", "depends", KERNEL], capture_output=True, text=True,
                          check=False).stdout
    found = re.search(r"Depends: (linux-image-[0-9]\S+-amd64)", text)
    if not found:
        raise Unavailable(f"no package {KERNEL}")
    return found.group(1)


def download(names, folder):
    """The packages' files. Those of an earlier time are taken again."""
    partial = os.path.join(folder, "partial")
    shutil.rmtree(partial, ignore_errors=True)
    os.makedirs(partial)

    def find(name):
        return [os.path.join(folder, f) for f in sorted(os.listdir(folder))
                if f.startswith(name + "_") and f.endswith(".deb")]
    missing = [name for name in names if not find(name)]
    if missing:
        try:
            run(["apt-get", "download", "-q", *missing], cwd=partial)
        except subprocess.CalledProcessError as error:
            first = re.search(r"^E: .*", error.stderr, re.M)
            raise Unavailable("apt-get download: " +
                              (first.group() if first else error.stderr.strip())) from error
        for name in os.listdir(partial):
            os.replace(os.path.join(partial, name), os.path.join(folder, name))
    return [find(name)[-1] for name in names]


def unpacked_kernel(image):
    """The ELF in a bzImage: Xen would take seconds to unpack it."""
    with open(image, "rb") as file:
        data = file.read()
    at = data.find(b"\xfd7zXZ\0")
    if at < 0:
        raise Unavailable("the kernel is not packed with xz")
    return lzma.LZMADecompressor().decompress(data[at:])


def is_made_of(made_of, stamp):
    with contextlib.suppress(FileNotFoundError), open(stamp, encoding="utf-8") as file:
        return file.read() == made_of
    return False


def write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def extract(cache, say):
    """Unpacks everything once, beside xen and vmlinux; returns the folder."""
    stamp, made_of = os.path.join(cache, "done"), " ".join(PACKAGES)
    root = os.path.join(cache, "root")
    if is_made_of(made_of, stamp):
        return root
    kernel = kernel_package()
    say(f"fetching Xen and a kernel for it into {cache}, 76 MB, unless they are there")
    files = download([*PACKAGES, kernel], os.path.join(cache, "packages"))
    say("unpacking them")
    for name in os.listdir(cache):
        if name.startswith("root"):
            shutil.rmtree(os.path.join(cache, name), ignore_errors=True)
    # dpkg's own children may outlive one that was broken off, and write on for a moment.
    fresh = tempfile.mkdtemp(prefix="root-", dir=cache)
    for file in files:
        run(["dpkg", "-x", file, fresh])
    os.rename(fresh, root)
    boot = os.path.join(root, "boot")
    packed = next(f for f in os.listdir(boot) if re.match(r"xen-.*amd64\.gz$", f))
    with gzip.open(os.path.join(boot, packed)) as file, \
            open(os.path.join(cache, "xen"), "wb") as out:
        shutil.copyfileobj(file, out)
    version = kernel.removeprefix("linux-image-")
    with open(os.path.join(cache, "vmlinux"), "wb") as out:
        out.write(unpacked_kernel(os.path.join(boot, "vmlinuz-" + version)))
    write(stamp, made_of)
    return root


def needed_libraries(path):
    """DT_NEEDED of an ELF."""
    text = run(["readelf", "-d", path])
    return re.findall(r"\(NEEDED\).*\[(.*)\]", text)


def copy_programs(root, target):
    """The programs and every library that they or their libraries need."""
    where = {}
    for folder in ("lib/x86_64-linux-gnu", "usr/lib/x86_64-linux-gnu", "lib64"):
        full = os.path.join(root, folder)
        for name in os.listdir(full) if os.path.isdir(full) else []:
            where.setdefault(name, os.path.join(full, name))
    for program in PROGRAMS:
        os.makedirs(os.path.join(target, os.path.dirname(program)), exist_ok=True)
        shutil.copy(os.path.join(root, program), os.path.join(target, program))
    # The last is opened by name when a thread ends.
    waiting = [os.path.join(root, p) for p in PROGRAMS] + [where["libgcc_s.so.1"]]
    done = {"libgcc_s.so.1": where["libgcc_s.so.1"]}
    while waiting:
        for name in needed_libraries(waiting.pop()):
            if name not in done:
                done[name] = where[name]
                waiting.append(where[name])
    os.makedirs(os.path.join(target, "lib"), exist_ok=True)
    os.makedirs(os.path.join(target, "lib64"), exist_ok=True)
    for name, path in done.items():
        shutil.copy(path, os.path.join(target, "lib64" if name.startswith("ld-") else "lib", name))


def copy_modules(root, target, wanted):
    """The modules, and all that they depend on."""
    version = next(f for f in os.listdir(os.path.join(root, "lib/modules")))
    base = os.path.join(root, "lib/modules", version)
    found = {}
    for directory, _, names in os.walk(base):
        for name in names:
            if name.endswith(".ko"):
                found[name.removesuffix(".ko").replace("_", "-")] = os.path.join(directory, name)
    waiting, done = [name.replace("_", "-") for name in wanted], set()
    while waiting:
        name = waiting.pop()
        if name in done or name not in found:
            continue
        done.add(name)
        with open(found[name], "rb") as file:
            depends = re.search(rb"\0depends=([^\0]*)", file.read())
        text = depends.group(1).decode() if depends else ""
        waiting += [d.replace("_", "-") for d in text.split(",") if d]
    for name in done:
        path = os.path.join(target, os.path.relpath(found[name], root))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        shutil.copy(found[name], path)
    run([os.path.join(root, "bin/busybox"), "depmod", "-b", target, version])


def archive(folder, out):
    """A folder as a compressed cpio archive."""
    names = []
    for directory, folders, files in os.walk(folder):
        names += [os.path.relpath(os.path.join(directory, n), folder) for n in folders + files]
    packed = subprocess.run(["cpio", "-o", "-H", "newc", "-R", "0:0", "--quiet"], cwd=folder,
                            input="\n".join(sorted(names)).encode(), capture_output=True,
                            check=True).stdout
    with gzip.open(out, "wb", compresslevel=1) as file:
        file.write(packed)


def digest(paths):
    total = hashlib.sha256()
    for path in paths:
        with open(path, "rb") as file:
            total.update(file.read())
    return total.hexdigest()


def base_archive(cache, say):
    """dom0's file system but for what a boot adds."""
    out = os.path.join(cache, "dom0.cpio.gz")
    root = extract(cache, say)
    here = os.path.dirname(os.path.abspath(__file__))
    made_of = digest(os.path.join(here, name) for name in ("init.sh", "vif.sh", "recipe.py"))
    if is_made_of(made_of, out + ".made_of"):
        return out
    say("making the file system of its dom0")
    target = os.path.join(cache, "dom0")
    shutil.rmtree(target, ignore_errors=True)
    for folder in ("bin", "dev", "proc", "sys", "run", "tmp", "var", "test", "etc/xen/scripts"):
        os.makedirs(os.path.join(target, folder))
    shutil.copy(os.path.join(root, "bin/busybox"), os.path.join(target, "bin/busybox"))
    os.symlink("busybox", os.path.join(target, "bin/sh"))
    copy_programs(root, target)
    copy_modules(root, target, MODULES)
    for source, name in (("init.sh", "init"), ("vif.sh", "etc/xen/scripts/vif-mini")):
        shutil.copy(os.path.join(here, source), os.path.join(target, name))
        os.chmod(os.path.join(target, name), 0o755)
    write(os.path.join(target, "etc/xen/xl.conf"), 'autoballoon="off"\n')
    with contextlib.suppress(FileNotFoundError):
        os.remove(out + ".made_of")
    archive(target, out)
    write(out + ".made_of", made_of)
    return out


def linux_guest_archive(cache, init, program, out):
    """The file system of a Linux guest whose first process runs init, and then the program."""
    target = out + ".d"
    with locked(cache):
        root = extract(cache, lambda text: None)
    shutil.rmtree(target, ignore_errors=True)
    for folder in ("bin", "dev", "proc", "sys"):
        os.makedirs(os.path.join(target, folder))
    for source, name in ((os.path.join(root, "bin/busybox"), "bin/busybox"), (init, "init"),
                         (program, "bin/" + os.path.basename(program))):
        shutil.copy(source, os.path.join(target, name))
        os.chmod(os.path.join(target, name), 0o755)
    os.symlink("busybox", os.path.join(target, "bin/sh"))
    copy_modules(root, target, ["xen-netfront"])
    archive(target, out)
    return out


@contextlib.contextmanager
def locked(cache):
    """For whoever would make the same at the same time."""
    os.makedirs(cache, exist_ok=True)
    with open(os.path.join(cache, "lock"), "w", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def make_archive(cache, files, out, say=lambda text: None):
    """dom0's file system with these files ({path inside: path outside}) added."""
    with locked(cache):
        base = base_archive(cache, say)
    extra = out + ".d"
    shutil.rmtree(extra, ignore_errors=True)
    for inside, outside in files.items():
        path = os.path.join(extra, inside)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        shutil.copy(outside, path)
    archive(extra, out + ".extra")
    with open(out, "wb") as file:
        for part in (base, out + ".extra"):
            with open(part, "rb") as source:
                # The kernel takes archives one behind another, each from a multiple of four.
                file.write(b"\0" * (-file.tell() % 4))
                shutil.copyfileobj(source, file)


def command_line(cache, initramfs, log, guest_mb=0):
    vmlinux = os.path.join(cache, "vmlinux")
    for path in (vmlinux, initramfs):
        if "," in path or " " in path:
            raise Unavailable(f"the emulator cannot be given a path like {path}")
    return ["qemu-system-x86_64", "-machine", "pc", "-accel", "tcg", "-cpu", CPU,
            "-m", str(640 + guest_mb), "-smp", "1", "-display", "none", "-nodefaults",
            "-no-reboot", "-monitor", "none", "-nic", "none", "-serial", "file:" + log,
            "-kernel", os.path.join(cache, "xen"), "-append", XEN_OPTIONS,
            "-initrd", f"{vmlinux} {DOM0_OPTIONS},{initramfs}"]


def boot(cache, initramfs, log, timeout_s, more=()):
    """Runs until dom0 powers off or the time is up. `more` is for the emulator. Returns the
    console's text and seconds."""
    began = time.monotonic()
    with open(log, "wb"):
        pass
    errors = log + ".qemu"
    with open(errors, "wb") as stderr:
        child = subprocess.Popen([*command_line(cache, initramfs, log), *more],
                                 stdin=subprocess.DEVNULL, stdout=stderr, stderr=stderr)
    try:
        wait_for_end(child, log, began + timeout_s)
    finally:
        child.kill()
        child.wait()
    with open(log, "rb") as file:
        text = file.read().decode(errors="replace").replace("\r", "")
    if not text:
        with open(errors, encoding="utf-8", errors="replace") as file:
            text = file.read()
    return text, time.monotonic() - began


def wait_for_end(child, log, until):
    """The emulator ends by itself when dom0 powers off; a crash can leave it standing."""
    while child.poll() is None and time.monotonic() < until:
        time.sleep(0.2)
        with open(log, "rb") as file:
            file.seek(max(0, os.path.getsize(log) - 4096))
            ended = any(ending in file.read() for ending in ENDINGS)
        if ended:
            try:
                child.wait(timeout=5)
            except subprocess.TimeoutExpired:
                return


def elf_load_bytes(path):
    """Bytes of an ELF file that are loaded, without .bss."""
    with open(path, "rb") as file:
        data = file.read()
    offset, size, count = (struct.unpack_from("<Q", data, 32)[0],
                           *struct.unpack_from("<HH", data, 54))
    total = 0
    for i in range(count):
        kind, = struct.unpack_from("<I", data, offset + i * size)
        filesz, = struct.unpack_from("<Q", data, offset + i * size + 32)
        total += filesz if kind == 1 else 0
    return total
