"""Faults of those who ask: the metrics listener and the control socket under clients that are slow, or mean harm."""

import contextlib
import json
import os
import random
import socket
import subprocess
import time

from mptap import BINARY, METRICS
from netns import inside
from rig import Rig

PROMETHEUS_S = 10  # how long a scrape may take by default
LORISES = 60
EVIL_REQUESTS = (
    b"GET /metrics HTTP/1.1\r\nX: " + b"a" * 200_000,
    b"GET /" + b"m" * 100_000 + b" HTTP/1.1\r\n\r\n",
    b"GET /metrics HTTP/1.1\r\n" + b"X: y\r\n" * 20_000,
    b"GET /metrics",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200),
    b"\0" * 5_000,
    b"POST /metrics HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n",
    b"POST /metrics HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n",
    b"GET http://127.0.0.1/../../etc/passwd HTTP/1.1\r\n\r\n",
    b"GET /metrics HTTP/9.9\r\n\r\n",
    b"\r\n\r\n\r\n",
)
EVIL_QUESTIONS = (
    b"\0" * 500 + b"\n", b'{"ask":', b'{"ask":"status"', b"\n" * 3_000, b'{"ask":"status"}' * 200 + b"\n", b"x" * 1_000_000, b"[" * 3_000 + b"\n",
    b'{"ask":"connections","limit":' + b"9" * 3_000 + b"}\n", b'{"ask":"status","ask":"status"}\n', b'"\\ud800"\n', b"\xff\xfe\n",
)  # fmt: skip


def _connect(rig):
    with inside(rig.namespace):
        client = socket.create_connection(METRICS, timeout=5)
    client.settimeout(5)
    return client


def _scrape_s(rig):
    """How long a good client waits for its answer."""
    started = time.monotonic()
    with contextlib.suppress(OSError), _connect(rig) as client:
        client.settimeout(30)
        client.sendall(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
        answer = b""
        while part := client.recv(65536):
            answer += part
        if answer.startswith(b"HTTP/1.1 200 ") and b"mptap_build_info" in answer:
            return time.monotonic() - started
    return float("inf")


def _memory_mib(rig):
    with open(f"/proc/{rig.sensor.pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmRSS"))


def _files(rig):
    return len(os.listdir(f"/proc/{rig.sensor.pid}/fd"))


def metrics(folder):
    """Slow and malicious scrapers: a good one has its answer within the time that Prometheus gives it, and nothing is kept of them."""
    with Rig(folder) as rig:
        rig.works()
        before, files = _memory_mib(rig), _files(rig)
        for request in EVIL_REQUESTS:
            with contextlib.suppress(OSError), _connect(rig) as client:
                client.sendall(request)
                client.shutdown(socket.SHUT_WR)
                client.recv(65536)
            rig.wants((waited := _scrape_s(rig)) < PROMETHEUS_S, f"after {request[:30]!r} a scrape takes {waited:.1f} s")
        with contextlib.ExitStack() as stack:  # slow ones: a letter now and then
            lorises = []
            for _ in range(LORISES):
                with contextlib.suppress(OSError):
                    lorises.append(stack.enter_context(_connect(rig)))
            for loris in lorises:
                with contextlib.suppress(OSError):
                    loris.sendall(b"GET /metrics HTTP/1.1\r\nHost: local")
            waited = _scrape_s(rig)
            rig.wants(waited < PROMETHEUS_S, f"beside {LORISES} slow clients a scrape takes {waited:.1f} s")
            print(f"        beside {LORISES} slow clients a scrape takes {waited:.1f} s")
        with contextlib.ExitStack() as stack:  # those that ask and never read
            for _ in range(20):
                with contextlib.suppress(OSError):
                    client = stack.enter_context(_connect(rig))
                    client.sendall(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n" * 50)
            waited = _scrape_s(rig)
            rig.wants(waited < PROMETHEUS_S, f"beside clients that never read a scrape takes {waited:.1f} s")
        rig.works()
        rig.soon(lambda: _files(rig) <= files, f"files stay open: {files} before")
        rig.wants(_memory_mib(rig) < before + 32, f"memory grew from {before:.0f} to {_memory_mib(rig):.0f} MiB")
        rig.ends_well()
    return rig.problems


def _status(rig):
    """What a good client is told, and after how long."""
    started = time.monotonic()
    done = subprocess.run([BINARY, "status", "--json", "--socket", rig.directory / "control.sock"], capture_output=True, text=True, timeout=60,
                          check=False)  # fmt: skip
    waited = time.monotonic() - started
    if done.returncode != 0:
        return None, waited
    return json.loads(done.stdout), waited


def _ask(rig):
    client = socket.socket(socket.AF_UNIX)
    client.settimeout(5)
    client.connect(str(rig.directory / "control.sock"))
    return client


def control(folder):
    """Garbage, half lines, a huge question, clients that never read and a thousand that come and go: a good one is answered."""
    chance = random.Random(11)
    with Rig(folder) as rig:
        rig.works()
        before, files = _memory_mib(rig), _files(rig)
        questions = [*EVIL_QUESTIONS, *(chance.randbytes(chance.randrange(1, 5_000)) for _ in range(50))]
        for question in questions:
            with contextlib.suppress(OSError), _ask(rig) as client:
                client.sendall(question)
        status, waited = _status(rig)
        rig.wants(status is not None, f"after {len(questions)} bad questions `mptap status` fails")
        for _ in range(1_000):
            with contextlib.suppress(OSError), _ask(rig) as client:
                client.sendall(b'{"ask":"status"}\n')
        status, waited = _status(rig)
        rig.wants(status is not None and waited < 20, f"after a thousand clients `mptap status` takes {waited:.1f} s")
        with contextlib.ExitStack() as stack:  # they ask and never read
            for _ in range(8):
                with contextlib.suppress(OSError):
                    client = stack.enter_context(_ask(rig))
                    client.setblocking(False)
                    client.sendall(b'{"ask":"connections","limit":1000}\n' * 100)
            status, waited = _status(rig)
            rig.wants(status is not None and waited < 20, f"beside clients that never read `mptap status` takes {waited:.1f} s")
            print(f"        beside clients that never read, `mptap status` takes {waited:.1f} s")
            rig.works()
        rig.soon(lambda: _files(rig) <= files, f"files stay open: {files} before")
        rig.wants(_memory_mib(rig) < before + 32, f"memory grew from {before:.0f} to {_memory_mib(rig):.0f} MiB")
        rig.wants(rig.metric("stalled_threads") == 0, "a thread stands still")
        rig.ends_well()
    return rig.problems
