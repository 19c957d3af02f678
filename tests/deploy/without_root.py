"""`mptap run` as a user who has the capabilities of the unit and no other, without systemd."""

import contextlib
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import time

from mptap import BINARY, START_S, Sensor, live_config
from netns import command_in, run_in
from opener import FRAMES, Opener
from rotation import Rotated, row_problems
from tools import DEPLOY, logrotate_for

USER, GROUP, ID = "nobody", "nogroup", 65534
CAPABILITIES = {"net_raw": 1 << 13, "net_admin": 1 << 12}  # those of the unit
DESCRIPTORS = 256  # 5 MiB of locked memory, which Linux allows everybody
# systemctl for logrotate: what it asks of the service goes to the sensor; anything else is an error.
SYSTEMCTL = """\
#!/bin/sh
[ "$*" = "kill --kill-whom=main --signal=USR1 mptap.service" ] && exec kill -USR1 {pid}
echo "unexpected: systemctl $*"
exit 1
"""


def setpriv(capabilities):
    """The command that takes everything else away."""
    some = "".join(f",+{name}" for name in capabilities)
    sets = [f"--{kind}=-all{some}" for kind in ("inh-caps", "ambient-caps", "bounding-set")]
    return ("setpriv", f"--reuid={ID}", f"--regid={ID}", "--clear-groups", *sets, "--no-new-privs", "--")


def why_not():
    """Why this cannot be tried here, or None."""
    if os.geteuid() != 0:
        return "it needs root, to become somebody else"
    missing = [tool for tool in ("setpriv", "ip", "ethtool") if not shutil.which(tool)]
    if missing:
        return f"{missing[0]} is not installed"
    if subprocess.run([*setpriv(()), "test", "-x", BINARY]).returncode != 0:
        return f"{USER} may not run {BINARY}"
    try:
        with Tap():
            return None
    except RuntimeError as error:
        return f"network namespaces or their links are refused here ({error})"


class Tap:
    """A namespace with interfaces to read, `names`, each with a peer to send into, `NAME-in`."""

    _made = 0

    def __init__(self, *names):
        Tap._made += 1
        self.namespace = f"mptap-{os.getpid()}-deploy{Tap._made}"
        self._names = names or ("tap0",)

    def __enter__(self):
        try:
            run_in(None, "ip", "netns", "add", self.namespace)
            run_in(self.namespace, "ip", "link", "set", "lo", "up")
            for name in self._names:
                run_in(self.namespace, "ip", "link", "add", name, "type", "veth", "peer", "name", f"{name}-in")
                for device in (name, f"{name}-in"):
                    run_in(self.namespace, "sysctl", "-qw", f"net.ipv6.conf.{device}.disable_ipv6=1")
                    run_in(self.namespace, "ethtool", "-K", device, "tso", "off", "gso", "off", "gro", "off")
                    run_in(self.namespace, "ip", "link", "set", device, "up")
        except RuntimeError:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if os.path.exists(f"/run/netns/{self.namespace}"):
            run_in(None, "ip", "netns", "delete", self.namespace)


@contextlib.contextmanager
def _owned_directory():
    with tempfile.TemporaryDirectory() as name:
        os.chown(name, ID, ID)
        os.chmod(name, 0o750)
        yield pathlib.Path(name)


def powers_problems(hugepages):
    """Reads traffic, serves metrics and writes logs, with the unit's two capabilities."""
    problems = []
    settings = f"hugepages: {hugepages}"
    with Tap() as tap, _owned_directory() as directory, contextlib.closing(Opener(tap.namespace, "tap0-in")) as opener, \
            Sensor(tap.namespace, "tap0", directory, settings=settings, descriptors=DESCRIPTORS,
                   wrapped_by=setpriv(CAPABILITIES)) as sensor:  # fmt: skip
        opener.open(10)
        wait_for(sensor, 10 * FRAMES)
        status = pathlib.Path(f"/proc/{sensor.pid}/status").read_text()
        # Given up once the port is open; what stays is what it may not get beyond.
        powers = [f"Cap{kind}:\t{0:016x}" for kind in ("Inh", "Prm", "Eff", "Amb")] + [f"CapBnd:\t{sum(CAPABILITIES.values()):016x}"]
        if not all(power in status for power in powers) or f"Uid:\t{ID}\t{ID}\t{ID}\t{ID}" not in status:
            problems.append(f"it has other powers than those it was left: {status}")
        (link,) = json.loads(run_in(tap.namespace, "ip", "-json", "-details", "link", "show", "dev", "tap0"))
        if not link["promiscuity"]:
            problems.append("the interface is not promiscuous")
        if (code := sensor.stop()) != 0:
            problems.append(f"exit code {code}: {sensor.stderr.read_text()}")
        if len(sensor.rows("mptcp_subflow")) != 10:
            problems.append(f"{len(sensor.rows('mptcp_subflow'))} rows instead of 10")
        if "warning" in (said := sensor.stderr.read_text()):
            problems.append(f"it warns: {said}")
        for path in directory.glob("*.log"):
            if path.stat().st_uid != ID or path.stat().st_mode & 0o027:
                problems.append(f"{path.name} belongs to {path.stat().st_uid}, mode {path.stat().st_mode & 0o777:o}")
    return problems


def refusal_problems(capabilities):
    """With less than both capabilities it says in a sentence what it needs."""
    with Tap() as tap, _owned_directory() as directory:
        config = directory / "mptap.yaml"
        config.write_text(live_config(directory, "tap0", settings="hugepages: never", descriptors=DESCRIPTORS))
        command = command_in(tap.namespace, *setpriv(capabilities), BINARY, "run", "--config", config)
        done = subprocess.run(command, capture_output=True, text=True, timeout=START_S)
    if done.returncode != 1 or "needs CAP_NET_RAW and CAP_NET_ADMIN" not in done.stderr:
        return [f"exit code {done.returncode}: {done.stderr.strip()}"]
    return []


def wait_for(sensor, segments):
    """Waits until the sensor has seen so many TCP segments."""
    deadline = time.monotonic() + START_S
    while (seen := sensor.metric("mptap_tcp_segments_total")) < segments:
        if time.monotonic() > deadline:
            raise RuntimeError(f"it saw {seen:.0f} segments of {segments}")
        time.sleep(0.05)


def rotation_problems():
    """The shipped logrotate file at work on the logs of such a sensor."""
    with Tap() as tap, _owned_directory() as directory, tempfile.TemporaryDirectory() as name, \
            contextlib.closing(Opener(tap.namespace, "tap0-in")) as opener, \
            Sensor(tap.namespace, "tap0", directory, settings="hugepages: never", descriptors=DESCRIPTORS,
                   wrapped_by=setpriv(CAPABILITIES)) as sensor:  # fmt: skip
        folder = pathlib.Path(name)
        (folder / "systemctl").write_text(SYSTEMCTL.format(pid=sensor.pid))
        (folder / "systemctl").chmod(0o755)
        env = os.environ | {"PATH": f"{folder}:{os.environ['PATH']}"}
        config = logrotate_for(folder, directory, USER, GROUP)
        rotated = Rotated(opener, lambda: sensor.metric("mptap_tcp_segments_total"), config, folder / "state", env)
        problems = list(rotated.problems())
        if (code := sensor.stop()) != 0:
            problems.append(f"exit code {code}: {sensor.stderr.read_text()}")
        return problems + row_problems(directory, opener.flows)


def sample_run_problems(sample, *interfaces):
    """A sample as it is, with `mptap run` (as root), on interfaces of the names in it."""
    with Tap(*interfaces) as tap, _owned_directory() as directory:
        config = DEPLOY / "samples" / sample
        text = config.read_text().replace("/var/log/mptap", str(directory))
        (directory / sample).write_text(text)
        command = command_in(tap.namespace, str(BINARY), "run", "--config", str(directory / sample))
        with subprocess.Popen(command, cwd=directory, stderr=subprocess.PIPE, text=True) as sensor:
            try:
                line = sensor.stderr.readline()
                sensor.terminate()
                rest = sensor.communicate(timeout=START_S)[1]
            finally:
                sensor.kill()
    wanted = f"watching {len(interfaces)} port"
    problems = [] if wanted in line else [f"it says {line.strip()!r} first, not {wanted!r}"]
    return problems + ([] if sensor.returncode == 0 else [f"exit code {sensor.returncode}: {rest.strip()}"])
