"""A real sensor that holds a connection of two paths whose bytes it has counted.

Its port reads a pipe, and the packets come one by one: so time passes between them, and workers report what moved.
"""

import contextlib
import os
import pathlib
import threading
import time

from captures import FILE_HEADER, packet_offsets
from mptap import ROOT, START_S
from running import Running

CAPTURE = ROOT / "tests/captures/basic-v1/capture.pcap"
PACKETS = 67       # a connection of two paths has moved all its data, and none of them has ended
PACE_S = 0.02      # longer than counters_interval


class Sensed(Running):
    """Enter the context, and it watches; leave it, and it is gone."""

    def __init__(self, folder, name="sensed", **values):
        self._pipe = pathlib.Path(folder) / f"{name}.pipe"
        os.mkfifo(self._pipe)
        super().__init__(folder, name, port=f"net_pcap0,rx_pcap={self._pipe}", **values)
        self.url = f"http://{self._listen}"

    def __enter__(self):
        self.write()
        self._config.write_text(self._config.read_text() + "subflows: {counters_interval: 10ms}\n")
        threading.Thread(target=self._play, daemon=True).start()
        self.start()
        if problems := list(self._expect("watching 1 port")):
            self.end()
            raise RuntimeError(problems[0])
        return self

    def __exit__(self, *_):
        self.end()

    def _play(self):
        data = CAPTURE.read_bytes()
        offsets = packet_offsets(data)
        with contextlib.suppress(BrokenPipeError), self._pipe.open("wb", buffering=0) as pipe:
            pipe.write(data[:FILE_HEADER])
            for start, end in zip(offsets[:PACKETS], offsets[1:]):
                pipe.write(data[start:end])
                time.sleep(PACE_S)

    def wait_for_packets(self):
        """Until all are counted."""
        deadline = time.monotonic() + START_S
        while self._metric("mptap_rx_packets_total") < PACKETS:
            if time.monotonic() > deadline:
                raise RuntimeError("the packets were not read in time")
            time.sleep(0.05)
