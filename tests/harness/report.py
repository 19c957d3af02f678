"""How the Python tests report: a line a check, then `N passed, N failed, N skipped` and the exit code."""

EXIT_FAILED = 1
EXIT_SKIPPED = 77
SHOWN = 8  # problems of one check


class Report:
    """Counts checks. Use `check` for one that is known at once, `skip` for one that cannot be made here."""

    def __init__(self):
        self._passed = self._failed = self._skipped = 0

    def check(self, name, problems):
        """Passes when `problems` (sentences) is empty, else fails and prints them."""
        if problems:
            self._failed += 1
            print(f"FAILED: {name}")
            for problem in problems[:SHOWN]:
                print(f"        {problem}")
            if len(problems) > SHOWN:
                print(f"        and {len(problems) - SHOWN} more")
        else:
            self._passed += 1
            print(f"passed: {name}")

    def skip(self, name, reason):
        """Counts `name` as skipped and says why."""
        self._skipped += 1
        print(f"skipped: {name}: {reason}")

    def add(self, part):
        """Counts what another report counted."""
        self._passed += part._passed
        self._failed += part._failed
        self._skipped += part._skipped

    def close(self):
        """Prints the counts; returns the exit code: 0, 1, or 77 when nothing was checked."""
        print(f"{self._passed} passed, {self._failed} failed, {self._skipped} skipped")
        if self._failed:
            return EXIT_FAILED
        return 0 if self._passed else EXIT_SKIPPED


def differences(expected, actual, what):
    """Sentences on what `actual` lacks and what it has too much, both iterables of tuples."""
    expected, actual = set(expected), set(actual)
    lacking = [f"{what} missing: {item}" for item in sorted(expected - actual, key=repr)]
    return lacking + [f"{what} unexpected: {item}" for item in sorted(actual - expected, key=repr)]
