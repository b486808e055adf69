"""Live tokens: every answer costs what it says, and the balance falls by it."""

import json
import re
from decimal import Decimal

import openai
import pytest
from keypurse import HELLO, URL, WEATHER, exactly, release_upstream, request
from pydantic import BaseModel

# 12 input and 7 output tokens at $3 and $15 per million.
SCRIPTED_COST = Decimal("0.000141")


class City(BaseModel):
    name: str
    population: int


def extra(answer, name):
    """A field of ours on one of the SDK's objects, exact: it reads numbers as
    floats, whose shortest text is the number sent (under 16 digits)."""
    return Decimal(repr(answer.model_extra[name]))


@pytest.mark.parametrize("base", ["/v1", "/v3"])
@pytest.mark.parametrize("model", ["demo/echo", "scripted/text"])
def test_the_balance_falls_by_exactly_the_cost_in_the_answer(live, base, model):
    raw = live.client(base).chat.completions.with_raw_response.create(
        model=model, messages=HELLO, max_tokens=64
    )
    cost = exactly(raw.text)["cost"]
    assert cost > 0
    assert live.balance() == 1 - cost
    assert Decimal(raw.headers["x-keypurse-cost"]) == cost
    assert Decimal(raw.headers["x-keypurse-balance"]) == 1 - cost
    answer = raw.parse()
    assert answer.choices[0].message.content
    assert answer.usage.total_tokens > 0


def test_the_cost_is_usage_times_price(live):
    answer = live.client().chat.completions.create(model="scripted/text", messages=HELLO)
    assert answer.choices[0].message.content == "Hello from upstream."
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (12, 7)
    assert extra(answer, "cost") == SCRIPTED_COST
    assert live.balance() == 1 - SCRIPTED_COST


@pytest.mark.parametrize("model", ["demo/echo", "scripted/text"])
def test_a_stream_shows_usage_and_cost_to_who_asks(live, model):
    stream = live.client().chat.completions.create(
        model=model, messages=HELLO, stream=True, stream_options={"include_usage": True}
    )
    chunks = list(stream)
    *pieces, last = chunks
    assert "".join(chunk.choices[0].delta.content or "" for chunk in pieces)
    assert last.choices == []
    assert last.usage.completion_tokens > 0
    assert live.balance() == 1 - extra(last.usage, "cost")


@pytest.mark.parametrize("model", ["demo/echo", "scripted/text"])
def test_a_stream_hides_usage_from_who_did_not_ask(live, model):
    stream = live.client().chat.completions.create(model=model, messages=HELLO, stream=True)
    chunks = list(stream)
    assert all(chunk.usage is None for chunk in chunks)
    assert all(len(chunk.choices) == 1 for chunk in chunks)
    assert chunks[-1].choices[0].finish_reason == "stop"
    assert 0 < live.balance() < 1


def test_a_stream_tells_its_cost_in_a_comment_before_it_is_done(live):
    body = {"model": "scripted/text", "messages": HELLO, "stream": True}
    _, _, text = request("POST", f"{URL}/v1/chat/completions", live.secret, body)
    [cost] = re.findall(r"^: keypurse-cost=(\S+)$", text, re.MULTILINE)
    assert Decimal(cost) == SCRIPTED_COST
    assert text.index(": keypurse-cost=") < text.index("data: [DONE]")
    assert live.balance() == 1 - SCRIPTED_COST


def test_tools_pass_through(live):
    answer = live.client().chat.completions.create(
        model="scripted/tools", messages=HELLO, tools=[WEATHER]
    )
    [call] = answer.choices[0].message.tool_calls
    assert answer.choices[0].finish_reason == "tool_calls"
    assert call.function.name == "get_weather"
    assert json.loads(call.function.arguments) == {"city": "Paris"}
    assert live.balance() == 1 - SCRIPTED_COST


def test_tools_pass_through_a_stream(live):
    with live.client().chat.completions.stream(
        model="scripted/tools", messages=HELLO, tools=[WEATHER]
    ) as stream:
        message = stream.get_final_completion().choices[0].message
    [call] = message.tool_calls
    assert json.loads(call.function.arguments) == {"city": "Paris"}
    assert live.balance() == 1 - SCRIPTED_COST


def test_structured_output_is_parsed(live):
    answer = live.client().chat.completions.parse(
        model="scripted/schema", messages=HELLO, response_format=City
    )
    assert answer.choices[0].message.parsed == City(name="Paris", population=3)
    assert live.balance() == 1 - SCRIPTED_COST


def test_a_stream_the_client_closes_is_charged_for_what_it_used(live):
    stream = live.client().chat.completions.create(
        model="scripted/gated", messages=HELLO, stream=True
    )
    text = ""
    while not text:
        text += next(stream).choices[0].delta.content or ""
    stream.close()
    release_upstream()
    live.wait_for_balance(1 - SCRIPTED_COST)


def test_a_provider_that_is_busy_costs_nothing(live):
    with pytest.raises(openai.RateLimitError) as refused:
        live.client().chat.completions.create(model="scripted/busy", messages=HELLO)
    assert refused.value.status_code == 429
    assert live.balance() == 1


def test_without_an_active_balance_the_balance_stands_still(create):
    token = create(balance="1.00", active_balance=False)
    token.client().chat.completions.create(model="scripted/text", messages=HELLO)
    assert token.balance() == 1
