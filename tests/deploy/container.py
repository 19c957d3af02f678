"""A machine of its own to run the service on: systemd as the first process of a container.

The container sees this system's files through an overlay, so that whatever it writes is gone with it. It has a network
of its own. systemd there runs a program that checks: service_checks.py, for which the files of deploy/ are installed as
a package would, or that of tests/package.
"""

import contextlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from mptap import BINARY, ROOT

BOOT_S = 300
GONE_S = 5
CHECKS = pathlib.Path(__file__).with_name("service_checks.py")
FILES = (  # in deploy/, and where a package puts them
    ("bypass", "usr/libexec/mptap/bypass"),
    ("mptap.service", "usr/lib/systemd/system/mptap.service"),
    ("sysusers.d/mptap.conf", "usr/lib/sysusers.d/mptap.conf"),
    ("tmpfiles.d/mptap.conf", "usr/lib/tmpfiles.d/mptap.conf"),
    ("logrotate.d/mptap", "etc/logrotate.d/mptap"),
    ("samples/mptap.yaml", "etc/mptap/mptap.yaml"),
)
# Started in place of a target, so that nothing of this machine starts beside. The start of sysinit.target runs
# systemd-sysusers and systemd-tmpfiles.
CHECKS_UNIT = """\
[Unit]
Requires=sysinit.target
After=sysinit.target
[Service]
Type=oneshot
Environment=PYTHONDONTWRITEBYTECODE=1
ExecStart={python} {checks} "{pattern}"
StandardOutput=file:/results/checks
StandardError=file:/results/complaints
ExecStopPost=/bin/systemctl poweroff --force
"""
# What this machine starts by itself must not start there.
PREPARE = """\
set -eu
mount --make-rprivate /
mount -t tmpfs -o mode=755 none /run
umount -R /sys/fs/cgroup
mount -t cgroup2 none /sys/fs/cgroup
mount -t tmpfs -o mode=755 none "$0"
mkdir "$0/upper" "$0/work" "$0/root"
mount -t overlay none -o "lowerdir=/,upperdir=$0/upper,workdir=$0/work" "$0/root"
rm -f "$0"/root/etc/systemd/system/*.wants/*
cp -r "$1"/. "$0/root/"
shift
exec "$@"
"""


def _nspawn(root, results, name):
    binds = [f"--bind-ro={ROOT}", "--bind-ro=/sys/module", f"--bind={results}:/results"]  # DPDK reads /sys/module
    if os.path.exists("/dev/net/tun"):
        binds.append("--bind=/dev/net/tun")
    return [
        "systemd-nspawn", "--quiet", f"--directory={root}", f"--machine={name}", "--register=no", "--keep-unit",
        "--settings=no", "--link-journal=no", "--private-network", "--console=pipe",
        "--capability=CAP_IPC_LOCK", "--system-call-filter=bpf",  # IPAddressDeny= and af_xdp are programs of BPF
        *binds, "--boot", "systemd.unit=mptap-checks.service",
    ]  # fmt: skip


def _write_service(folder):
    """The service, as a package installs it."""
    for source, target in FILES:
        (folder / target).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / "deploy" / source, folder / target)
    (folder / "usr/bin").mkdir()
    shutil.copy(BINARY, folder / "usr/bin/mptap")


def _write_unit(folder, checks, pattern):
    unit = folder / "etc/systemd/system/mptap-checks.service"
    unit.parent.mkdir(parents=True)
    unit.write_text(CHECKS_UNIT.format(python=sys.executable, checks=checks, pattern=pattern))


@contextlib.contextmanager
def _control_group():
    """A group of its own in the cgroup v2 tree, as a path, removed afterwards; systemd there makes its own below."""
    mounts = [line.split() for line in pathlib.Path("/proc/mounts").read_text().splitlines()]
    tree = next((pathlib.Path(mount[1]) for mount in mounts if mount[2] == "cgroup2"), None)
    if tree is None:
        raise RuntimeError("there is no cgroup v2 tree")
    own = next(line[3:] for line in pathlib.Path("/proc/self/cgroup").read_text().splitlines() if line.startswith("0::"))
    group = tree / own.strip("/") / f"mptap-test-{os.getpid()}"
    group.mkdir()
    try:
        yield group
    finally:
        (group / "cgroup.kill").write_text("1")  # what is left where the container did not end by itself
        deadline = time.monotonic() + GONE_S
        while group.exists() and time.monotonic() < deadline:
            with contextlib.suppress(OSError):  # the killed are not gone yet
                for folder, _, _ in os.walk(group, topdown=False):
                    os.rmdir(folder)
            time.sleep(0.05)


def _boot(command, group):
    """Runs `command` in `group`; returns what it said."""
    enter = ["sh", "-c", 'echo $$ >"$0/cgroup.procs" && exec "$@"', str(group), "unshare", "--mount"]
    process = subprocess.Popen([*enter, *command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, text=True, start_new_session=True)  # fmt: skip
    try:
        return process.communicate(timeout=BOOT_S)[0].strip()
    except subprocess.TimeoutExpired:
        return f"not done after {BOOT_S} s"
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def why_not():
    """Why no container can be tried here, or None."""
    if os.geteuid() != 0:
        return "it needs root"
    missing = [tool for tool in ("systemd-nspawn", "unshare", "logrotate") if not shutil.which(tool)]
    return f"{missing[0]} is not installed" if missing else None


def results(pattern, checks=CHECKS, write_files=_write_service):
    """(name, problems, reason to skip) of each check in the container whose name contains `pattern`.

    `checks` is the program that makes them, `write_files` puts into a folder what the container has beside this system.
    Raises RuntimeError where systemd did not get as far as the first check: this machine cannot do it.
    """
    with tempfile.TemporaryDirectory() as name, _control_group() as group:
        folder = pathlib.Path(name)
        for part in ("tree", "files", "results"):
            (folder / part).mkdir()
        write_files(folder / "files")
        _write_unit(folder / "files", checks, pattern)
        nspawn = _nspawn(folder / "tree/root", folder / "results", f"mptap-test-{os.getpid()}")
        said = _boot(["sh", "-c", PREPARE, str(folder / "tree"), str(folder / "files"), *nspawn], group)
        done = folder / "results/checks"
        if not done.exists() or not done.stat().st_size:
            raise RuntimeError(f"systemd does not start in a container here: {said[-300:] or 'it says nothing'}")
        lines = [json.loads(line) for line in done.read_text().splitlines()]
        complaints = (folder / "results/complaints").read_text().strip()
    if lines[-1] != "end":
        lines.append(["container: the checks come to their end", [complaints[-600:] or said[-300:]], None])
    return [tuple(line) for line in lines if isinstance(line, list)]
