"""logrotate at work while a sensor writes: afterwards every row must be there, once."""

import collections
import gzip
import json
import pathlib
import subprocess
import time

from opener import FRAMES

ROTATIONS = 8  # fewer than the files that are kept
LOT = 50  # connections: their frames fit into the smallest ring that tests ask for
LOG = "mptcp_subflow.log"
SEEN_S = 20
WRITTEN_S = 0.1  # ten times what docs/logs.md says


class Rotated:
    """Opens connections with `opener` and rotates by `config`, again and again.

    `segments()` is how many TCP segments the sensor has seen.
    """

    def __init__(self, opener, segments, config, state, env=None):
        self._opener = opener
        self._segments = segments
        self._command = ["logrotate", "--force", "--state", str(state), str(config)]
        self._env = env

    def problems(self):
        """What went wrong on the way; the rows are looked at when the sensor has stopped."""
        for _ in range(ROTATIONS):
            yield from self._open_lot()
            time.sleep(WRITTEN_S)  # an empty log is not rotated
            rotation = subprocess.Popen(self._command, env=self._env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            while rotation.poll() is None:
                yield from self._open_lot()
            if (said := rotation.stdout.read().decode().strip()) or rotation.returncode:
                yield f"logrotate ends with {rotation.returncode} and says {said!r}"
            rotation.stdout.close()
        yield from self._open_lot()

    def _open_lot(self):
        wanted = (len(self._opener.flows) + LOT) * FRAMES
        self._opener.open(LOT)
        deadline = time.monotonic() + SEEN_S
        while (seen := self._segments()) < wanted:
            if time.monotonic() > deadline:
                yield f"the sensor saw {seen:.0f} segments of {wanted}"
                return


def row_problems(directory, flows):
    """What is wrong with the JSON rows of all files that rotation left: each of `flows` is to be there once."""
    files = sorted(pathlib.Path(directory).glob(f"{LOG}*"))
    problems = [] if len(files) == ROTATIONS + 1 else [f"{len(files)} files of {LOG} instead of {ROTATIONS + 1}"]
    compressed = [path for path in files if path.suffix == ".gz"]
    if len(compressed) != ROTATIONS - 1:
        problems.append(f"{len(compressed)} files are compressed instead of all but the last two")
    found = collections.Counter()
    for path in files:
        text = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        if not text:
            problems.append(f"{path.name} is empty")
        for row in map(json.loads, text.decode().splitlines()):
            found[row["orig_h"], row["orig_p"]] += 1
    lost = [flow for flow in flows if not found[flow]]
    twice = [flow for flow, count in found.items() if count > 1]
    if lost:
        problems.append(f"{len(lost)} of {len(flows)} rows are lost, the first is that of {lost[0]}")
    if twice:
        problems.append(f"{len(twice)} rows are there more than once, the first is that of {twice[0]}")
    return problems
