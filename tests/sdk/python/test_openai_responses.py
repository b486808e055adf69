"""`openai` on `responses`."""

import json

import openai
import pytest
from keypurse import release_upstream
from promise import COST, promise
from pydantic import BaseModel

CLIENT = "openai (Python)"
TOOL = {
    "type": "function",
    "name": "get_weather",
    "strict": True,
    "parameters": {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
        "additionalProperties": False,
    },
}


class City(BaseModel):
    name: str
    population: int


def responses(case):
    return case.token.client().responses


@promise("responses", "openai anthropic gemini sandbox", "plain")
def test_a_response_is_whole_and_paid(case):
    response = responses(case).create(model=case.model("text"), input="Say hello.")
    case.expect_hello(response.output_text)
    assert response.status == "completed"
    case.expect_paid(COST)


@promise("responses", "openai anthropic gemini sandbox", "stream")
def test_a_streamed_response_is_whole_and_paid(case):
    with responses(case).stream(model=case.model("text"), input="Say hello.") as stream:
        response = stream.get_final_response()
    case.expect_hello(response.output_text)
    assert response.usage.output_tokens > 0
    case.expect_paid(COST)


@promise("responses", "openai anthropic gemini sandbox", "tools")
def test_a_response_calls_a_tool(case):
    request = {"model": case.model("tools"), "tools": [TOOL], "store": False}
    asked = {"role": "user", "content": "How is it?"}
    response = responses(case).create(**request, input=[asked], tool_choice="required")
    [call] = response.output
    assert (call.type, call.name) == ("function_call", "get_weather")
    case.expect_paris(json.loads(call.arguments))
    result = {"type": "function_call_output", "call_id": call.call_id, "output": "sunny"}
    response = responses(case).create(**request, input=[asked, call, result])
    case.expect_hello(response.output_text)
    case.expect_paid(2 * COST)


@promise("responses", "openai anthropic gemini sandbox", "tools, streamed")
def test_a_streamed_response_calls_a_tool(case):
    request = {"model": case.model("tools"), "input": "How is it?", "tools": [TOOL]}
    with responses(case).stream(**request, tool_choice="required") as stream:
        response = stream.get_final_response()
    case.expect_paris(json.loads(response.output[0].arguments))
    case.expect_paid(COST)


@promise("responses", "openai anthropic gemini sandbox", "structured output")
def test_a_structured_response_is_parsed(case):
    response = responses(case).parse(
        model=case.model("schema"), input="A city.", text_format=City
    )
    assert isinstance(response.output_parsed, City)
    case.expect_paid(COST)


@promise("responses", "openai sandbox", "retrieve")
def test_a_stored_response_is_shown_again_for_free(case):
    made = responses(case).create(model=case.model("text"), input="Say hello.")
    again = responses(case).retrieve(made.id)
    assert (again.id, again.output_text) == (made.id, made.output_text)
    case.expect_paid(COST)


@promise("responses", "openai sandbox", "delete")
def test_a_deleted_response_is_not_found(case):
    made = responses(case).create(model=case.model("text"), input="Say hello.")
    responses(case).delete(made.id)
    with pytest.raises(openai.NotFoundError):
        responses(case).retrieve(made.id)
    case.expect_paid(COST)


@promise("responses", "openai anthropic gemini sandbox", "error")
def test_a_busy_provider_is_a_rate_limit_error_and_free(case):
    with pytest.raises(openai.RateLimitError):
        responses(case).create(
            model=case.model("busy"), input="Say hello.", extra_headers=case.refused()
        )
    case.expect_paid(0)


@promise("responses", "openai anthropic gemini sandbox", "cancel")
def test_a_response_that_is_closed_early_is_charged_for_what_it_used(case):
    stream = responses(case).create(model=case.model("gated"), input="Hello", stream=True)
    while next(stream).type != "response.output_text.delta":
        pass
    stream.close()
    release_upstream()
    case.expect_paid(COST)
