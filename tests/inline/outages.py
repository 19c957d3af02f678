"""What frames a pair loses while mptap is stopped, killed or stands still: without a bypass, and with the one of deploy/.

Each check prints what was lost and for how long, and returns sentences on what is wrong.
"""

import collections
import contextlib
import os
import signal
import threading
import time
from functools import partial
from typing import Callable, Literal, NamedTuple

import raw
from between import Between
from bump import Wire
from mptap import ROOT
from netns import run_in

BYPASS = ROOT / "deploy/bypass"
PORTS, PAIRS = ("wan0", "lan0"), (("wan0", "lan0"),)
EVERY_S = 0.0005
STANDS_STILL_S = 0.5
DOWN_S = 1.0
WHILE_DOWN = int(DOWN_S / EVERY_S)


class Stream:
    """Numbered frames, evenly, from one host to the other; a gap is what did not come."""

    def __init__(self, network):
        self._network, self._ended = network, threading.Event()
        self._sent, self._came = 0, []

    def __enter__(self):
        self._ends = contextlib.ExitStack()
        self._near, self._far = (self._ends.enter_context(raw.End(*place)) for place in ((self._network.client, "c0"), (self._network.server, "s0")))
        self._threads = [threading.Thread(target=self._send), threading.Thread(target=self._receive)]
        for thread in self._threads:
            thread.start()
        time.sleep(0.3)
        return self

    def _send(self):
        due = time.monotonic()
        while not self._ended.is_set():
            self._near.send([raw.build_frame("no ethertype", self._sent)])
            self._sent += 1
            due += EVERY_S
            time.sleep(max(0, due - time.monotonic()))

    def _receive(self):
        while not self._ended.is_set():
            self._came += self._far.received(1000, 0.1)
        self._came += self._far.received(1 << 20, 0.5)

    def __exit__(self, *_):
        time.sleep(0.3)
        self._ended.set()
        for thread in self._threads:
            thread.join()
        self._ends.close()

    def lost(self):
        """Frames that never came, those that came again, and the longest gap in milliseconds; after its end."""
        counts = collections.Counter(int.from_bytes(frame[raw.HEADER_BYTES:raw.HEADER_BYTES + 4], "big") for frame in self._came)
        missing = [number for number in range(self._sent) if number not in counts]
        longest = run = 0
        for before, number in zip([-2, *missing], missing):
            run = run + 1 if number == before + 1 else 1
            longest = max(longest, run)
        return len(missing), sum(counts.values()) - len(counts), longest * EVERY_S * 1000


def _bypass(network, action):
    run_in(network.middle, str(BYPASS), action, *PORTS)


def _restart(network, stack, first, second, bypassed, down_s=0):
    if bypassed:
        _bypass(network, "on")
    first.ends()
    time.sleep(down_s)
    stack.enter_context(second)
    if bypassed:
        _bypass(network, "off")


def _kill(network, stack, first, second, bypassed, down_s=0):
    first.__exit__()
    if bypassed:
        _bypass(network, "on")
    time.sleep(down_s)
    stack.enter_context(second)
    if bypassed:
        _bypass(network, "off")


def _stand_still(_network, _stack, first, _second, _bypassed):
    os.kill(first.pid, signal.SIGSTOP)
    time.sleep(STANDS_STILL_S)
    os.kill(first.pid, signal.SIGCONT)


def _reload(_network, _stack, first, _second, _bypassed):
    os.kill(first.pid, signal.SIGHUP)


class Outage(NamedTuple):
    """What happens, when the bypass is there, and how many frames may be lost (None: any number, but not none)."""

    happens: Callable
    bypass: Literal["never", "meanwhile", "always"]
    most: int | None
    driver: str = "af_packet"


OUTAGES = {
    "reload": Outage(_reload, "never", 0),
    "stands still": Outage(_stand_still, "never", 0),
    "restart": Outage(_restart, "never", None),
    "restart, bypass": Outage(_restart, "meanwhile", 0),
    "killed": Outage(_kill, "never", None),
    "killed, bypass": Outage(_kill, "meanwhile", None),
    # A bridge that stays, and that af_xdp leaves nothing for: it carries most of what comes while mptap is down.
    "reload, af_xdp, bypass": Outage(_reload, "always", 0, "af_xdp"),
    "down, af_xdp": Outage(partial(_restart, down_s=DOWN_S), "never", None, "af_xdp"),
    "down, af_xdp, bypass": Outage(partial(_restart, down_s=DOWN_S), "always", WHILE_DOWN // 2, "af_xdp"),
    "killed, af_xdp, bypass": Outage(partial(_kill, down_s=DOWN_S), "always", WHILE_DOWN // 2, "af_xdp"),
}


def outage(directory, how):
    """One of OUTAGES amid a stream of frames."""
    happens, bypass, most, driver = OUTAGES[how]
    folders = [directory / name for name in ("first", "second")]
    for folder in folders:
        folder.mkdir()
    with contextlib.ExitStack() as stack:
        network = stack.enter_context(Between())
        first, second = (Wire(network, folder, PORTS, PAIRS, driver) for folder in folders)
        if bypass == "always":
            _bypass(network, "on")
        stack.enter_context(first)
        with Stream(network) as stream:
            happens(network, stack, first, second, bypass == "meanwhile")
        lost, twice, longest_ms = stream.lost()
    print(f"{how}: {lost} frames lost, at most {longest_ms:.0f} ms on end; {twice} came twice")
    problems = []
    if most is not None and lost > most:
        problems.append(f"{lost} frames were lost, {longest_ms:.0f} ms on end")
    if most is None and not lost:
        problems.append("nothing was lost: this checks nothing")
    if twice and bypass != "meanwhile":
        problems.append(f"{twice} frames came twice")
    return problems
