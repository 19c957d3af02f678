"""Links of a pair: a host sees what it would see of a cable. Each check returns sentences on what is wrong."""

import contextlib
import os
import pathlib
import signal
import time

import raw
from between import Between
from bump import Wire
from netns import run_in
from support import wait_for

SEEN_S = 3
TURN_S = 0.1  # from one look at the links to the next
NET_ADMIN = 1 << 12
FAR = {"c1": ("server", "s1"), "s1": ("client", "c1")}


def _has_link(network, host, device):
    with contextlib.suppress(RuntimeError):  # a device that is down does not tell
        return run_in(getattr(network, host), "cat", f"/sys/class/net/{device}/carrier").strip() == "1"
    return False


def _is_up(network, port):
    return int(run_in(network.middle, "cat", f"/sys/class/net/{port}/flags"), 16) & 1 == 1


def _passes(network):
    """Sentences on frames that do not pass the second pair, both ways."""
    frames = [raw.build_frame("ip", number) for number in range(50)]
    problems = []
    for near, far in (((network.client, "c1"), (network.server, "s1")), ((network.server, "s1"), (network.client, "c1"))):
        with raw.End(*near) as sender, raw.End(*far) as receiver:
            sender.send(frames)
            problems += [f"{near[1]} to {far[1]}: {sentence}" for sentence in raw.differences(frames, receiver.received(len(frames)))]
    return problems


def _powers(pid):
    """{thread: its permitted capabilities}, of those that have any."""
    found = {}
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        lines = dict(line.split(":\t", 1) for line in (task / "status").read_text().splitlines() if ":\t" in line)
        if capabilities := int(lines["CapPrm"], 16):
            found[lines["Name"]] = capabilities
    return found


def mirrored(directory, driver):
    """A link that is lost at one end of the second pair is lost at the other, and comes back with it; the first pair never notices."""
    problems = []
    with Between() as network, Wire(network, directory, driver=driver) as wire:
        if driver == "af_packet" and not _powers(wire.pid).get("mptap-links") == NET_ADMIN:
            problems.append(f"threads have the capabilities {_powers(wire.pid)}")
        if others := {name for name, powers in _powers(wire.pid).items() if powers & NET_ADMIN and name != "mptap-links"} if driver == "af_packet" else {}:
            problems.append(f"{others} may change interfaces, too")
        for device, (host, partner) in FAR.items():
            near = "client" if host == "server" else "server"
            run_in(getattr(network, near), "ip", "link", "set", device, "down")
            if not wait_for(lambda: not _has_link(network, host, partner), SEEN_S):
                problems.append(f"{device} is down, and {partner} has a link")
            if not _has_link(network, "client", "c0") or not _has_link(network, "server", "s0"):
                problems.append(f"{device} is down, and the other pair has no link")
            if not wait_for(lambda: wire.metric("mptap_port_up") == 2, SEEN_S):
                problems.append(f"{device} is down, and {wire.metric('mptap_port_up'):.0f} of 4 ports are up")
            run_in(getattr(network, near), "ip", "link", "set", device, "up")
            if not wait_for(lambda: _has_link(network, host, partner) and _has_link(network, near, device), SEEN_S):
                problems.append(f"{device} is up again, and {partner} has no link")
            problems += _passes(network)
            # The next cut is one only to who has seen this link: a port that was brought up has five seconds to find it.
            if not wait_for(lambda: wire.metric("mptap_port_up") == 4, SEEN_S):
                problems.append(f"{device} is up again, and {wire.metric('mptap_port_up'):.0f} of 4 ports are up")
            time.sleep(3 * TURN_S)
        network.set_port("lan1", "down")  # an operator's hand
        if not wait_for(lambda: not _has_link(network, "client", "c1"), SEEN_S):
            problems.append("lan1 is down, and c1 has a link")
        network.set_port("lan1", "up")
        if not wait_for(lambda: _has_link(network, "client", "c1"), SEEN_S):
            problems.append("lan1 is up again, and c1 has no link")
        problems += _passes(network) + wire.problems()
        said = wire.stderr.read_text()
        for sentence in ("wan1 has no link: lan1 is taken down", "wan1 has a link again: lan1 is brought up", "lan1 has no link: wan1 is taken down"):
            if sentence not in said:
                problems.append(f"it does not say {sentence!r}")
        return problems + wire.ends()


def left_down(directory, driver):
    """What mptap holds down when it stops is up afterwards; what it held down when it was killed is brought up by the next start."""
    problems = []
    with Between() as network:
        for name in ("stopped", "killed"):
            (directory / name).mkdir()
            with Wire(network, directory / name, driver=driver) as wire:
                run_in(network.client, "ip", "link", "set", "c1", "down")
                if not wait_for(lambda: not _is_up(network, "lan1"), SEEN_S):
                    problems.append(f"{name}: lan1 is up, though c1 is down")
                if name == "stopped":
                    problems += wire.ends()
                else:
                    os.kill(wire.pid, signal.SIGKILL)
            if _is_up(network, "lan1") != (name == "stopped"):
                problems.append(f"{name}: lan1 is {'up' if _is_up(network, 'lan1') else 'down'} afterwards")
            run_in(network.client, "ip", "link", "set", "c1", "up")
        (directory / "again").mkdir()
        with Wire(network, directory / "again", driver=driver) as wire:
            if not wait_for(lambda: _has_link(network, "server", "s1"), SEEN_S):
                problems.append("lan1 stays down after the next start")
            problems += _passes(network)
            if "lan1 was down: brought up" not in wire.stderr.read_text():
                problems.append("it does not say that it brought lan1 up")
            problems += wire.ends()
    return problems
