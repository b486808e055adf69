"""A provider that does what the model's name says, in OpenAI's dialect.

    text    answers "Hello from upstream." in pieces, with usage
    tools   calls the first tool it is given
    schema  answers an object with the properties the JSON schema requires
    gated   streams one piece, then waits for `POST /release` before the rest
    busy    answers 429

Usage is the same for every answer, so tests can state a call's cost.
"""

import argparse
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PIECES = ["Hello", " from", " upstream."]
USAGE = {"prompt_tokens": 12, "completion_tokens": 7, "total_tokens": 19}

# Longer than any test waits; only an abandoned run reaches it.
GATE_LIMIT_SECONDS = 30

released = threading.Event()


class Upstream(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.answer(200 if self.path == "/readyz" else 404, {})

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or "{}")
        if self.path == "/release":
            released.set()
            return self.answer(200, {})
        if self.path != "/v1/chat/completions":
            return self.answer(404, error("not_found_error", f"no route {self.path}"))
        model = body["model"].rsplit("/", 1)[-1]
        if model == "busy":
            return self.answer(429, error("rate_limit_error", "the scripted provider is busy"))
        if body.get("stream"):
            return self.stream(model, body)
        message, reason = message_of(model, body)
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": reason}
        self.answer(200, envelope(body, "chat.completion", [choice]) | {"usage": USAGE})

    def answer(self, status, value):
        content = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def stream(self, model, body):
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.close_connection = True
        self.end_headers()
        deltas, reason = deltas_of(model, body)
        try:
            for number, delta in enumerate(deltas):
                if model == "gated" and number == 2:
                    released.wait(GATE_LIMIT_SECONDS)
                self.send_chunk(body, [choice_of(delta, None)])
            self.send_chunk(body, [choice_of({}, reason)])
            if (body.get("stream_options") or {}).get("include_usage"):
                self.send_chunk(body, [], USAGE)
            self.wfile.write(b"data: [DONE]\n\n")
        except ConnectionError:
            pass  # the caller left; a real provider notices no sooner

    def send_chunk(self, body, choices, usage=None):
        chunk = envelope(body, "chat.completion.chunk", choices) | {"usage": usage}
        self.wfile.write(f"data: {json.dumps(chunk)}\n\n".encode())
        self.wfile.flush()

    def log_message(self, *_):
        pass


def error(kind, message):
    return {"error": {"message": message, "type": kind, "param": None, "code": None}}


def envelope(body, kind, choices):
    return {
        "id": "chatcmpl-scripted",
        "object": kind,
        "created": 1767225600,
        "model": body["model"],
        "choices": choices,
    }


def choice_of(delta, reason):
    return {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}


def message_of(model, body):
    """The whole answer, and why it ended."""
    message = {"role": "assistant", "content": "".join(PIECES), "refusal": None}
    if model == "tools" and body.get("tools"):
        return message | {"content": None, "tool_calls": [tool_call(body)]}, "tool_calls"
    if model == "schema":
        return message | {"content": json.dumps(instance(body))}, "stop"
    return message, "stop"


def deltas_of(model, body):
    """The same answer in pieces, and why it ended."""
    first = {"role": "assistant", "content": ""}
    message, reason = message_of(model, body)
    if reason == "tool_calls":
        return [first, {"tool_calls": [tool_call(body) | {"index": 0}]}], reason
    pieces = PIECES if model in ("text", "gated") else [message["content"]]
    return [first, *({"content": piece} for piece in pieces)], reason


def tool_call(body):
    function = body["tools"][0]["function"]
    arguments = json.dumps(values(function.get("parameters") or {}))
    call = {"name": function["name"], "arguments": arguments}
    return {"id": "call_scripted", "type": "function", "function": call}


def instance(body):
    return values(body["response_format"]["json_schema"]["schema"])


def values(schema):
    """One value per property: enough for the flat schemas the suites send."""
    samples = {"string": "Paris", "integer": 3, "number": 1.5, "boolean": True}
    properties = schema.get("properties", {})
    return {name: samples[kind["type"]] for name, kind in properties.items()}


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    ThreadingHTTPServer(("127.0.0.1", parser.parse_args().port), Upstream).serve_forever()
