"""Hostile traffic of a soak: the captures of misuse and damage, over and over, and floods of connections."""

import pathlib
import random
import socket
import threading
import time

from netns import inside
from opener import Opener
from option_bytes import frames_in

CAPTURES = pathlib.Path(__file__).resolve().parents[1] / "captures"
ETHERNET = 1
LONGEST = 1514  # that the link takes
BURST = 50
REST_S = 0.02
FLOOD = 400  # connections
FLOODS = 0.1


def _is_fragment(frame):
    """The kernel puts IPv4 fragments together before DPDK's af_packet sees them, and keeps those of which a part is missing."""
    return frame[12:14] == b"\x08\x00" and (frame[20] & 0x3F or frame[21])


def captures():
    """[frames] of each shipped capture of Ethernet, without what the kernel does not hand on as it is."""
    for path in sorted(CAPTURES.glob("*/capture.pcap")):
        data = path.read_bytes()
        found = list(frames_in(data))
        if found and found[0][0] == ETHERNET:
            yield [data[start : start + size] for _, start, size in found
                   if size <= LONGEST and not _is_fragment(data[start : start + size])]  # fmt: skip


class Attacker(threading.Thread):
    """Sends into `device` of `namespace` until `end`; `hold` is a lock: whoever has it is not disturbed."""

    def __init__(self, namespace, device, seed):
        super().__init__()
        self._random = random.Random(seed)
        self._captures = list(captures())
        self._opener = Opener(namespace, device)
        with inside(namespace):
            self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        self._socket.bind((device, 0))
        self._ending = threading.Event()
        self.hold = threading.Lock()
        self.replayed = 0  # captures
        self.frames = 0

    @property
    def flooded(self):
        """Connections opened by hand."""
        return len(self._opener.flows)

    def replay_all(self):
        """Each capture once."""
        for frames in self._captures:
            self._replay(frames)

    def run(self):
        while not self._ending.wait(self._random.uniform(0.05, 0.5)):
            with self.hold:
                if self._random.random() < FLOODS:
                    self._opener.open(FLOOD)
                else:
                    self._replay(self._random.choice(self._captures))
        self._socket.close()
        self._opener.close()

    def end(self):
        """After what is under way."""
        self._ending.set()
        self.join()

    def _replay(self, frames):
        for number, frame in enumerate(frames):
            self._socket.send(frame)
            if number % BURST == BURST - 1:
                time.sleep(REST_S)
        self.replayed += 1
        self.frames += len(frames)
