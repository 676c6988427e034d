#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""How mstack serve, fetch and ping begin and end: signals, interfaces, counters, captures."""
import os
import signal
import struct
import subprocess
import tempfile
import time

from support import (DEVICE, HOSTS, INTERFACE, MSTACK4, STACKS, TUN_DEVICE, Server, can_connect,
                     interface_exists, mstack, need_network, need_programs, random_file,
                     read_counters, run, run_tests, scratch, sha256, start, url, wait_for)

FILES = scratch()
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def curl(family=4, name="file", output="/dev/null", server=STACKS):
    code, _, err = run(["curl", "-g", "-sS", "--fail", "--max-time", "20", "-o", output,
                        url(family, name, addresses=server)])
    assert code == 0, (code, err)


def serve_ends_on_each_signal():
    for number in SIGNALS:
        server = Server(FILES)
        assert interface_exists() and can_connect(MSTACK4)
        began = time.monotonic()
        server.stop(number)
        assert time.monotonic() - began < 2, number
        assert not interface_exists(), number
        assert len([line for line in server.errors.splitlines() if " serves " in line]) == 2


def serve_ends_in_mid_transfer():
    """Clients see a reset at once, rather than silence."""
    server = Server(FILES)
    child = start(["curl", "-sS", "--limit-rate", "4M", "-o", "/dev/null", url(4, "large")],
                  stderr=subprocess.PIPE)
    wait_for(lambda: "192.0.2.2" in run(["ss", "-Htn", "state", "established"])[1], 10, "connected")
    time.sleep(0.3)
    server.stop()
    _, err = child.communicate(timeout=20)  # it reads first what has come before the reset
    assert child.returncode in (18, 56), (child.returncode, err)
    assert not interface_exists()
    assert server.counters["tcp_out_resets"] > 0, server.counters


def a_signal_ends_ping_and_fetch():
    for number in SIGNALS:
        child = start([mstack(), "ping", *DEVICE, "-i", "0.05", HOSTS[4]], stdout=subprocess.PIPE)
        child.stdout.readline()
        child.stdout.readline()
        child.send_signal(number)
        out, _ = child.communicate(timeout=5)
        assert child.returncode == 0 and b"packets transmitted" in out, (child.returncode, out)
        assert not interface_exists()
    with tempfile.TemporaryDirectory() as folder:
        child = start([mstack(), "fetch", *DEVICE, "-o", f"{folder}/x", "http://192.0.2.77/x"],
                      stderr=subprocess.PIPE)
        wait_for(interface_exists, 5, "it has begun")
        time.sleep(0.2)
        child.send_signal(signal.SIGINT)
        _, err = child.communicate(timeout=5)
        assert child.returncode == 5 and err.count(b"\n") == 1 and b"interrupted" in err, err
        assert not interface_exists() and os.listdir(folder) == []


def begins_again_and_again():
    for _ in range(10):
        with Server(FILES):
            curl()
        assert not interface_exists()


def an_interface_in_use_is_a_clear_error():
    with Server(FILES):
        code, out, err = run([mstack(), "ping", *DEVICE, "-c", "1", HOSTS[4]])
        assert code == 1 and not out and err.count("\n") == 1 and INTERFACE in err, (code, err)
        assert interface_exists()  # the other's is not taken away
        curl()


def two_interfaces_at_once():
    other = ["--dev", "tap:other,host=198.51.100.1/24", "--addr", "198.51.100.2/24"]
    with Server(FILES), Server(FILES, device=other):
        curl()
        curl(server={4: "198.51.100.2"})


def counters_tell_what_happened():
    with Server(FILES) as server:
        for _ in range(3):
            curl(4)
            curl(6)
        assert not can_connect(MSTACK4, 81)
    counters = server.counters
    assert counters["tcp_passive_opens"] == 6, counters
    assert counters["tcp_out_segments"] >= 6 * 5, counters  # super-frames count as one
    assert counters["tcp_out_resets"] >= 1, counters  # port 81
    assert counters["ip_in_receives"] > counters["tcp_in_segments"], counters
    assert "interface mstack0: received" in server.errors and "tap: " in server.errors


def without_stats_nothing_is_said():
    child = start([mstack(), "serve", *DEVICE, "--root", FILES], stdout=subprocess.PIPE,
                  stderr=subprocess.PIPE)
    child.stderr.readline()
    child.stderr.readline()
    child.send_signal(signal.SIGTERM)
    assert child.communicate(timeout=5) == (b"", b"") and child.returncode == 0


def requests_are_logged():
    with Server(FILES, "--log") as server:
        curl(4, "file")
        curl(6, "file?x=%22")
        run(["curl", "-sS", url(4, 'no/such"file')])
        lines = server.log_lines()
    assert lines[0] == "192.0.2.1 GET \"/file\" 200 100000", lines
    assert lines[1] == "2001:db8::1 GET \"/file?x=%22\" 200 100000", lines
    assert lines[2].startswith("192.0.2.1 GET \"/no/such\\\"file\" 404 "), lines


def records(path):
    """How many, and whether their times go forward."""
    with open(path, "rb") as file:
        data = file.read()
    order = ">" if data[:4] == b"\xa1\xb2\xc3\xd4" else "<"
    at, times = 24, []
    while at < len(data):
        seconds, fraction, kept, length = struct.unpack_from(order + "IIII", data, at)
        assert kept == length, (kept, length)
        times.append((seconds, fraction))
        at += 16 + kept
    assert at == len(data)
    assert times == sorted(times)
    assert abs(times[0][0] - time.time()) < 120
    return len(times)


def captures_can_be_read(device):
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/capture.pcap"
        with Server(FILES, "--capture", path, "--loss", "2", "--seed", "3",
                    device=device) as server:
            curl(4, "file", f"{folder}/out4")
            curl(6, "file", f"{folder}/out6")
        assert sha256(f"{folder}/out4") == sha256(f"{folder}/out6") == sha256(f"{FILES}/file")
        lossy = server.counters["lossy transmit"], server.counters["lossy receive"]
        on_wire = lossy[0]["frames"] - lossy[0]["dropped"] + lossy[1]["frames"]
        assert abs(records(path) - on_wire) <= 10, (records(path), on_wire)
        # Ours: every byte of both conversations is in it, as both sides had it.
        code, out, err = run([mstack(), "replay", path])
        assert code == 0 and not err, (code, out, err)
        assert "2 delivered byte for byte, 0 failed" in out, out
        code, out, err = run(["tcpdump", "-nvr", path, "tcp"])
        assert code == 0, err
        assert "192.0.2.2.80 > 192.0.2.1." in out and "2001:db8::2.80 > 2001:db8::1." in out
        assert out.count("HTTP/1.1 200 OK") >= 2 and "incorrect" not in out


def a_capture_that_cannot_be_written_is_a_clear_error():
    with tempfile.TemporaryDirectory() as folder:
        code, out, err = run([mstack(), "ping", *DEVICE, "--capture", f"{folder}/no/file", "-c",
                              "1", HOSTS[4]])
        assert code == 1 and not out and err.count("\n") == 1 and "--capture" in err, (code, err)
        assert not interface_exists()
    code, _, err = run([mstack(), "ping", *DEVICE, "--capture", "/dev/full", "-c", "5", "-i",
                        "0.01", "-s", "1000", HOSTS[4]])
    assert code == 1 and "--capture" in err and err.count("\n") == 1, (code, err)


def an_mtu_is_kept_to():
    for mtu in (1280, 9000):
        with Server(FILES, "--mtu", str(mtu)) as server:
            with open(f"/proc/sys/net/ipv6/conf/{INTERFACE}/mtu", encoding="ascii") as file:
                assert int(file.read()) == mtu
            curl(4)
            curl(6)
        assert server.counters["tcp_passive_opens"] == 2


def delay_takes_its_time():
    code, out, err = run([mstack(), "ping", *DEVICE, "--delay", "100", "-c", "3", "-i", "0.05",
                          HOSTS[4]])
    assert code == 0, (code, err)
    times = [float(line.partition("time=")[2].split()[0]) for line in out.splitlines()
             if "time=" in line and "bytes from" in line]
    assert len(times) == 3 and all(200 <= ms < 600 for ms in times), times


def the_same_seed_loses_the_same():
    """Of the same frames: an echo request each, and its reply."""
    lost = []
    for seed in ("11", "11", "12"):
        code, out, err = run([mstack(), "ping", *TUN_DEVICE, "--loss", "30", "--seed", seed, "-c",
                              "60", "-i", "0.01", "-W", "0.5", "--stats", HOSTS[4]])
        assert code == 0, (code, err)
        assert read_counters(err)["lossy transmit"]["dropped"] > 0
        lost.append([line.split("icmp_seq=")[1].split()[0] for line in out.splitlines()
                     if "icmp_seq=" in line])
    assert lost[0] == lost[1] != lost[2], lost


if __name__ == "__main__":
    need_network()
    need_programs("curl", "ss", "tcpdump")
    random_file(FILES, "file", 100_000)
    random_file(FILES, "large", 20_000_000)
    run_tests([serve_ends_on_each_signal, serve_ends_in_mid_transfer, a_signal_ends_ping_and_fetch,
               begins_again_and_again, an_interface_in_use_is_a_clear_error,
               two_interfaces_at_once, counters_tell_what_happened, without_stats_nothing_is_said,
               requests_are_logged,
               ("a capture of a tap", lambda: captures_can_be_read(DEVICE)),
               ("a capture of a tun", lambda: captures_can_be_read(TUN_DEVICE)),
               a_capture_that_cannot_be_written_is_a_clear_error, an_mtu_is_kept_to,
               delay_takes_its_time, the_same_seed_loses_the_same], at_once=3)
