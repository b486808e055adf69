"""A running Keypurse, its management API over plain HTTP, and SDK clients.

`cargo xtask test sdk-python` starts the servers and says where they are.
"""

import json
import os
import time
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from decimal import Decimal

import openai

URL = os.environ["KEYPURSE_URL"]
ACCOUNT_KEY = os.environ["KEYPURSE_ACCOUNT_KEY"]
LIMIT_SECONDS = 10


def exactly(text):
    """JSON with every number read from its text: no binary float near money."""
    return json.loads(text, parse_float=Decimal, parse_int=Decimal)


def request(method, url, secret=None, body=None):
    """One plain HTTP exchange: status, headers, text. Any status is an answer."""
    headers = {"Content-Type": "application/json"}
    if secret:
        headers["Authorization"] = f"Bearer {secret}"
    data = None if body is None else json.dumps(body).encode()
    exchange = urllib.request.Request(url, data, headers, method=method)
    try:
        with urllib.request.urlopen(exchange, timeout=LIMIT_SECONDS) as answer:
            return answer.status, answer.headers, answer.read().decode()
    except urllib.error.HTTPError as answer:
        return answer.code, answer.headers, answer.read().decode()


@dataclass
class Token:
    """A token of this suite, seen from the management API."""

    name: str
    secret: str

    @property
    def path(self):
        return f"{URL}/v2/user/custom_token/{urllib.parse.quote(self.name, safe='')}/"

    def balance(self):
        status, _, text = request("GET", self.path, ACCOUNT_KEY)
        assert status == 200, text
        return exactly(text)["balance"]

    def update(self, **fields):
        status, _, text = request("PATCH", self.path, ACCOUNT_KEY, fields)
        assert status == 200, text
        return exactly(text)

    def delete(self):
        status, _, text = request("DELETE", self.path, ACCOUNT_KEY)
        assert status in (204, 404), text
        return status

    def client(self, base="/v1"):
        """The official SDK as a user sets it up, but for retries: a test sees
        the first answer."""
        return openai.OpenAI(
            api_key=self.secret, base_url=URL + base, max_retries=0, timeout=LIMIT_SECONDS
        )

    def wait_for_balance(self, expected):
        """Asks until the balance is as expected, for a bounded time."""
        deadline = time.monotonic() + LIMIT_SECONDS
        while (balance := self.balance()) != expected and time.monotonic() < deadline:
            assert balance >= 0
        assert balance == expected


def create_token(name, fields):
    url = f"{URL}/v2/user/custom_token/"
    status, _, text = request("POST", url, ACCOUNT_KEY, {"name": name, **fields})
    assert status == 201, text
    return Token(name, exactly(text)["token"])


def release_upstream():
    """Lets the scripted provider's gated stream go on."""
    upstream = os.environ["SCRIPTED_UPSTREAM_URL"]
    status, _, text = request("POST", f"{upstream}/release", body={})
    assert status == 200, text


WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather in a city",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
            "additionalProperties": False,
        },
    },
}
HELLO = [{"role": "user", "content": "Say hello."}]
