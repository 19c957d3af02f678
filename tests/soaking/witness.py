"""What went on beside a soaked sensor: the machine's clock and pace, and what happened while a flow lived that is not as it should be."""

import contextlib
import threading
import time

LOOK_S = 0.1
LATE_S = 0.5  # a look so much too late: the machine stood still
STEP_S = 0.2  # between the wall clock and the monotonic one
AROUND_S = 2  # before and after a flow's life
SHOWN = 8
LOSSES = {"packets missed": "port_nic_missed", "records lost": "ring_full", "rows dropped": "log_rows_dropped"}


class ClockWatch(threading.Thread):
    """Looks at both clocks until `end`. `notes`: (begin, end, sentence), by the wall clock."""

    def __init__(self):
        super().__init__()
        self._ending = threading.Event()
        self.notes = []

    def run(self):
        wall, monotonic = time.time(), time.monotonic()
        while not self._ending.wait(LOOK_S):
            wall_before, monotonic_before = wall, monotonic
            wall, monotonic = time.time(), time.monotonic()
            stepped = (wall - wall_before) - (monotonic - monotonic_before)
            if abs(stepped) > STEP_S:
                self.notes.append((wall_before, wall, f"the wall clock stepped by {stepped:.1f} s"))
            if monotonic - monotonic_before > LOOK_S + LATE_S:
                self.notes.append((wall_before, wall, f"the machine stood still for {monotonic - monotonic_before:.1f} s"))

    def end(self):
        """Looks no more."""
        self._ending.set()
        self.join()


class LossWatch(threading.Thread):
    """Asks the sensor every second what was lost, until `end`. `notes`: (begin, end, sentence), by the wall clock."""

    def __init__(self, sensor):
        super().__init__()
        self._sensor = sensor
        self._ending = threading.Event()
        self.notes = []

    def run(self):
        asked, known = time.time(), self._counts()
        while True:
            is_last = self._ending.wait(1)
            asked_before, known_before = asked, known
            with contextlib.suppress(OSError):  # it does not answer just now: what it lost is told by the next answer
                known, asked = self._counts(), time.time()
                lost = {what: known[what] - known_before[what] for what in known if known[what] != known_before[what]}
                self.notes += [(asked_before, asked, f"{count:.0f} {what}") for what, count in lost.items()]
            if is_last:
                return

    def _counts(self):
        return {what: self._sensor.metric(f"mptap_{metric}_total") for what, metric in LOSSES.items()}

    def end(self):
        """Asks once more."""
        self._ending.set()
        self.join()


def meanwhile(row, notes):
    """The notes on what happened while the flow of `row` lived, or shortly before or after."""
    begin, end = row["ts"] - AROUND_S, row["ts"] + row["duration"] + AROUND_S
    return [f"{what} from {since - row['ts']:+.2f} to {until - row['ts']:+.2f} s" for since, until, what in notes if since <= end and until >= begin]


def unexplained(rows, losses):
    """A sentence on each of some rows that lived while nothing was lost."""
    return accounts([row for row in rows if not meanwhile(row, losses)], losses)


def accounts(rows, notes):
    """A sentence on each of some rows, and on what happened meanwhile."""
    for row in rows[:SHOWN]:
        told = {name: row.get(name) for name in ("orig_h", "orig_p", "resp_p", "ts", "duration", "outcome", "state", "close",
                                                 "token_orig", "orig_segments", "resp_segments") if name in row}  # fmt: skip
        yield f"{told}; meanwhile: {'; '.join(meanwhile(row, notes)) or 'nothing'}"
    if len(rows) > SHOWN:
        yield f"and {len(rows) - SHOWN} more"
