"""Waits for notices in a sensor's JSON log as it grows."""

import json
import time

LOOK_S = 0.001
GIVE_UP_S = 4


def wait_for_notice(sensor, wanted, since):
    """Seconds from `since`, a time of the epoch, until a row with `wanted` as a part could be read; None: not in GIVE_UP_S."""
    path = sensor.directory / "notice.log"
    read = 0
    while time.time() < since + GIVE_UP_S:
        if path.exists():
            with path.open() as lines:
                lines.seek(read)
                while (line := lines.readline()).endswith("\n"):
                    read = lines.tell()
                    if wanted.items() <= json.loads(line).items():
                        return time.time() - since
        time.sleep(LOOK_S)
    return None
