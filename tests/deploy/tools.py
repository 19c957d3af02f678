"""What the tools that read the files of deploy/ say of them, without starting anything."""

import os
import pathlib
import re
import shutil
import stat
import subprocess

from mptap import BINARY, ROOT

DEPLOY = ROOT / "deploy"
UNIT = DEPLOY / "mptap.service"
DROP_INS = sorted((DEPLOY / "systemd").glob("*.conf"))
SAMPLES = sorted((DEPLOY / "samples").glob("*.yaml"))
CAPTURE = ROOT / "tests/captures/demo/capture.pcap"
MOST_EXPOSED = 20  # tenths
PLAIN = ("Description=", "Documentation=", "WantedBy=")
UNITS = pathlib.Path("/usr/lib/systemd/system")


def why_not(tool):
    """Why a check that needs `tool` cannot be made here, or None."""
    return None if shutil.which(tool) else f"{tool} is not installed"


def said(*command, **options):
    """(exit code, all that a command prints)."""
    done = subprocess.run([*map(str, command)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60,
                          **options)
    return done.returncode, done.stdout.strip()


def verify_problems(folder, drop_ins=()):
    """What systemd does not understand of the unit; it must say nothing at all. `folder` becomes a root directory."""
    programs = (("usr/bin/mptap", BINARY), ("usr/libexec/mptap/bypass", ROOT / "deploy/bypass"), ("bin/kill", shutil.which("kill")))
    for path, source in programs:
        (folder / path).parent.mkdir(parents=True)
        shutil.copy(source, folder / path)
    shutil.copytree(UNITS, folder / UNITS.relative_to("/"), symlinks=True)
    local = folder / "etc/systemd/system"
    local.mkdir(parents=True)
    shutil.copy(UNIT, local)
    for drop_in in drop_ins:
        (local / "mptap.service.d").mkdir(exist_ok=True)
        shutil.copy(drop_in, local / "mptap.service.d")
    # Its manual page is in docs/man, not in the root directory.
    code, text = said("systemd-analyze", "verify", f"--root={folder}", "--man=no", "mptap.service")
    return [*text.splitlines(), *([f"exit code {code}"] if code else [])]


def exposure_problems():
    """Whether systemd calls the unit well enough sandboxed."""
    code, text = said("systemd-analyze", "security", "--offline=true", f"--threshold={MOST_EXPOSED}", "--no-pager", UNIT)
    found = re.search(r"Overall exposure level for mptap.service: ([\d.]+)", text)
    if not found:
        return [f"no exposure level: {text[-200:]}"]
    if code or float(found[1]) > MOST_EXPOSED / 10:
        return [f"exposure level {found[1]}; {MOST_EXPOSED / 10} is allowed", *re.findall(r"^✗.*", text, re.M)]
    return []


def unexplained_problems(path):
    """Settings of a unit or drop-in that no comment above explains, nor one above a setting of the same name or more."""
    problems, before = [], ""
    for number, line in enumerate(path.read_text().splitlines(), 1):
        key, before_key = line.split("=")[0], before.split("=")[0]
        of_one_kind = "=" in before and (key.startswith(before_key) or before_key.startswith(key))
        if "=" in line and not line.startswith(("#", *PLAIN)) and not before.startswith("#") and not of_one_kind:
            problems.append(f"{path.name}:{number}: nothing explains {line}")
        before = line
    return problems


def user_problems(folder):
    """Whether sysusers makes the user, and tmpfiles his directory, below `folder`. Needs root."""
    problems = []
    (folder / "etc").mkdir()
    for command in (
        ("systemd-sysusers", f"--root={folder}", DEPLOY / "sysusers.d/mptap.conf"),
        ("systemd-tmpfiles", f"--root={folder}", "--create", DEPLOY / "tmpfiles.d/mptap.conf"),
    ):
        code, text = said(*command)
        if code or "rror" in text or "gnoring" in text:
            problems.append(f"{command[0]} ends with {code} and says {text!r}")
    users = [line.split(":") for line in (folder / "etc/passwd").read_text().splitlines()]
    if [(user[0], user[5], user[6]) for user in users] != [("mptap", "/nonexistent", "/usr/sbin/nologin")]:
        return [*problems, f"users are {users}"]
    logs = (folder / "var/log/mptap").stat()
    if (logs.st_uid, logs.st_gid, stat.S_IMODE(logs.st_mode)) != (int(users[0][2]), int(users[0][3]), 0o750):
        problems.append(f"the log directory belongs to {logs.st_uid}:{logs.st_gid}, mode {stat.S_IMODE(logs.st_mode):o}")
    return problems


def logrotate_for(folder, logs, user, group):
    """A copy of the shipped file for other logs and another user; logrotate knows only users that are there."""
    text = (DEPLOY / "logrotate.d/mptap").read_text()
    text = text.replace("/var/log/mptap/", f"{logs}/").replace("su mptap mptap", f"su {user} {group}")
    config = folder / "logrotate.conf"
    config.write_text(text)
    config.chmod(0o644)  # logrotate reads no file that others may write
    return config


def logrotate_problems(folder):
    """What logrotate finds wrong with the shipped file, and whether it finds the logs and those set aside."""
    logs = folder / "logs"
    logs.mkdir()
    wanted = ("mptcp_subflow.log", "mptcp_conn.log", "mptcp_event.log", "notice.log", "eve.json",
              "notice-20260102-030405.log", "notice-20260102-030405-1.log", "eve-20260102-030405.json")
    for name in wanted:
        (logs / name).write_text("row\n")
    config = logrotate_for(folder, logs, "root", "root")
    code, text = said("logrotate", "--debug", "--state", folder / "state", config)
    problems = [line for line in text.splitlines() if "error" in line.lower()]
    if code:
        problems.append(f"exit code {code}")
    return problems + [f"{name} is not looked at" for name in wanted if f"considering log {logs / name}\n" not in text]


def set_aside_problems(folder):
    """Whether set-aside logs are deleted when they are 14 days old, and not before; logs stay."""
    logs = folder / "logs"
    logs.mkdir()
    days = {"notice-20260102-030405.log": 15, "notice-20260102-030406.log": 13}
    now = (folder).stat().st_mtime
    for name, age in days.items():
        (logs / name).write_text("row\n")
        os.utime(logs / name, (now - age * 86400,) * 2)
    config = logrotate_for(folder, logs, "root", "root")
    state = folder / "state"
    state.touch(0o640)
    state.write_text('logrotate state -- version 2\n' + "".join(f'"{logs / name}" 2026-1-3-0:0:0\n' for name in days))
    code, text = said("logrotate", "--state", state, config)
    left = sorted(path.name for path in logs.iterdir())
    problems = [f"logrotate ends with {code} and says {text!r}"] if code or text else []
    return problems + ([] if left == ["notice-20260102-030406.log"] else [f"left are {left}"])


def sample_problems(path):
    """What mptap finds wrong with a sample."""
    code, text = said(BINARY, "check-config", path)
    return [] if code == 0 and text.endswith("no mistakes") else [f"check-config ends with {code}: {text}"]


def files_sample_problems(folder):
    """Whether the sample for captures does with one what it says."""
    command = (BINARY, "read", "--config", DEPLOY / "samples/files.yaml", "--log-dir", folder / "logs", CAPTURE)
    code, text = said(*command)
    problems = [f"read ends with {code}: {text}"] if code else []
    return problems + [f"{name} is not written" for name in ("mptcp_subflow.log", "notice.log", "evidence.pcap")
                       if not (folder / "logs" / name).exists()]
