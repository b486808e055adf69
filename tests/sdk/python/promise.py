"""What a client is promised: by route, upstream and feature.

`docs/compatibility.md` is made from the calls of `promise` in these files, and
the suite fails unless every one of them ran and passed.
"""

import json
import os
from dataclasses import dataclass
from decimal import Decimal

import pytest
from keypurse import Token

# 12 input and 7 output tokens at $3 and $15 per million.
COST = Decimal("0.000141")
PROVIDERS = {
    "openai": "scripted",
    "anthropic": "scripted_anthropic",
    "gemini": "scripted_gemini",
}
SANDBOX_MODELS = {
    "embeddings": "openai/text-embedding-3-small",
    "moderations": "openai/omni-moderation-latest",
    "images/generations": "openai/gpt-image-1",
    "images/edits": "openai/gpt-image-1",
    "audio/speech": "openai/tts-1",
    "audio/transcriptions": "openai/gpt-4o-mini-transcribe",
}


def promise(routes, upstreams, feature):
    """Runs a test once for each route and upstream: a dialect, or `sandbox`.

    A test may make the same promise for other routes and upstreams as well.
    """
    ways = [(route, upstream) for route in routes.split() for upstream in upstreams.split()]
    return pytest.mark.promise(ways, feature)


def try_every_way(metafunc):
    """Parametrises a test by all it promises."""
    promises = metafunc.definition.iter_markers("promise")
    ways = [way for promise in promises for way in promise.args[0]]
    if ways:
        metafunc.parametrize(("route", "upstream"), ways)


@dataclass
class Case:
    """A token, the route it calls and whom it reaches."""

    token: Token
    route: str
    upstream: str

    @property
    def is_live(self):
        return self.upstream != "sandbox"

    def model(self, name):
        """The model that does what `name` says; a sandbox does as it is asked."""
        if self.is_live:
            return f"{PROVIDERS[self.upstream]}/{name}"
        return SANDBOX_MODELS.get(self.route, "openai/gpt-4o-mini")

    def refused(self):
        """Headers with which a sandbox is busy, too."""
        return {} if self.is_live else {"x-keypurse-sandbox": "rate_limit"}

    def expect_hello(self, text):
        assert text == "Hello from upstream." if self.is_live else text

    def expect_paris(self, arguments):
        """What a tool is called with, or a schema's instance."""
        assert arguments["city"] == "Paris" if self.is_live else isinstance(arguments["city"], str)

    def expect_paid(self, cost):
        """What was paid in all; waits, as a cut stream is charged after it."""
        self.token.wait_for_balance(1 - cost if self.is_live else 1)


def record(item, passed):
    """Tells xtask which promise was tried, and how it went."""
    _, feature = item.get_closest_marker("promise").args
    line = {
        "client": item.module.CLIENT,
        "route": item.callspec.params["route"],
        "upstream": item.callspec.params["upstream"],
        "feature": feature,
        "passed": passed,
    }
    with open(os.environ["KEYPURSE_PROMISES"], "a") as file:
        file.write(json.dumps(line) + "\n")
