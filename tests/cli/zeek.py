"""Reads Zeek's TSV logs back into what the JSON logs say."""

import json


def _value(text, kind, unset, empty, separator):
    if text == unset:
        return None
    if kind.startswith(("vector[", "set[")):
        inner = kind.partition("[")[2][:-1]
        return [] if text == empty else [_value(t, inner, unset, empty, separator) for t in text.split(separator)]
    if kind == "bool":
        return {"T": True, "F": False}[text]
    if kind in ("count", "port", "int"):
        return int(text)
    if kind in ("time", "interval", "double"):
        return float(text)
    return "" if text == empty else text


def rows(path):
    """The rows of a log as dicts."""
    header, found = {}, []
    for line in path.read_text().splitlines():
        if line.startswith("#"):
            name, _, rest = line[1:].partition(" " if line.startswith("#separator") else "\t")
            header[name] = rest
        else:
            names, kinds = header["fields"].split("\t"), header["types"].split("\t")
            unset, empty, separator = header["unset_field"], header["empty_field"], header["set_separator"]
            values = line.split("\t")
            if len(values) != len(names):
                raise RuntimeError(f"{path.name}: {len(values)} values for {len(names)} fields: {line}")
            found.append({n: _value(v, k, unset, empty, separator) for n, k, v in zip(names, kinds, values)})
    return found


def comparable(row):
    """A row as text: without what differs from run to run, numbers and pairs spelled alike."""
    return json.dumps({name: _alike(value) for name, value in sorted(row.items()) if name != "conn_uid"})


def _alike(value):
    if isinstance(value, list):
        return [_spelled(v) if isinstance(v, dict) else v for v in value]
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _spelled(entry):
    """An object of a JSON list as the Zeek log writes it."""
    if "count" in entry:
        return f"{entry['address']}={entry['count']}"
    if "by" in entry:
        return f"{entry['after']:.6f}:{entry['by']}:{'backup' if entry['backup'] else 'normal'}"
    port = "" if entry["port"] is None else f":{entry['port']}"
    flags = "+".join(name for name in ("advertised", "used", "removed") if entry[name])
    return f"{entry['id']}={entry['address']}{port}" + (f"/{flags}" if flags else "")
