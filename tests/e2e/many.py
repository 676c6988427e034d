#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""mstack serve with very many clients at once, and with clients that die without a word."""
import os
import signal
import socket
import subprocess
import tempfile
import time

from support import (DEVICE, INTERFACE, STACKS, Server, is_quick, mstack, need_network,
                     need_programs, random_file, read_counters, run, run_tests, scratch, sha256,
                     start, url, wait_for)

FILES = scratch()
PARALLEL = 200
BYTES = 50_000
LARGE = 50_000_000


def name_of(number):
    return f"file-{number:03d}"


def check_all(folder, count):
    for number in range(count):
        got = f"{folder}/{name_of(number)}"
        assert sha256(got) == sha256(f"{FILES}/{name_of(number)}"), got


def curl_many(family, folder):
    """One curl with a connection for each file."""
    config = "".join(f'url = "{url(family, name_of(number))}"\n'
                     f'output = "{folder}/{name_of(number)}"\n' for number in range(PARALLEL))
    with open(f"{folder}/config", "w", encoding="ascii") as file:
        file.write(config)
    code, _, err = run(["curl", "-g", "-sS", "--fail", "--max-time", "120", "-Z",
                        "--parallel-immediate", "--parallel-max", str(PARALLEL), "-K",
                        f"{folder}/config"], timeout=130)
    assert code == 0, (code, err)


def parallel_connections(family, *options):
    with tempfile.TemporaryDirectory() as folder:
        with Server(FILES, "--seed", str(family), *options) as server:
            curl_many(family, folder)
        check_all(folder, PARALLEL)
    assert server.counters["tcp_passive_opens"] >= PARALLEL, server.counters
    assert server.counters.get("tcp_current_established", 0) == 0, server.counters


def connect(family):
    kind = socket.AF_INET if family == 4 else socket.AF_INET6
    client = socket.socket(kind, socket.SOCK_STREAM)
    client.settimeout(30)
    client.connect((STACKS[family], 80))
    return client


def read_answer(client):
    answer = bytearray()
    while piece := client.recv(65536):
        answer += piece
    return bytes(answer)


def open_files(server):
    return len(os.listdir(f"/proc/{server.child.pid}/fd"))


def resident_bytes(server):
    with open(f"/proc/{server.child.pid}/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def requests_in_many_pieces_at_once():
    """All connections are open at the same time, and each sends its request in three pieces."""
    with Server(FILES) as server:
        before = open_files(server)
        clients = [connect(4 + number % 2 * 2) for number in range(PARALLEL)]
        for piece in (b"GET /%s HT", b"TP/1.1\r\nHost: x\r\nConnec", b"tion: close\r\n\r\n"):
            for number, client in enumerate(clients):
                client.sendall(piece % name_of(number).encode() if b"%s" in piece else piece)
        for number, client in enumerate(clients):
            head, _, body = read_answer(client).partition(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200 "), head
            with open(f"{FILES}/{name_of(number)}", "rb") as file:
                assert body == file.read(), number
            client.close()
        wait_for(lambda: open_files(server) == before, 5, "every file is closed again")
    assert server.counters["tcp_passive_opens"] == PARALLEL, server.counters


def one_connection_after_another():
    """Faster than TIME-WAIT ends: what remains of each must not pile up without end."""
    count = 300 if is_quick() else 3000
    memory = 0
    with Server(FILES, "--connections", "100") as server:
        for number in range(count):
            if number == count // 2:
                memory = resident_bytes(server)
            with connect(4) as client:
                client.sendall(b"GET /missing HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                assert read_answer(client).startswith(b"HTTP/1.1 404 ")
        grown = resident_bytes(server) - memory
    assert is_quick() or grown < 500_000, grown  # the sanitizers keep what was freed
    assert server.counters["tcp_passive_opens"] == count, server.counters
    assert server.counters["tcp_time_waits"] > 0, server.counters


def more_connections_than_there_is_room():
    """Who finds no room waits or is refused; who is served is served; later there is room again."""
    with Server(FILES, "--connections", "20", "--idle-timeout", "2") as server:
        clients = []
        for _ in range(60):
            client = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            client.setblocking(False)
            client.connect_ex((STACKS[4], 80))
            clients.append(client)
        time.sleep(0.5)
        assert server.is_running()
        for client in clients:
            client.close()
        code, out, err = run(["curl", "-sS", "--fail", "--retry", "5", "--retry-connrefused",
                              "--max-time", "30", "-o", "/dev/null", url(4, name_of(0))])
        assert code == 0, (code, out, err)


def start_slow_curl(family, output):
    """Of a file so large that it is in the middle of it for as long as is wanted."""
    child = start(["curl", "-g", "-sS", "--limit-rate", "2M", "-o", output, url(family, "large")])
    wait_for(lambda: os.path.exists(output) and os.path.getsize(output) > 500_000, 10,
             "the transfer has begun")
    return child


def fetch_fine(family, folder):
    code, _, err = run(["curl", "-g", "-sS", "--fail", "--max-time", "20", "-o", f"{folder}/other",
                        url(family, name_of(1))])
    assert code == 0, (code, err)
    assert sha256(f"{folder}/other") == sha256(f"{FILES}/{name_of(1)}")


def killed_clients(family):
    """kill -9 in mid-transfer: the kernel resets the connection; others notice nothing."""
    with tempfile.TemporaryDirectory() as folder, Server(FILES) as server:
        before = open_files(server)
        children = [start_slow_curl(family, f"{folder}/{number}") for number in range(5)]
        assert open_files(server) > before
        for child in children[1:]:
            child.kill()
            child.wait()
        fetch_fine(family, folder)
        assert children[0].poll() is None
        children[0].kill()
        children[0].wait()
        wait_for(lambda: open_files(server) == before, 10, "every file is closed again")
        fetch_fine(family, folder)
    counters = server.counters
    assert counters["tcp_established_resets"] >= 5, counters
    assert counters.get("tcp_current_established", 0) == 0, counters


def vanished_clients(family):
    """Their machine is gone: not even a reset comes. They are given up, and others are served."""
    extra = {4: "192.0.2.50/24", 6: "2001:db8::50/64"}[family]
    source = extra.partition("/")[0]
    with tempfile.TemporaryDirectory() as folder:
        with Server(FILES, "--idle-timeout", "3") as server:
            run(["ip", "addr", "add", extra, "dev", INTERFACE, "nodad"])
            before = open_files(server)
            output = f"{folder}/vanished"
            child = start(["curl", "-g", "-sS", "--limit-rate", "2M", "--interface", source, "-o",
                           output, url(family, "large")])
            wait_for(lambda: os.path.exists(output) and os.path.getsize(output) > 500_000, 10,
                     "the transfer has begun")
            run(["ip", "addr", "del", extra, "dev", INTERFACE])
            assert open_files(server) == before + 1
            fetch_fine(family, folder)
            wait_for(lambda: open_files(server) == before, 15, "the file is closed again")
            fetch_fine(family, folder)
            child.kill()
            child.wait()
    assert server.counters["tcp_retransmitted_segments"] > 0, server.counters
    assert server.counters.get("tcp_current_established", 0) == 0, server.counters


def clients_that_do_not_read_are_given_up():
    """A closed window is probed; what stands still for longer than allowed is reset."""
    with Server(FILES, "--idle-timeout", "3") as server:
        before = open_files(server)
        client = connect(4)
        client.sendall(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n")
        wait_for(lambda: open_files(server) == before + 1, 5, "the file is open")
        wait_for(lambda: open_files(server) == before, 15, "the file is closed again")
        try:
            read_answer(client)
            raise AssertionError("the whole file came")
        except ConnectionResetError:
            pass
    assert server.counters["tcp_zero_window_probes"] > 0, server.counters


def a_killed_server_is_noticed():
    """kill -9 of mstack: its interface goes, and so does what curl waits for."""
    with tempfile.TemporaryDirectory() as folder:
        server = subprocess.Popen([mstack(), "serve", *DEVICE, "--root", FILES],
                                  stderr=subprocess.PIPE)
        server.stderr.readline()
        child = start_slow_curl(4, f"{folder}/out")
        server.send_signal(signal.SIGKILL)
        server.wait()
        wait_for(lambda: not os.path.exists(f"/proc/sys/net/ipv4/conf/{INTERFACE}"), 5,
                 "the interface is gone")
        child.kill()
        child.wait()
        with Server(FILES):  # there is nothing in the way of the next one
            fetch_fine(4, folder)


def two_stacks_talk_to_each_other():
    """serve and fetch, each on its own interface; the kernel forwards between them."""
    for name in ("ipv4", "ipv6"):
        with open(f"/proc/sys/net/{name}/conf/all/forwarding", "w", encoding="ascii") as file:
            file.write("1\n")
    second = ["--dev", "tap:second,host=198.51.100.1/24,host=2001:db8:1::1/64", "--addr",
              "198.51.100.2/24", "--addr", "2001:db8:1::2/64", "--gateway", "198.51.100.1",
              "--gateway", "2001:db8:1::1", "--stats", "--loss", "1", "--seed", "3"]
    gateways = ["--gateway", "192.0.2.1", "--gateway", "2001:db8::1"]
    with tempfile.TemporaryDirectory() as folder, Server(FILES, *gateways):
        for family in (4, 6):
            code, _, err = run([mstack(), "fetch", *second, "-o", f"{folder}/out",
                                url(family, "large")], timeout=120)
            assert code == 0, (code, err)
            assert sha256(f"{folder}/out") == sha256(f"{FILES}/large")
            assert read_counters(err)["tcp_out_of_order_segments"] > 0, err


if __name__ == "__main__":
    need_network()
    need_programs("curl")
    for file_number in range(PARALLEL):
        random_file(FILES, name_of(file_number), BYTES)
    random_file(FILES, "large", LARGE)
    run_tests([(f"{PARALLEL} parallel connections, IPv{family}",
                lambda f=family: parallel_connections(f)) for family in (4, 6)]
              + [(f"{PARALLEL} parallel connections at 5 % loss, IPv{family}",
                  lambda f=family: parallel_connections(f, "--loss", "5", "--reorder", "2",
                                                        "--duplicate", "2"))
                 for family in (4, 6)]
              + [requests_in_many_pieces_at_once, one_connection_after_another,
                 more_connections_than_there_is_room]
              + [(f"killed clients, IPv{family}", lambda f=family: killed_clients(f))
                 for family in (4, 6)]
              + [(f"vanished clients, IPv{family}", lambda f=family: vanished_clients(f))
                 for family in (4, 6)]
              + [clients_that_do_not_read_are_given_up, a_killed_server_is_noticed,
                 two_stacks_talk_to_each_other], at_once=3)
