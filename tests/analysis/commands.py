"""Commands of others that the parts run: builds, test programs, runners that close with a tally."""

import os
import pathlib
import re
import shutil
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
CORES = len(os.sched_getaffinity(0))
LAST_LINES = 30
TALLY = re.compile(r"^(\d+) passed, (\d+) failed, (\d+) skipped$", re.MULTILINE)


def why_not(*programs):
    """Why a part that needs these programs cannot run, or None."""
    lacking = [program for program in programs if not shutil.which(program)]
    return f"{', '.join(lacking)} not installed: deploy/packages install test" if lacking else None


def run(command, timeout, **more):
    """The finished command, its stdout and stderr as one text; a command that does not end has status None."""
    options = {"cwd": ROOT, "text": True, "errors": "replace", "stdin": subprocess.DEVNULL} | more
    try:
        return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=timeout, **options)
    except subprocess.TimeoutExpired as late:
        said = (late.stdout or b"").decode(errors="replace")
        return subprocess.CompletedProcess(command, None, f"{said}\nstill running after {timeout} s")


def last_words(command, done):
    """Sentences on a command that failed."""
    return [f"{' '.join(map(str, command))} ends with {done.returncode}", *done.stdout.splitlines()[-LAST_LINES:]]


def build_problems(preset, targets, timeout=1800):
    """Builds `targets` of a preset; what the compiler says where that fails."""
    for command in (["cmake", "--preset", preset],
                    ["cmake", "--build", "--preset", preset, "--target", *targets, "--", "-k", "0"]):
        done = run(command, timeout)
        if done.returncode != 0:
            wrong = [line for line in done.stdout.splitlines() if re.search(r"\b(error|warning)\b", line)]
            return [*wrong, *last_words(command, done)]
    return []


def tally_problems(command, timeout, **more):
    """Runs what closes with a tally: it must have passed something and failed nothing."""
    done = run(command, timeout, **more)
    tallies = TALLY.findall(done.stdout)
    failed = [line for line in done.stdout.splitlines() if line.startswith(("FAILED", "        "))]
    if not tallies:
        return last_words(command, done)
    passed, failures, _ = map(int, tallies[-1])
    if failures or done.returncode != 0:
        return failed or last_words(command, done)
    return [] if passed else [f"{' '.join(map(str, command))} checked nothing"]
