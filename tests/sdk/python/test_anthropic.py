"""`anthropic` on `messages`, whatever the provider speaks."""

import anthropic
import pytest
from keypurse import HELLO, LIMIT_SECONDS, URL, WEATHER, release_upstream
from promise import COST, promise
from pydantic import BaseModel

CLIENT = "anthropic (Python)"
TOOL = {"name": "get_weather", "input_schema": WEATHER["function"]["parameters"]}


class City(BaseModel):
    name: str
    population: int


def messages(case):
    client = anthropic.Anthropic(
        api_key=case.token.secret, base_url=URL, max_retries=0, timeout=LIMIT_SECONDS
    )
    return client.messages


def asked(case, model, **members):
    return {"model": case.model(model), "messages": HELLO, "max_tokens": 64, **members}


@promise("messages", "openai anthropic gemini sandbox", "plain")
def test_an_answer_is_whole_and_paid(case):
    answer = messages(case).create(**asked(case, "text"))
    case.expect_hello(answer.content[0].text)
    assert answer.stop_reason == "end_turn"
    assert answer.usage.input_tokens > 0
    case.expect_paid(COST)


@promise("messages", "openai anthropic gemini sandbox", "stream")
def test_a_stream_is_whole_and_paid(case):
    with messages(case).stream(**asked(case, "text")) as stream:
        answer = stream.get_final_message()
    case.expect_hello(answer.content[0].text)
    assert answer.usage.output_tokens > 0
    case.expect_paid(COST)


@promise("messages", "openai anthropic gemini sandbox", "tools")
def test_a_tool_is_called_and_its_result_is_answered(case):
    request = asked(case, "tools", tools=[TOOL])
    called = messages(case).create(**request, tool_choice={"type": "any"})
    [call] = called.content
    assert (called.stop_reason, call.name) == ("tool_use", "get_weather")
    case.expect_paris(call.input)
    result = {"type": "tool_result", "tool_use_id": call.id, "content": "sunny"}
    history = [
        *HELLO,
        {"role": "assistant", "content": called.content},
        {"role": "user", "content": [result]},
    ]
    answer = messages(case).create(**request | {"messages": history})
    case.expect_hello(answer.content[0].text)
    case.expect_paid(2 * COST)


@promise("messages", "openai anthropic gemini sandbox", "tools, streamed")
def test_a_streamed_tool_call_adds_up(case):
    request = asked(case, "tools", tools=[TOOL], tool_choice={"type": "any"})
    with messages(case).stream(**request) as stream:
        [call] = stream.get_final_message().content
    case.expect_paris(call.input)
    case.expect_paid(COST)


@promise("messages", "openai anthropic gemini sandbox", "structured output")
def test_structured_output_is_parsed(case):
    answer = messages(case).parse(**asked(case, "schema"), output_format=City)
    assert isinstance(answer.parsed_output, City)
    case.expect_paid(COST)


@promise("messages", "openai anthropic gemini sandbox", "error")
def test_a_busy_provider_is_a_rate_limit_error_and_free(case):
    with pytest.raises(anthropic.RateLimitError):
        messages(case).create(**asked(case, "busy"), extra_headers=case.refused())
    case.expect_paid(0)


@promise("messages", "openai anthropic gemini sandbox", "cancel")
def test_a_stream_that_is_closed_early_is_charged_for_what_it_used(case):
    stream = messages(case).create(**asked(case, "gated"), stream=True)
    while next(stream).type != "content_block_delta":
        pass
    stream.close()
    release_upstream()
    case.expect_paid(COST)


@promise("messages", "openai anthropic gemini sandbox", "count tokens")
def test_tokens_are_counted_for_free(case):
    counted = messages(case).count_tokens(model=case.model("text"), messages=HELLO)
    assert counted.input_tokens > 0
    case.expect_paid(0)
