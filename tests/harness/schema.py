"""Holds JSON values against a JSON Schema, as far as the schemas of docs/schemas go."""

import re

TYPES = {
    "object": dict,
    "array": list,
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "null": type(None),
}
KNOWN = {"$schema", "title", "description", "type", "properties", "required", "additionalProperties", "items", "enum",
         "pattern", "minimum", "maximum"}


def _is(value, name):
    if isinstance(value, bool) and name in ("integer", "number"):
        return False
    return isinstance(value, TYPES[name])


def problems_of(value, schema, where="$"):
    """Sentences on what of `value` the schema does not allow. A schema word that is not known is a problem, too."""
    if unknown := set(schema) - KNOWN:
        return [f"{where}: the schema says {sorted(unknown)}, which is not looked at"]
    allowed = schema.get("type", [])
    allowed = [allowed] if isinstance(allowed, str) else allowed
    if allowed and not any(_is(value, name) for name in allowed):
        return [f"{where}: {value!r} is no {' or '.join(allowed)}"]
    problems = []
    if "enum" in schema and value not in schema["enum"]:
        problems.append(f"{where}: {value!r} is none of {schema['enum']}")
    if "pattern" in schema and not re.search(schema["pattern"], value):
        problems.append(f"{where}: {value!r} is not like {schema['pattern']}")
    if not schema.get("minimum", value) <= value <= schema.get("maximum", value) if isinstance(value, int) else False:
        problems.append(f"{where}: {value} is out of range")
    if isinstance(value, dict):
        properties = schema.get("properties", {})
        problems += [f"{where}: {name} is missing" for name in schema.get("required", []) if name not in value]
        for name, item in value.items():
            if name in properties:
                problems += problems_of(item, properties[name], f"{where}.{name}")
            elif schema.get("additionalProperties") is False:
                problems.append(f"{where}: {name} is not in the schema")
    if isinstance(value, list):
        for number, item in enumerate(value):
            problems += problems_of(item, schema.get("items", {}), f"{where}[{number}]")
    return problems
