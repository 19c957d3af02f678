"""Makes a committed corpus of what was found: few small files that cover what all of them do, and those that a target's
seeds name because no coverage tells what they are good for."""

import importlib
import pathlib
import shutil
import tempfile

MOST_FILES = 200
MOST_BYTES = 300_000
SECONDS = 600
# The first that leaves little enough is taken: with counts of how often code was reached, then without.
WAYS = (["-set_cover_merge=1"], ["-set_cover_merge=1", "-use_counters=0"])


def keep_named(target):
    """Writes what named_seeds() of seeds_TARGET.py yields, where there is one: (name, input)."""
    if not (target.corpus.parents[1] / f"seeds_{target.name}.py").is_file():
        return
    named = getattr(importlib.import_module(f"seeds_{target.name}"), "named_seeds", lambda: ())
    for name, seed in named():
        (target.corpus / name).write_bytes(seed)


def minimise(target):
    """(what to report, sentences on what went wrong)."""
    target.gather()
    for way in WAYS:
        with tempfile.TemporaryDirectory(dir=target.found.parent) as folder:
            # Without limits of length: seeds count as they are.
            status, output, _ = target.run(*way, folder, target.found, seconds=SECONDS)
            chosen = sorted(pathlib.Path(folder).iterdir())
            size = sum(path.stat().st_size for path in chosen)
            if status != 0:
                return f"{target.name}: minimised", [f"merging ends with {status}", *output.splitlines()[-10:]]
            if len(chosen) <= MOST_FILES and size <= MOST_BYTES:
                shutil.rmtree(target.corpus, ignore_errors=True)
                shutil.copytree(folder, target.corpus)
                keep_named(target)
                return f"{target.name}: {len(chosen)} inputs, {size} bytes, beside those that seeds name", []
    return f"{target.name}: minimised", [f"{len(chosen)} inputs of {size} bytes are too many: {MOST_FILES}, {MOST_BYTES}"]
