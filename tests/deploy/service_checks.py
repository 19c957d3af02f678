"""Runs in the container (container.py), as root: the service under its own unit, and what systemd lets it do.

    service_checks.py PATTERN    only the checks whose name contains PATTERN

Prints a line of JSON first, then one for each check, then one more.
"""

import http.client
import json
import os
import pathlib
import resource
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE), str(HERE.parent / "lab")]

from opener import FRAMES, Opener  # noqa: E402
from rotation import Rotated, row_problems  # noqa: E402

CONFIG = pathlib.Path("/etc/mptap/mptap.yaml")
DROP_INS = pathlib.Path("/run/systemd/system/mptap.service.d")
LOGS = pathlib.Path("/var/log/mptap")
TAP, SPAN, ADDRESS = "tap0", "span0", "192.0.2.250"
SOON_S = 15 * int(os.environ.get("MPTAP_SLOWNESS", "1"))  # an emulated machine takes its time
# 256 descriptors: containers may lock little memory.
YAML = """\
ports:
  - {port}
hugepages: {hugepages}
logs: {{directory: /var/log/mptap, format: json}}
metrics: {{listen: "{listen}:9464"}}
"""
PACKET_PORT = f"{{interface: {TAP}, receive_descriptors: 256}}"
XDP_PORT = f"{{interface: {TAP}, driver: af_xdp, receive_descriptors: 256}}"
NET_RAW, NET_ADMIN = 1 << 13, 1 << 12
RING_BYTES = 64 << 20  # more than the ports here lock


def run(*command):
    """Runs a command; returns its exit code."""
    return subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=60).returncode


def shown(name):
    """What systemd says of the service."""
    command = ("systemctl", "show", "--property", name, "--value", "mptap")
    return subprocess.run(command, capture_output=True, text=True, timeout=20).stdout.strip()


def journal(lines=5):
    """The last that the service said."""
    command = ("journalctl", "--unit=mptap", "--output=cat", f"--lines={lines}")
    return subprocess.run(command, capture_output=True, text=True, timeout=20).stdout.strip()


def soon(condition):
    """Whether something becomes true in time."""
    deadline = time.monotonic() + SOON_S
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def scrape(host="127.0.0.1"):
    """The metrics page, or None where nobody answers."""
    connection = http.client.HTTPConnection(host, 9464, timeout=2)
    try:
        connection.request("GET", "/metrics")
        return connection.getresponse().read().decode()
    except OSError:
        return None
    finally:
        connection.close()


def metric(name):
    """The sum of a metric's samples; 0 where nobody answers."""
    samples = (line.rsplit(" ", 1) for line in (scrape() or "").splitlines())
    return sum(float(value) for sample, value in samples if sample.split("{")[0] == name)


def segments():
    """TCP segments that the sensor has seen."""
    return metric("mptap_tcp_segments_total")


def write(port=PACKET_PORT, hugepages="auto", listen="127.0.0.1"):
    """Writes the configuration."""
    CONFIG.write_text(YAML.format(port=port, hugepages=hugepages, listen=listen))


class NotStarted(RuntimeError):
    """The service does not start; the text says why."""


def start(*drop_ins, setting=""):
    """Starts the service with drop-ins of deploy/systemd and settings of a test."""
    run("systemctl", "stop", "mptap")
    run("systemctl", "reset-failed", "mptap")
    DROP_INS.mkdir(parents=True, exist_ok=True)
    for path in DROP_INS.iterdir():
        path.unlink()
    for name in drop_ins:
        (DROP_INS / name).write_text((ROOT / "deploy/systemd" / name).read_text())
    (DROP_INS / "test.conf").write_text(f"[Service]\nTimeoutStartSec={SOON_S}s\n{setting}\n")
    run("systemctl", "daemon-reload")
    if run("systemctl", "start", "mptap") != 0:
        raise NotStarted(f"it does not start: {journal()}")


def starts(setting=""):
    """Whether it starts without a drop-in."""
    try:
        start(setting=setting)
    except NotStarted:
        return False
    return True


def stop():
    """Stops it; yields what is wrong with how it ended."""
    if run("systemctl", "stop", "mptap") != 0 or (result := shown("Result")) != "success":
        yield f"it does not stop in order: {result}, {journal()}"


def sees(opener):
    """Whether it sees packets that are sent now; yields what is wrong."""
    before = segments()
    opener.open(5)
    if not soon(lambda: segments() >= before + 5 * FRAMES):
        yield f"it saw {segments() - before:.0f} segments of {5 * FRAMES}: {journal()}"


def runs(opener):
    """As the unit is: who it is, what it may do, and that this is enough."""
    write()
    start()
    yield from sees(opener)
    status = dict(line.split(":\t", 1) for line in pathlib.Path(f"/proc/{shown('MainPID')}/status").read_text().splitlines()
                  if ":\t" in line)
    passwd = [line.split(":") for line in pathlib.Path("/etc/passwd").read_text().splitlines()]
    uid = next((user[2] for user in passwd if user[0] == "mptap"), None)
    if status["Uid"].split() != [uid] * 4:
        yield f"user IDs are {status['Uid']}, mptap is {uid}"
    for name, wanted in {"CapInh": 0, "CapPrm": 0, "CapEff": 0, "CapAmb": 0, "CapBnd": NET_RAW | NET_ADMIN}.items():
        if int(status[name], 16) != wanted:  # given up once the port is open
            yield f"{name} is {status[name]}"
    if (status["NoNewPrivs"], status["Seccomp"]) != ("1", "2"):
        yield f"NoNewPrivs is {status['NoNewPrivs']}, Seccomp is {status['Seccomp']}"
    for path in (LOGS, *LOGS.iterdir()):
        if path.owner() != "mptap" or path.group() != "mptap" or path.stat().st_mode & 0o027:
            yield f"{path} belongs to {path.owner()}:{path.group()}, mode {path.stat().st_mode & 0o777:o}"
    # What is lost is asked of the driver's sockets, which are found in /proc/self.
    run("systemctl", "kill", "--kill-whom=main", "--signal=STOP", "mptap")
    opener.open(1024 // FRAMES)  # four times what the ring holds
    run("systemctl", "kill", "--kill-whom=main", "--signal=CONT", "mptap")
    if not soon(lambda: metric("mptap_port_nic_missed_total") > 0):
        yield "packets that were lost are not counted"
    yield from stop()


def answers(opener):
    """Whoever is of its group may ask; systemctl status tells how it does."""
    write()
    start()
    yield from sees(opener)
    for user, group, wanted in (("root", "root", "1 port up"), ("mptap", "mptap", "1 port up"), ("nobody", "mptap", "1 port up"),
                                ("nobody", "nogroup", "permission denied")):  # fmt: skip
        command = ("setpriv", f"--reuid={user}", f"--regid={group}", "--clear-groups", "/usr/bin/mptap", "status")
        done = subprocess.run(command, capture_output=True, text=True, timeout=20)
        if wanted not in done.stdout + done.stderr:
            yield f"{user} of group {group} is told {done.stdout + done.stderr!r} instead of {wanted!r}"
    if not soon(lambda: shown("StatusText").startswith("1 port up, ")):
        yield f"systemctl status says {shown('StatusText')!r}"
    yield from stop()


def large_pages(_):
    """Hugepages without a device, a mount or a capability."""
    write(hugepages="always")
    start()
    if " /memfd:seg_" not in pathlib.Path(f"/proc/{shown('MainPID')}/maps").read_text():
        yield "it uses none"
    yield from stop()


def why_not_large_pages():
    """Why they cannot be tried."""
    free = next(line.split()[1] for line in pathlib.Path("/proc/meminfo").read_text().splitlines() if "HugePages_Free" in line)
    return None if int(free) >= 256 else f"{free} hugepages are free here; 256 are asked for"


def metrics_addresses(_):
    """Metrics are for this machine, and for others only with the drop-in."""
    write(listen="0.0.0.0")
    start()
    if scrape() is None:
        yield "this machine is not answered"
    if scrape(ADDRESS) is not None:
        yield "another address than localhost is answered"
    start("metrics-network.conf")
    if scrape(ADDRESS) is None:
        yield "with metrics-network.conf, an address that it allows is not answered"
    yield from stop()


def reloads(_):
    """`systemctl reload` takes the configuration over, and fails where it has mistakes."""
    write()
    start()
    process, before = shown("MainPID"), journal(200).count("reloaded /etc/mptap")
    if run("systemctl", "reload", "mptap") != 0 or not soon(lambda: journal(200).count("reloaded /etc/mptap") > before):
        yield f"it does not reload: {journal()}"
    CONFIG.write_text(CONFIG.read_text() + "nonsense: 1\n")
    if run("systemctl", "reload", "mptap") == 0:
        yield "a reload with a mistake succeeds"
    if shown("MainPID") != process or shown("ActiveState") != "active":
        yield f"after a mistake it is {shown('ActiveState')}"
    yield from stop()


def rotates(opener):
    """The installed logrotate file, while rows are written."""
    for path in LOGS.iterdir():
        path.unlink()
    opener.flows.clear()
    write()
    start()
    yield from Rotated(opener, segments, "/etc/logrotate.d/mptap", "/root/logrotate.state").problems()
    yield from stop()
    yield from row_problems(LOGS, opener.flows)


def restarts(_):
    """A crash is followed by a restart."""
    write()
    start(setting="RestartSec=100ms")
    process = shown("MainPID")
    run("systemctl", "kill", "--kill-whom=main", "--signal=KILL", "mptap")
    if not soon(lambda: shown("ActiveState") == "active" and shown("MainPID") not in (process, "0")):
        yield f"it is {shown('ActiveState')} after a crash"
    yield from stop()


def gives_up(_):
    """What another start finds no better is not tried again, and says what to do."""
    for text, says in (
        ((ROOT / "deploy/samples/mptap.yaml").read_text(), "name one under `ports:`"),
        ("nonsense: 1\n", "/etc/mptap/mptap.yaml:1:1"),
    ):
        CONFIG.write_text(text)
        if starts(setting="RestartSec=100ms"):
            yield f"it starts where it should say {says!r}"
        time.sleep(1)
        if shown("NRestarts") != "0" or shown("ActiveState") != "failed":
            yield f"restarts: {shown('NRestarts')}, {shown('ActiveState')}, where it says {says!r}"
        if says not in journal(20):
            yield f"it does not say {says!r}: {journal()}"


def watchdog(_):
    """It feeds the watchdog, and is started anew when it hangs."""
    write()
    start(setting="WatchdogSec=2s\nRestartSec=100ms\nTimeoutAbortSec=1s")
    process = shown("MainPID")
    time.sleep(5)
    if shown("MainPID") != process or shown("NRestarts") != "0":
        yield f"it is not fed: {shown('NRestarts')} restarts"
    run("systemctl", "kill", "--kill-whom=main", "--signal=STOP", "mptap")
    if not soon(lambda: shown("ActiveState") == "active" and shown("MainPID") not in (process, "0")):
        yield f"it is {shown('ActiveState')} after it hung"
    run("systemctl", "stop", "mptap")


def lock_setting():
    """Where no limit can be raised (LimitMEMLOCK= has no effect), locked memory is not what a test is about."""
    hard = resource.getrlimit(resource.RLIMIT_MEMLOCK)[1]
    return "AmbientCapabilities=CAP_IPC_LOCK\nCapabilityBoundingSet=CAP_IPC_LOCK" if 0 <= hard < RING_BYTES else ""


def xdp(opener):
    """af_xdp with its drop-in, and not without."""
    lock = lock_setting()
    write(port=XDP_PORT)
    if starts(setting=lock):
        yield "it starts without af_xdp.conf"
    start("af_xdp.conf", setting=lock)
    yield from sees(opener)
    yield from stop()


def tap(_):
    """A device node of the host reaches the service through a drop-in, and not without."""
    write(port='{vdev: "net_tap0,iface=made0"}')
    if starts():
        yield "it starts without tap.conf"
    start("tap.conf")
    if run("ip", "link", "show", "made0") != 0:
        yield "the interface is not made"
    yield from stop()


def bypass(_, driver="af_packet", drop_ins=("bypass.conf",), stays=False, setting=""):
    """Inline ports and bypass.conf: the kernel forwards whenever mptap does not, and not beside it, unless its bridge stays."""
    ports = ("wan", "lan")  # as in the drop-in
    for port in ports:
        run("ip", "link", "add", port, "type", "veth", "peer", "name", f"{port}-host")
        run("ip", "link", "set", port, "up")

    def masters():
        return [master.resolve().name for port in ports if (master := pathlib.Path(f"/sys/class/net/{port}/master")).exists()]

    def is_on():
        return len(found := masters()) == 2 and len(set(found)) == 1

    def is_right():
        return is_on() if stays else not masters()

    write(port="\n  - ".join(f"{{interface: {port}, driver: {driver}, receive_descriptors: 128}}" for port in ports))
    with CONFIG.open("a") as config:
        config.write(f"inline: [[{', '.join(ports)}]]\n")
    start(*drop_ins, setting=f"RestartSec=2s\n{setting}")
    if not soon(is_right):
        yield f"once it runs, the ports belong to {masters()}"
    process = shown("MainPID")
    run("systemctl", "kill", "--kill-whom=main", "--signal=KILL", "mptap")
    if not soon(is_on):
        yield f"after a crash the ports belong to {masters()}"
    if not soon(lambda: shown("ActiveState") == "active" and shown("MainPID") not in (process, "0")) or not soon(is_right):
        yield f"after the restart it is {shown('ActiveState')}, and the ports belong to {masters()}"
    yield from stop()
    if not is_on():
        yield f"after a stop the ports belong to {masters()}"
    run("/usr/libexec/mptap/bypass", "off", *ports)
    if masters():
        yield f"switched off, the ports belong to {masters()}"
    for port in ports:
        run("ip", "link", "delete", port)


def xdp_bypass(opener):
    """The bridge that stays, for af_xdp."""
    return bypass(opener, "af_xdp", ("af_xdp.conf", "bypass-af_xdp.conf"), True, lock_setting())


def why_not_tap():
    """Why it cannot be tried."""
    return None if pathlib.Path("/dev/net/tun").exists() else "this machine has no /dev/net/tun"


# name: (its problems, why it cannot be made or None)
CHECKS = {
    "service: runs as its unit says": (runs, None),
    "service: answers its group": (answers, None),
    "service: takes hugepages": (large_pages, why_not_large_pages),
    "service: metrics are for this machine alone": (metrics_addresses, None),
    "service: systemctl reload": (reloads, None),
    "service: logrotate loses no row": (rotates, None),
    "service: a crash is followed by a restart": (restarts, None),
    "service: mistakes are not tried again": (gives_up, None),
    "service: af_xdp.conf": (xdp, None),
    "service: tap.conf": (tap, why_not_tap),
    "service: bypass.conf": (bypass, None),
    "service: bypass-af_xdp.conf": (xdp_bypass, None),
    "service: the watchdog is fed, and ends what hangs": (watchdog, None),
}


def result(problems_of, why_not, opener):
    """[problems, reason to skip] of a check."""
    if reason := why_not and why_not():
        return [], reason
    try:
        return list(problems_of(opener)), None
    except (NotStarted, OSError, subprocess.TimeoutExpired, KeyError, ValueError) as error:
        return [str(error) if isinstance(error, NotStarted) else repr(error)], None


def build_network():
    """A tap port and the span that feeds it."""
    for command in (
        f"ip link add {TAP} type veth peer name {SPAN}",
        f"ip address add {ADDRESS}/24 dev {SPAN}",
        *(f"sysctl -qw net.ipv6.conf.{device}.disable_ipv6=1" for device in (TAP, SPAN)),
        *(f"ethtool -K {device} gro off gso off tso off" for device in (TAP, SPAN)),
        *(f"ip link set {device} up" for device in ("lo", TAP, SPAN)),
    ):
        run(*command.split())


def main():
    print(json.dumps("begin"), flush=True)
    build_network()
    opener = Opener(None, SPAN)
    for name, (problems_of, why_not) in CHECKS.items():
        if sys.argv[1] in name:
            print(json.dumps([name, *result(problems_of, why_not, opener)]), flush=True)
    print(json.dumps("end"), flush=True)


if __name__ == "__main__":
    main()
