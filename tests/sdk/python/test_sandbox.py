"""Sandbox tokens: any model of the catalogue answers, and nothing costs."""

import json
from decimal import Decimal

import openai
import pytest
from keypurse import HELLO, WEATHER, exactly
from pydantic import BaseModel

MODEL = "openai/gpt-4o-mini"


class City(BaseModel):
    name: str
    population: int


@pytest.fixture(autouse=True)
def balance_is_untouched(sandbox):
    yield
    assert sandbox.balance() == 5


def test_chat_answers_at_no_cost(sandbox):
    raw = sandbox.client().chat.completions.with_raw_response.create(model=MODEL, messages=HELLO)
    assert exactly(raw.text)["cost"] == 0
    assert Decimal(raw.headers["x-keypurse-cost"]) == 0
    answer = raw.parse()
    assert answer.choices[0].message.content
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage.total_tokens > 0


def test_the_same_request_gives_the_same_text(sandbox):
    def ask(text):
        messages = [{"role": "user", "content": text}]
        answer = sandbox.client().chat.completions.create(model=MODEL, messages=messages)
        return answer.choices[0].message.content

    assert ask("one") == ask("one")
    assert ask("one") != ask("two")


def test_the_output_limit_is_honoured(sandbox):
    answer = sandbox.client().chat.completions.create(model=MODEL, messages=HELLO, max_tokens=2)
    assert answer.choices[0].finish_reason == "length"
    assert answer.usage.completion_tokens <= 2


@pytest.mark.parametrize("include_usage", [False, True])
def test_a_stream_adds_up_to_the_whole_answer(sandbox, include_usage):
    client = sandbox.client()
    whole = client.chat.completions.create(model=MODEL, messages=HELLO)
    options = {"stream_options": {"include_usage": True}} if include_usage else {}
    chunks = list(
        client.chat.completions.create(model=MODEL, messages=HELLO, stream=True, **options)
    )
    pieces = [chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices]
    assert "".join(pieces) == whole.choices[0].message.content
    shown = [chunk.usage.total_tokens for chunk in chunks if chunk.usage]
    assert shown == [whole.usage.total_tokens] * include_usage


def test_a_forced_tool_is_called_with_valid_arguments(sandbox):
    answer = sandbox.client().chat.completions.create(
        model=MODEL,
        messages=HELLO,
        tools=[WEATHER],
        tool_choice={"type": "function", "function": {"name": "get_weather"}},
    )
    [call] = answer.choices[0].message.tool_calls
    assert call.function.name == "get_weather"
    assert isinstance(json.loads(call.function.arguments)["city"], str)


def test_structured_output_fits_its_schema(sandbox):
    answer = sandbox.client().chat.completions.parse(
        model=MODEL, messages=HELLO, response_format=City
    )
    assert isinstance(answer.choices[0].message.parsed, City)


def test_several_choices(sandbox):
    answer = sandbox.client().chat.completions.create(model=MODEL, messages=HELLO, n=3)
    assert [choice.index for choice in answer.choices] == [0, 1, 2]


@pytest.mark.parametrize(
    ("scenario", "error", "status"),
    [
        ("rate_limit", openai.RateLimitError, 429),
        ("server_error", openai.InternalServerError, 500),
        ("insufficient_balance", openai.APIStatusError, 402),
        ("expired", openai.AuthenticationError, 401),
    ],
)
def test_failures_on_demand(sandbox, scenario, error, status):
    with pytest.raises(error) as raised:
        sandbox.client().chat.completions.create(
            model=MODEL, messages=HELLO, extra_headers={"x-keypurse-sandbox": scenario}
        )
    assert raised.value.status_code == status


def test_closing_a_stream_early_is_fine(sandbox):
    stream = sandbox.client().chat.completions.create(model=MODEL, messages=HELLO, stream=True)
    next(stream)
    stream.close()


def test_models_are_listed(sandbox):
    names = {model.id for model in sandbox.client().models.list()}
    assert {"demo/echo", "scripted/text"} <= names
