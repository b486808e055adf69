"""`openai` on `chat/completions`, whatever the provider speaks."""

import json

import openai
import pytest
from keypurse import HELLO, WEATHER, release_upstream
from promise import COST, promise
from pydantic import BaseModel

CLIENT = "openai (Python)"
# What of an answer is sent back.
SAID = {"role", "content", "tool_calls"}


class City(BaseModel):
    name: str
    population: int


def chat(case):
    return case.token.client().chat.completions


@promise("chat/completions", "openai anthropic gemini sandbox", "plain")
def test_an_answer_is_whole_and_paid(case):
    answer = chat(case).create(model=case.model("text"), messages=HELLO)
    case.expect_hello(answer.choices[0].message.content)
    assert answer.choices[0].finish_reason == "stop"
    case.expect_paid(COST)


@promise("chat/completions", "openai anthropic gemini sandbox", "stream")
def test_a_stream_is_whole_and_paid(case):
    request = {"model": case.model("text"), "messages": HELLO}
    with chat(case).stream(**request, stream_options={"include_usage": True}) as stream:
        answer = stream.get_final_completion()
    case.expect_hello(answer.choices[0].message.content)
    assert answer.usage.completion_tokens > 0
    case.expect_paid(COST)


@promise("chat/completions", "openai anthropic gemini sandbox", "tools")
def test_a_tool_is_called_and_its_result_is_answered(case):
    request = {"model": case.model("tools"), "tools": [WEATHER]}
    asked = chat(case).create(**request, messages=HELLO, tool_choice="required")
    message = asked.choices[0].message
    [call] = message.tool_calls
    assert call.function.name == "get_weather"
    case.expect_paris(json.loads(call.function.arguments))
    result = {"role": "tool", "tool_call_id": call.id, "content": "sunny"}
    history = [*HELLO, message.model_dump(exclude_none=True, include=SAID), result]
    answer = chat(case).create(**request, messages=history)
    case.expect_hello(answer.choices[0].message.content)
    case.expect_paid(2 * COST)


@promise("chat/completions", "openai anthropic gemini sandbox", "tools, streamed")
def test_a_streamed_tool_call_adds_up(case):
    request = {"model": case.model("tools"), "tools": [WEATHER], "tool_choice": "required"}
    with chat(case).stream(**request, messages=HELLO) as stream:
        answer = stream.get_final_completion()
    [call] = answer.choices[0].message.tool_calls
    case.expect_paris(json.loads(call.function.arguments))
    case.expect_paid(COST)


@promise("chat/completions", "openai anthropic gemini sandbox", "structured output")
def test_structured_output_is_parsed(case):
    answer = chat(case).parse(
        model=case.model("schema"), messages=HELLO, response_format=City
    )
    assert isinstance(answer.choices[0].message.parsed, City)
    case.expect_paid(COST)


@promise("chat/completions", "openai anthropic gemini sandbox", "error")
def test_a_busy_provider_is_a_rate_limit_error_and_free(case):
    with pytest.raises(openai.RateLimitError):
        chat(case).create(
            model=case.model("busy"), messages=HELLO, extra_headers=case.refused()
        )
    case.expect_paid(0)


@promise("chat/completions", "openai anthropic gemini sandbox", "cancel")
def test_a_stream_that_is_closed_early_is_charged_for_what_it_used(case):
    stream = chat(case).create(model=case.model("gated"), messages=HELLO, stream=True)
    while not next(stream).choices[0].delta.content:
        pass
    stream.close()
    release_upstream()
    case.expect_paid(COST)
