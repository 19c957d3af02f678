"""One fuzz target: its files, and a run of its libFuzzer program."""

import configparser
import dataclasses
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import threading

HERE = pathlib.Path(__file__).resolve().parent
PROGRAMS = HERE.parents[1] / "build/asan/tests/fuzz"
KEPT = HERE.parents[1] / "build/fuzz"
SLOWEST_INPUT_SECONDS = 10
MOST_MEMORY_MB = 2048
MARGIN_SECONDS = 600  # beyond what is asked for, until a run counts as stuck
SHOWN_LINES = 40
# What is freed is kept for a while, so that its use is seen; 256 MB of it, as by default, would be most of the memory.
SANITIZERS = {"ASAN_OPTIONS": "quarantine_size_mb=32:detect_leaks=1", "UBSAN_OPTIONS": "print_stacktrace=1"}


def names():
    """All targets."""
    return sorted(path.name.removesuffix("_fuzz.cc") for path in HERE.glob("*_fuzz.cc"))


@dataclasses.dataclass
class Outcome:
    """What one run of a target came to."""

    target: "Target"
    status: int
    seconds: int
    executions: int
    rate: int         # a second
    cpu_rate: int     # a second of CPU: where others use the machine, the one to compare
    coverage_before: int
    coverage_after: int
    last_words: list  # of the program, where it did not end well
    crashes: list     # files

    @property
    def ended_well(self):
        return self.status == 0 and not self.crashes


class Target:
    def __init__(self, name):
        self.name = name
        self.program = PROGRAMS / f"mptap-fuzz-{name}"
        self.corpus = HERE / "corpus" / name             # committed
        self.regressions = HERE / "regressions" / name   # committed
        self.found = KEPT / "corpus" / name             # grows from run to run
        self.crashes = KEPT / "crashes" / name

    def options(self):
        """Those of TARGET.options, in the form that OSS-Fuzz reads; and TARGET.dict where there is one."""
        parser = configparser.ConfigParser()
        parser.read(HERE / f"{self.name}.options")
        options = [f"-{key}={value}" for key, value in (parser["libfuzzer"] if "libfuzzer" in parser else {}).items()]
        dictionary = HERE / f"{self.name}.dict"
        return options + ([f"-dict={dictionary}"] if dictionary.is_file() else [])

    def gather(self):
        """Puts the committed inputs beside those that were found."""
        self.found.mkdir(parents=True, exist_ok=True)
        self.crashes.mkdir(parents=True, exist_ok=True)
        for folder in (self.corpus, self.regressions):
            for path in folder.iterdir() if folder.is_dir() else ():
                shutil.copyfile(path, self.found / path.name)

    def run(self, *arguments, seconds):
        """(exit status, output, seconds of CPU) of the program."""
        command = [self.program, f"-rss_limit_mb={MOST_MEMORY_MB}", f"-timeout={SLOWEST_INPUT_SECONDS}", *arguments]
        with tempfile.TemporaryFile() as output:
            program = subprocess.Popen(command, stdout=output, stderr=output, env={**os.environ, **SANITIZERS})
            alarm = threading.Timer(seconds + MARGIN_SECONDS, program.kill)
            alarm.start()
            _, status, usage = os.wait4(program.pid, 0)
            alarm.cancel()
            program.returncode = os.waitstatus_to_exitcode(status)  # waited for already
            output.seek(0)
            text = output.read().decode(errors="replace")
        return program.returncode, text, usage.ru_utime + usage.ru_stime

    def fuzz(self, seconds, seed):
        """An Outcome."""
        self.gather()
        if (earlier := self._harm_of_earlier()) is not None:
            return earlier
        status, output, cpu = self.run(
            *self.options(), f"-max_total_time={seconds}", f"-seed={seed}", f"-artifact_prefix={self.crashes}/",
            "-print_final_stats=1", self.found, seconds=seconds,
        )
        (KEPT / "logs").mkdir(exist_ok=True)
        (KEPT / "logs" / f"{self.name}.log").write_text(output)
        coverage = [int(number) for number in re.findall(r"\bcov: (\d+)", output)] or [0]
        executed = _stat(output, "number_of_executed_units")
        return Outcome(
            self, status, seconds,
            executed, _stat(output, "average_exec_per_sec"), round(executed / max(cpu, 0.01)),
            coverage[0], max(coverage),
            _last_words(output) if status != 0 else [], sorted(self.crashes.iterdir()),
        )

    def _harm_of_earlier(self):
        """The Outcome where an input that was kept still does harm; what does none any more is no longer kept."""
        for path in sorted(self.crashes.iterdir()):
            status, output, _ = self.run(path, seconds=0)
            if status != 0:
                return Outcome(self, status, 0, 0, 0, 0, 0, 0, _last_words(output), [path])
            path.unlink()
        return None


def _stat(output, name):
    found = re.search(rf"stat::{name}:\s+(\d+)", output)
    return int(found[1]) if found else 0


def _last_words(output):
    """From the first line that says what is wrong on; without libFuzzer's lines about its progress."""
    lines = [line for line in output.splitlines() if not re.match(r"#\d+\s|stat::|\s*$", line)]
    first = next((i for i, line in enumerate(lines) if re.search(r"expected, and not so|ERROR: |runtime error", line)), 0)
    return lines[first:][:SHOWN_LINES] if first else lines[-SHOWN_LINES:]
