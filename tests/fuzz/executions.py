"""How often each target was executed in this tree, over all runs: a JSON file that grows."""

import fcntl
import json


def add(path, outcome):
    """Adds one run to the file at `path`; several programs may."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        text = file.read()
        targets = json.loads(text)["targets"] if text else {}
        row = targets.setdefault(outcome.target.name, {"executions": 0, "seconds": 0, "runs": 0, "open_crashes": 0})
        row["executions"] += outcome.executions
        row["seconds"] += outcome.seconds
        row["runs"] += 1
        row["open_crashes"] = len(outcome.crashes)
        sums = {key: sum(one[key] for one in targets.values()) for key in row}
        file.truncate(0)
        file.write(json.dumps({"targets": targets, "total": sums}, indent=2) + "\n")


def total(path):
    """All executions there were."""
    return json.loads(path.read_text())["total"]["executions"]
