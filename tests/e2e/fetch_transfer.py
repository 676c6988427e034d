#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""mstack fetch gets files from the kernel's TCP over good and bad networks, and goes on later."""
import os
import signal
import subprocess
import tempfile
import time

from support import (DEVICE, HOST4, HOSTS, INTERFACE, TUN_DEVICE, interface_exists,
                     is_quick, mstack, need_network, random_file, read_counters,
                     run, run_tests, scratch, sha256, start, url, wait_for)
from web import PORT, WebServer, kernel_counter

FILES = scratch()
SIZES = {"big": 10_000_000, "small": 1_000_000, "tiny": 4}
PATIENCE = 300  # seconds; with much loss the retransmission timer doubles again and again
DONE, NO_CONNECTION, REFUSED, BROKEN_OFF = 0, 3, 4, 5


def command(target, output, *options, device=None):
    return [mstack(), "fetch", *(device or DEVICE), "--stats", "-o", output, *options, target]


def web_url(path, family=4):
    return url(family, path, addresses=HOSTS, port=PORT)


def fetch(target, output, *options, device=None):
    """Gives the exit code, the counters, and the lines on stderr that are no counters."""
    code, _, err = run(command(target, output, *options, device=device), timeout=PATIENCE + 10)
    lines = [line for line in err.splitlines() if line.startswith("mstack")]
    assert not interface_exists(), "the interface is still there"
    return code, read_counters(err), lines


def fetch_fine(target, output, name, *options, device=None):
    code, counters, lines = fetch(target, output, *options, device=device)
    assert code == DONE, (code, lines)
    assert len(lines) == 1, lines
    assert os.path.getsize(output) == SIZES[name], os.path.getsize(output)
    assert sha256(output) == sha256(f"{FILES}/{name}"), "SHA-256 differs"
    left = [file for file in os.listdir(os.path.dirname(output)) if ".part" in file]
    assert not left, left
    return counters


def transfer(family, loss):
    name = "small" if loss >= 20 else "big"
    options = ["--seed", str(10 * loss + family), "--stall-timeout", str(PATIENCE),
               "--connect-timeout", str(PATIENCE)]
    if loss:
        options += ["--loss", str(loss), "--reorder", "2", "--duplicate", "2"]
    with tempfile.TemporaryDirectory() as folder, WebServer(FILES):
        counters = fetch_fine(web_url(name, family), f"{folder}/out", name, *options)
        again = kernel_counter("RetransSegs")
    if not loss:
        assert "lossy receive" not in counters
        # On a busy machine the kernel may think that its last segment was lost.
        assert counters.get("tcp_duplicate_segments", 0) <= 5, counters
        return
    lossy = counters["lossy receive"]
    assert lossy["dropped"] > 0 and lossy["duplicated"] > 0 and lossy["reordered"] > 0, lossy
    # The kernel sent again what was lost on the way here; nearly all of that is data.
    assert again >= lossy["dropped"] * 0.8, (again, lossy)
    assert counters["tcp_out_of_order_segments"] > 0, counters
    assert counters["tcp_duplicate_segments"] > 0, counters
    assert counters["tcp_dsacks_sent"] > 0, counters
    print(f"# IPv{family}, {loss} %: {lossy['frames']} frames came, {lossy['dropped']} dropped,"
          f" {again} sent again by the kernel,"
          f" {counters['tcp_out_of_order_segments']} out of order")


def a_tun_device_fetches_too():
    with tempfile.TemporaryDirectory() as folder, WebServer(FILES):
        for family in (4, 6):
            fetch_fine(web_url("big", family), f"{folder}/out", "big", device=TUN_DEVICE)


def corrupted_frames_are_caught():
    with tempfile.TemporaryDirectory() as folder, WebServer(FILES):
        counters = fetch_fine(web_url("small"), f"{folder}/out", "small", "--corrupt", "2",
                              "--seed", "5")
    assert counters["lossy receive"]["corrupted"] > 0
    wrong = sum(n for name, n in counters.items() if name.startswith("drop "))
    assert wrong > 0, counters


def lost_requests_and_handshakes_are_sent_again():
    """Files of one segment, where most of what is lost is a SYN, a request or a FIN."""
    with tempfile.TemporaryDirectory() as folder, WebServer(FILES):
        resent = 0
        for seed in range(5 if is_quick() else 8):
            # With time for seven attempts; how the kernel's own frames mix in no seed decides.
            code, counters, lines = fetch(web_url("tiny", 4 + seed % 2 * 2), f"{folder}/out",
                                          "--loss", "20", "--seed", str(seed),
                                          "--connect-timeout", str(PATIENCE))
            assert code == DONE, (seed, code, lines)
            resent += counters.get("tcp_retransmitted_segments", 0)
        assert resent > 0


def chunks_and_an_open_end_are_understood():
    with tempfile.TemporaryDirectory() as folder, WebServer(FILES):
        for how in ("chunks", "until_close"):
            fetch_fine(web_url(f"{how}/big"), f"{folder}/out", "big")


def standard_output_gets_the_bytes():
    with tempfile.TemporaryDirectory() as folder, WebServer(FILES):
        with open(f"{folder}/out", "wb") as file:
            child = start(command(web_url("big"), "-"), stdout=file, stderr=subprocess.PIPE)
            _, err = child.communicate(timeout=60)
        assert child.returncode == DONE, err.decode()
        assert sha256(f"{folder}/out") == sha256(f"{FILES}/big"), "SHA-256 differs"
        assert os.listdir(folder) == ["out"]


def a_gateway_leads_to_other_networks():
    gateways = ["--gateway", HOSTS[4], "--gateway", HOSTS[6]]
    for address in ("198.51.100.1/32", "2001:db8:1::1/128"):
        run(["ip", "addr", "add", address, "dev", "lo"])
    with tempfile.TemporaryDirectory() as folder, WebServer(FILES):
        for host in ("198.51.100.1", "[2001:db8:1::1]"):
            fetch_fine(f"http://{host}:{PORT}/small", f"{folder}/out", "small", *gateways)
            code, _, lines = fetch(f"http://{host}:{PORT}/small", f"{folder}/out")
            assert code == NO_CONNECTION and len(lines) == 1, (code, lines)


def a_part_is_kept_and_resumed():
    for family in (4, 6):
        with tempfile.TemporaryDirectory() as folder, WebServer(FILES) as web:
            code, _, lines = fetch(web_url("half/big", family), f"{folder}/out")
            assert code == BROKEN_OFF and len(lines) == 1, (code, lines)
            kept = os.path.getsize(f"{folder}/out.part")
            assert kept == SIZES["big"] // 2, kept
            assert not os.path.exists(f"{folder}/out")
            fetch_fine(web_url("half/big", family), f"{folder}/out", "big")
            assert web.requests()[1].endswith(f"|bytes={kept}-"), web.requests()


def wait_for_part(folder, size):
    def has_come():
        name = f"{folder}/out.part"
        return os.path.exists(name) and os.path.getsize(name) >= size
    wait_for(has_come, 20, "half of the file")


def interrupted(number, expected):
    """Ended by a signal in the middle, and resumed."""
    with tempfile.TemporaryDirectory() as folder, WebServer(FILES) as web:
        child = start(command(web_url("and_wait/big"), f"{folder}/out"), stderr=subprocess.PIPE)
        wait_for_part(folder, SIZES["big"] // 2)
        child.send_signal(number)
        _, err = child.communicate(timeout=5)
        assert child.returncode == expected, (child.returncode, err)
        wait_for(lambda: not interface_exists(), 5, "the interface is gone")
        kept = os.path.getsize(f"{folder}/out.part")
        fetch_fine(web_url("big"), f"{folder}/out", "big")
        assert web.requests()[1].endswith(f"|bytes={kept}-"), web.requests()


def what_changed_on_the_server_is_fetched_anew():
    with tempfile.TemporaryDirectory() as root, tempfile.TemporaryDirectory() as folder:
        random_file(root, "file", 300_000)
        with WebServer(root) as web:
            code, _, _ = fetch(web_url("half/file"), f"{folder}/out")
            assert code == BROKEN_OFF, code
            for size in (400_000, 100_000):  # also shorter than the part
                random_file(root, "file", size)
                code, _, lines = fetch(web_url("file"), f"{folder}/out")
                assert code == DONE, lines
                assert sha256(f"{folder}/out") == sha256(f"{root}/file")
                fetch(web_url("half/file"), f"{folder}/out")
            assert "|bytes=" in web.requests()[1], web.requests()


def refusals_are_told_apart():
    cases = {"missing": "404", "elsewhere/small": "302|points", "nonsense/small": "HTTP"}
    with tempfile.TemporaryDirectory() as folder, WebServer(FILES):
        for path, word in cases.items():
            code, _, lines = fetch(web_url(path), f"{folder}/out")
            assert code == REFUSED and len(lines) == 1, (path, code, lines)
            assert any(part in lines[0] for part in word.split("|")), lines
            assert "\x1b" not in lines[0]
            assert os.listdir(folder) == [], os.listdir(folder)


def no_connection_is_a_clear_error():
    with tempfile.TemporaryDirectory() as folder:
        for target, most in ((web_url("x"), 2), (web_url("x", 6), 2),  # refused by the kernel
                             ("http://192.0.2.77/x", 5), ("http://[2001:db8::77]/x", 5)):
            began = time.monotonic()
            code, _, lines = fetch(target, f"{folder}/out", "--connect-timeout", "3")
            assert code == NO_CONNECTION and len(lines) == 1, (target, code, lines)
            assert time.monotonic() - began < most, (target, time.monotonic() - began)
            assert os.listdir(folder) == [], os.listdir(folder)


def an_address_that_nobody_has_is_known_soon():
    """The neighbour's silence tells, long before the time for connecting is over."""
    for address in ("192.0.2.77", "[2001:db8::77]"):
        begin = time.monotonic()
        code, _, lines = fetch(f"http://{address}/", f"{FILES}/none", "--connect-timeout", "120")
        assert code == NO_CONNECTION and len(lines) == 1, (code, lines)
        assert "unreachable" in lines[0], lines
        assert time.monotonic() - begin < 60


def a_killed_server_is_a_clear_error():
    """kill -9 of the server in mid-transfer: its kernel ends the connection at once."""
    for family in (4, 6):
        with tempfile.TemporaryDirectory() as folder, WebServer(FILES) as web:
            child = start(command(web_url("and_wait/big", family), f"{folder}/out"),
                          stderr=subprocess.PIPE)
            wait_for_part(folder, SIZES["big"] // 2)
            web.kill()
            _, err = child.communicate(timeout=5)
            lines = [line for line in err.decode().splitlines() if line.startswith("mstack")]
            assert child.returncode == BROKEN_OFF and len(lines) == 1, (child.returncode, lines)


def a_silent_server_is_a_clear_error():
    """Its whole machine vanishes: nothing comes any more, not even a reset."""
    with tempfile.TemporaryDirectory() as folder, WebServer(FILES):
        child = start(command(web_url("and_wait/big"), f"{folder}/out", "--stall-timeout", "2"),
                      stderr=subprocess.PIPE)
        wait_for_part(folder, SIZES["big"] // 2)
        run(["ip", "addr", "del", f"{HOST4}/24", "dev", INTERFACE])
        _, err = child.communicate(timeout=10)
        lines = [line for line in err.decode().splitlines() if line.startswith("mstack")]
        assert child.returncode == BROKEN_OFF and len(lines) == 1, (child.returncode, lines)
        assert os.path.getsize(f"{folder}/out.part") >= SIZES["big"] // 2


def a_file_that_cannot_be_written_is_a_clear_error():
    with tempfile.TemporaryDirectory() as folder, WebServer(FILES):
        os.mkdir(f"{folder}/taken.part")
        for output in (f"{folder}/no/such/folder", f"{folder}/taken", "/dev/full"):
            code, _, lines = fetch(web_url("small"), output)
            assert code == 1 and len(lines) == 1, (output, code, lines)
        assert not os.path.isfile("/dev/full")


if __name__ == "__main__":
    need_network()
    for file_name, file_size in SIZES.items():
        random_file(FILES, file_name, file_size)
    rates = (5,) if is_quick() else (20, 5, 1, 0)
    # What waits longest comes first, since all of them share the time.
    run_tests([lost_requests_and_handshakes_are_sent_again, no_connection_is_a_clear_error]
              + [(f"IPv{family} at {loss} % loss", lambda f=family, l=loss: transfer(f, l))
                 for loss in rates for family in (4, 6)]
              + [a_tun_device_fetches_too, corrupted_frames_are_caught,
                 chunks_and_an_open_end_are_understood, standard_output_gets_the_bytes,
                 a_gateway_leads_to_other_networks, a_part_is_kept_and_resumed,
                 ("resumed after SIGTERM", lambda: interrupted(signal.SIGTERM, BROKEN_OFF)),
                 ("resumed after kill -9", lambda: interrupted(signal.SIGKILL, -signal.SIGKILL)),
                 what_changed_on_the_server_is_fetched_anew, refusals_are_told_apart,
                 an_address_that_nobody_has_is_known_soon,
                 a_killed_server_is_a_clear_error,
                 a_silent_server_is_a_clear_error,
                 a_file_that_cannot_be_written_is_a_clear_error], at_once=4)
