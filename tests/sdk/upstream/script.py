"""What is answered, whatever the dialect."""

import json

PIECES = ["Hello", " from", " upstream."]
INPUT_TOKENS, OUTPUT_TOKENS = 12, 7
CREATED = 1767225600


def name_of(body):
    return body["model"].rsplit("/", 1)[-1]


def pieces(name, schema):
    """The text of an answer in pieces; `None` is the gate."""
    if name == "schema":
        return [json.dumps(values(schema))]
    if name == "gated":
        return [PIECES[0], None, *PIECES[1:]]
    return PIECES


def whole(parts):
    return "".join(part for part in parts if part)


def values(schema):
    """One value per property: enough for the flat schemas the suites send."""
    samples = {"string": "Paris", "integer": 3, "number": 1.5, "boolean": True}
    properties = (schema or {}).get("properties", {})
    return {name: samples[kind["type"].lower()] for name, kind in properties.items()}


def event(value, name=None):
    """One event of a stream."""
    data = value if isinstance(value, str) else json.dumps(value)
    return f"event: {name}\ndata: {data}" if name else f"data: {data}"
