#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""curl and wget, on the kernel's TCP, fetch files from mstack serve over good and bad networks."""
import os
import subprocess
import tempfile

from support import (Server, TUN_DEVICE, is_quick, need_network, need_programs, random_file,
                     run_tests, scratch, sha256, start, url)

FILES = scratch()
SIZES = {"big": 10_000_000, "small": 1_000_000}
PATIENCE = 300  # seconds; with much loss the retransmission timer doubles again and again


def clients(family, name, folder):
    """Both at once: each has its own connection, and the time is shared."""
    target = url(family, name)
    seconds = str(PATIENCE)
    return {
        "curl": ["curl", "-g", "-sS", "--fail", "--max-time", seconds, "-o", f"{folder}/curl",
                 target],
        "wget": ["wget", "-nv", "-t", "1", "-T", seconds, "-O", f"{folder}/wget", target],
    }


def check_same(got, name):
    assert os.path.getsize(got) == SIZES[name], f"{got}: {os.path.getsize(got)} bytes"
    assert sha256(got) == sha256(f"{FILES}/{name}"), f"{got}: SHA-256 differs"


def fetch_with_both(family, name):
    with tempfile.TemporaryDirectory() as folder:
        children = {program: start(arguments, stderr=subprocess.PIPE)
                    for program, arguments in clients(family, name, folder).items()}
        for program, child in children.items():
            _, err = child.communicate(timeout=PATIENCE + 10)
            assert child.returncode == 0, f"{program}: {child.returncode} {err.decode()}"
            check_same(f"{folder}/{program}", name)


def transfer(family, loss):
    options = ["--seed", str(10 * loss + family), "--idle-timeout", str(PATIENCE)]
    if loss:
        options += ["--loss", str(loss), "--reorder", "2", "--duplicate", "2"]
    with Server(FILES, *options) as server:
        fetch_with_both(family, "small" if loss >= 20 else "big")
    counters = server.counters
    if not loss:
        assert "lossy transmit" not in counters
        assert counters.get("tcp_timeouts", 0) == 0, counters
        return
    lossy = counters["lossy transmit"]
    again = counters["tcp_retransmitted_segments"]
    assert lossy["dropped"] > 0 and lossy["duplicated"] > 0 and lossy["reordered"] > 0, lossy
    # What was lost was sent again, and not much more than that (a reordered one may be, too).
    assert again >= lossy["dropped"] * 0.8, (again, lossy)
    assert again <= 3 * (lossy["dropped"] + lossy["reordered"]) + 50, (again, lossy)
    assert counters["tcp_fast_retransmits"] > 0, counters
    print(f"# IPv{family}, {loss} %: {lossy['frames']} frames, {lossy['dropped']} dropped, {again}"
          f" sent again, {counters.get('tcp_timeouts', 0)} timeouts")


def corrupted_frames_are_caught():
    with Server(FILES, "--corrupt", "2", "--seed", "5") as server:
        fetch_with_both(4, "small")
    assert server.counters["lossy receive"]["corrupted"] > 0
    wrong = sum(n for name, n in server.counters.items() if name.startswith("drop "))
    assert wrong > 0, server.counters


def a_tun_device_serves_too():
    with Server(FILES, device=TUN_DEVICE):
        fetch_with_both(4, "big")
        fetch_with_both(6, "big")


if __name__ == "__main__":
    need_network()
    need_programs("curl", "wget")
    for file_name, file_size in SIZES.items():
        random_file(FILES, file_name, file_size)
    # The slowest first, since all of them share the time.
    rates = (5,) if is_quick() else (20, 5, 1, 0)
    run_tests([(f"IPv{family} at {loss} % loss", lambda f=family, l=loss: transfer(f, l))
               for loss in rates for family in (4, 6)]
              + [corrupted_frames_are_caught, a_tun_device_serves_too], at_once=4)
