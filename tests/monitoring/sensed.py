"""A live sensor that needs no root and no network: `mptap run` reads captures from a pipe, at the pace they are written.

A capture replayed by `infinite_rx=1` would take a whole core, and show the sensor one and the same traffic: copies.
"""

import os
import pathlib
import signal
import socket
import struct
import subprocess
import threading
import time

from mptap import BINARY, ROOT, START_S, STOP_S

CAPTURES = ROOT / "tests/captures"
PRELUDE = "basic-v0"  # until somebody listens: what is counted before the first scrape never moved, to Prometheus
# Written in turn then: connections of both versions, and what goes wrong with them.
PLAYED = ("demo", "basic-v1", "joins-both", "unknown-join", "refused-join", "denied-join", "wrong-hmac", "addr-hmac-forms",
          "fallback", "rejected", "malformed", "frames", "corpus-fallback-burst", "corpus-token-guessing", "join-flood",
          "corpus-key-change-number", "priority", "addresses", "corpus-half-open-join", "reset")
ETHERNET = 1
HEADER = struct.Struct("<IHHiIII")
RECORD = struct.Struct("<IIII")
PIECES = 5  # of a capture, with a pause before each
PAUSE_S = 0.06
WATCHING = "watching 1 port"

CONFIG = """\
ports:
  - vdev: "net_pcap0,rx_pcap={pipe}"
hugepages: never
logs:
  directory: {logs}
metrics:
  listen: {listen}
"""


def frames(path):
    """The records of a capture as they are, header and frame."""
    data = path.read_bytes()
    magic, *_, link = HEADER.unpack_from(data)
    if magic not in (0xA1B2C3D4, 0xA1B23C4D) or link != ETHERNET:
        raise ValueError(f"{path} is no little-endian Ethernet capture")
    offset = HEADER.size
    while offset < len(data):
        end = offset + RECORD.size + RECORD.unpack_from(data, offset)[2]
        yield data[offset:end]
        offset = end


class Sensed:
    """The sensor and what feeds it, while the context lasts; `address` is where its metrics are."""

    def __init__(self, folder):
        self._folder = pathlib.Path(folder)
        self._pipe = self._folder / "frames.pcap"
        self._ending = threading.Event()
        self._began = threading.Event()
        self.played = threading.Event()  # all captures, once

    def __enter__(self):
        os.mkfifo(self._pipe)
        config = self._folder / "mptap.yaml"
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.address = f"127.0.0.1:{free.getsockname()[1]}"
        config.write_text(CONFIG.format(pipe=self._pipe, logs=self._folder / "logs", listen=self.address))
        self._stderr = self._folder / "stderr"
        self._feeder = threading.Thread(target=self._feed, daemon=True)
        self._feeder.start()
        with self._stderr.open("w") as stderr:
            self._process = subprocess.Popen([BINARY, "run", "--config", config], stdin=subprocess.DEVNULL, stderr=stderr)
        deadline = time.monotonic() + START_S
        while WATCHING not in self._stderr.read_text():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.__exit__()
                raise RuntimeError(f"mptap run did not start: {self._stderr.read_text().strip()}")
            time.sleep(0.05)
        return self

    def __exit__(self, *_):
        self._ending.set()
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        self._feeder.join(STOP_S)

    def play(self):
        """Begins with what is to be seen."""
        self._began.set()

    def stop(self):
        """Asks it to end; returns its exit code."""
        self._ending.set()
        self._feeder.join(STOP_S)  # a worker that waits for the pipe sees its end
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(STOP_S)

    def _feed(self):
        """Writes captures to the pipe until told to end."""
        descriptor = self._open()
        if descriptor is None:
            return
        try:
            with open(descriptor, "wb", buffering=0) as pipe:
                pipe.write(HEADER.pack(0xA1B2C3D4, 2, 4, 0, 0, 65535, ETHERNET))
                while not self._ending.is_set():
                    for name in PLAYED if self._began.is_set() else (PRELUDE,):
                        self._play(pipe, list(frames(CAPTURES / name / "capture.pcap")))
                        played = name
                    if played == PLAYED[-1]:
                        self.played.set()
        except BrokenPipeError:
            pass  # the sensor is gone; whoever waits for it says so

    def _play(self, pipe, capture):
        step = max(1, -(-len(capture) // PIECES))
        for start in range(0, len(capture), step):
            if self._ending.wait(PAUSE_S):
                return
            pipe.write(b"".join(capture[start : start + step]))

    def _open(self):
        """The pipe once somebody reads it, or None where nobody ever does."""
        while not self._ending.wait(0.02):
            try:
                descriptor = os.open(self._pipe, os.O_WRONLY | os.O_NONBLOCK)
            except OSError:
                continue
            os.set_blocking(descriptor, True)
            return descriptor
        return None
