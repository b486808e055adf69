"""A provider that does what the model's name says, in three dialects.

    text    answers "Hello from upstream." in pieces, with usage
    tools   calls the first tool it is given, and answers once it has a result
    schema  answers an object with the properties the JSON schema requires
    gated   streams one piece, then waits for `POST /release` before the rest
    busy    answers 429

OpenAI's dialect is under `/v1`, Anthropic's under `/anthropic/v1` and Gemini's
under `/gemini/v1beta`. Usage is the same for every answer, so tests can state
a call's cost.
"""

import argparse
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import chat
import gemini
import media
import messages
import responses

# Longer than any test waits; only an abandoned run reaches it.
GATE_LIMIT_SECONDS = 30

# Counts releases: each lets one gated stream pass.
gate = threading.Semaphore(0)

# By path: a function of the request's body that gives an answer, or the pieces
# of a stream.
ROUTES = {
    "/v1/chat/completions": chat.answer,
    "/v1/responses": responses.answer,
    "/v1/embeddings": media.embeddings,
    "/v1/moderations": media.moderations,
    "/v1/images/generations": media.generations,
    "/v1/images/edits": media.edits,
    "/v1/audio/speech": media.speech,
    "/v1/audio/transcriptions": media.transcription,
    "/anthropic/v1/messages": messages.answer,
    "/anthropic/v1/messages/count_tokens": messages.count,
}


class Upstream(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        if self.path == "/readyz":
            return self.give({})
        self.give(*responses.stored(self.path))

    def do_DELETE(self):
        self.give(*responses.delete(self.path))

    def do_POST(self):
        content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path == "/release":
            gate.release()
            return self.give({})
        body = self.read(content)
        answer = gemini.route(self.path) or ROUTES.get(self.path)
        if answer is None:
            return self.give(chat.error("not_found_error", f"no route {self.path}"), 404)
        if body["model"].rsplit("/", 1)[-1] == "busy":
            return self.give(busy(self.path), 429)
        answered = answer(body)
        if isinstance(answered, dict | bytes):
            return self.give(answered)
        self.stream(answered)

    def read(self, content):
        """A form is read as far as the upstream needs it."""
        if not self.headers.get("Content-Type", "").startswith("multipart/"):
            return gemini.with_model(self.path, json.loads(content or "{}"))
        return media.form(content)

    def give(self, value, status=200):
        is_sound = isinstance(value, bytes)
        content = value if is_sound else json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "audio/wav" if is_sound else "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def stream(self, pieces):
        """Sends lines of an event stream; `None` among them is the gate."""
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.close_connection = True
        self.end_headers()
        try:
            for piece in pieces:
                if piece is None:
                    gate.acquire(timeout=GATE_LIMIT_SECONDS)
                    continue
                self.wfile.write(f"{piece}\n\n".encode())
                self.wfile.flush()
        except ConnectionError:
            pass  # the caller left; a real provider notices no sooner

    def log_message(self, *_):
        pass


def busy(path):
    message = "the scripted provider is busy"
    if path.startswith("/anthropic"):
        return messages.error("rate_limit_error", message)
    if path.startswith("/gemini"):
        return {"error": {"code": 429, "message": message, "status": "RESOURCE_EXHAUSTED"}}
    return chat.error("rate_limit_error", message)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    ThreadingHTTPServer(("127.0.0.1", parser.parse_args().port), Upstream).serve_forever()
