"""Programs that a sanitizer watches, and what it reports of them, whether a test noticed or not."""

import concurrent.futures
import contextlib
import os
import pathlib
import tempfile

from commands import CORES, ROOT, last_words, run

HERE = pathlib.Path(__file__).resolve().parent
UNIT_TIMEOUT_S = 600
SKIPPED = 77
EXIT_CODE = 66  # which no test expects of mptap


@contextlib.contextmanager
def watched(options):
    """An environment whose sanitizers write their reports to a folder; gives it and a function that reads the reports."""
    with tempfile.TemporaryDirectory(prefix="mptap-reports-") as name:
        folder = pathlib.Path(name)
        folder.chmod(0o1777)  # tests start programs as other users, too
        settings = {tool: f"{text}:exitcode={EXIT_CODE}:log_path={folder}/report" for tool, text in options.items()}

        def reports():
            """Sentences of all reports since the last call."""
            lines = []
            for path in sorted(folder.glob("report*")):
                lines += path.read_text(errors="replace").splitlines()
                path.unlink()
            return [line for line in lines if line.strip()]

        yield os.environ | settings, reports


def unit_problems(program, environment, reports, tests=()):
    """Runs a unit test program, or those of its tests that a specification of Catch2 names; what fails, and what the
    sanitizer says."""
    done = run([program, *tests], UNIT_TIMEOUT_S, env=environment)
    return reports() + failed(program, tests, done)


def units_problems(programs, environment, reports, tests=()):
    """The same of several programs, as many at a time as there are cores: pairs of name and problems, then what the sanitizer
    says of all."""
    with concurrent.futures.ThreadPoolExecutor(CORES) as pool:
        for program, done in zip(programs, pool.map(lambda program: run([program, *tests], UNIT_TIMEOUT_S, env=environment), programs)):
            yield program.name, failed(program, tests, done)
    yield "no report of these", reports()


def failed(program, tests, done):
    """Sentences on a unit test program that failed."""
    return [] if done.returncode in (0, SKIPPED) else last_words([program.relative_to(ROOT), *tests], done)
