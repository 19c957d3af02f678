"""Faults of the configuration and of a second sensor."""

import os
import random
import signal

from mptap import Sensor
from rig import Rig, Traffic

BIG = 2 << 20


def _garbage(chance, good):
    """(name, bytes) of what a reload might find."""
    yield "nothing", b""
    yield "zeros", bytes(4_096)
    yield "noise", chance.randbytes(4_096)
    yield "half of it", good[: len(good) // 2] + b"\n  wor"
    yield "a binary", b"\x7fELF" + chance.randbytes(2_000)
    yield "too much", b"# " + b"x" * BIG
    yield "deep", b"a: " + b"[" * 3_000
    yield "an alias bomb", b"a: &a [x,x]\nb: &b [*a,*a]\nc: [*b,*b]\n"
    for _ in range(12):
        damaged = bytearray(good)
        for _ in range(chance.randrange(1, 20)):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        yield "damaged", bytes(damaged)


def reloads(folder):
    """The file is garbage, many times, amid traffic: each is refused with a sentence, and nothing changes or is lost."""
    chance = random.Random(3)
    with Rig(folder) as rig:
        good = rig.sensor.config.read_bytes()
        before = rig.metric("config_hash")
        count = 0
        with Traffic(rig.opener):
            for name, text in _garbage(chance, good):
                rig.sensor.config.write_bytes(text)
                os.kill(rig.sensor.pid, signal.SIGHUP)
                count += 1
                rig.soon(lambda count=count: rig.metric("config_reloads_total") == count, f"a reload of {name} does not end")
                if name != "damaged":  # one or the other letter of it may do no harm
                    refused = rig.metric('config_reloads_total{result="refused"}')
                    rig.wants(refused == count, f"a reload of {name} is not refused")
                    rig.wants(rig.metric("config_hash") == before, f"a reload of {name} changes something")
            rig.sensor.config.unlink()
            os.kill(rig.sensor.pid, signal.SIGHUP)
            rig.soon(lambda: rig.metric("config_reloads_total") == count + 1, "a reload without a file does not end")
        rig.sensor.config.write_bytes(good)
        os.kill(rig.sensor.pid, signal.SIGHUP)
        rig.soon(lambda: rig.metric("config_reloads_total") == count + 2 and rig.metric("config_hash") == before, "the good file is not taken again")
        rig.says("nothing was changed")
        rig.soon(lambda: rig.unseen() == 0, "frames are neither received nor missed")
        rig.works()
        rig.ends_well()
    return rig.problems


def same_interface(folder):
    """Two sensors on one interface: both see all of it, and each has its own logs and metrics."""
    with Rig(folder) as rig:
        other = folder / "other"
        other.mkdir()
        with Sensor(rig.namespace, "tap0", other, metrics_port=9465, settings="hugepages: never", descriptors=2048) as second:
            rig.works()
            rig.soon(lambda: second.metric('mptap_log_rows_written_total{log="mptcp_subflow"}') == 20, "the second sensor does not see what the first does")
            rig.wants(second.stop() == 0, "the second sensor ends with an error")
        rig.works()
        rig.ends(0)
        rig.lines_are_whole()
    return rig.problems
