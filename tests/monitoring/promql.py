"""What a PromQL expression reads: its selectors, told apart from functions, keywords and labels."""

import re

STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
GROUPING = re.compile(r"\b(by|without|on|ignoring|group_left|group_right)\s*\([^()]*\)")
SELECTOR = re.compile(r"\b((?:mptap|instance\w*:mptap)_[\w:]+|up|ALERTS)\b(\{[^}]*\})?")
WORDS = {
    # functions
    "absent", "avg_over_time", "changes", "clamp_max", "count", "histogram_quantile", "increase", "max", "max_over_time",
    "min_over_time", "rate", "resets", "round", "sum", "timestamp", "count_over_time",
    # keywords
    "and", "or", "unless", "offset", "by", "without", "on", "ignoring", "group_left",
}
NUMBER_OR_DURATION = re.compile(r"\b\d[\w.]*")
WORD = re.compile(r"[A-Za-z_:][\w:]*")


def selectors(query):
    """The instant selectors of a query, as text, without ranges and offsets."""
    masked, strings = _without_strings(query)
    return [strings(match[0]) for match in SELECTOR.finditer(GROUPING.sub(r"\1", masked))]


def names(query):
    """The metrics that a query names."""
    masked, _ = _without_strings(query)
    return {match[1] for match in SELECTOR.finditer(GROUPING.sub(r"\1", masked))}


def unread(query):
    """Words of a query that this file takes for neither selector, function nor keyword: it may overlook what they read."""
    masked, _ = _without_strings(query)
    rest = NUMBER_OR_DURATION.sub("", SELECTOR.sub("", GROUPING.sub(r"\1", masked)))
    return sorted(set(WORD.findall(rest)) - WORDS)


def _without_strings(query):
    """The query with a number for each string, and what puts them back."""
    found = STRING.findall(query)
    numbered = iter(range(len(found)))
    masked = STRING.sub(lambda _: f'"{next(numbered)}"', query)
    return masked, lambda text: re.sub(r'"(\d+)"', lambda match: found[int(match[1])], text)
