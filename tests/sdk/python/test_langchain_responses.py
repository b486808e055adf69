"""LangChain's `ChatOpenAI` on `responses`."""

import openai
import pytest
from keypurse import LIMIT_SECONDS, URL, release_upstream
from langchain_core.messages import HumanMessage, ToolMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from promise import COST, promise
from pydantic import BaseModel

CLIENT = "LangChain"
HELLO = HumanMessage("Say hello.")


class City(BaseModel):
    """A city."""

    name: str
    population: int


@tool
def get_weather(city: str) -> str:
    """The weather in a city."""
    return f"sunny in {city}"


def responses(case, model, headers=None):
    return ChatOpenAI(
        model=case.model(model),
        api_key=case.token.secret,
        base_url=f"{URL}/v1",
        default_headers=headers or {},
        max_retries=0,
        timeout=LIMIT_SECONDS,
        use_responses_api=True,
    )


@promise("responses", "openai sandbox", "plain")
def test_a_response_is_whole_and_paid(case):
    answer = responses(case, "text").invoke([HELLO])
    case.expect_hello(answer.text)
    assert answer.usage_metadata["total_tokens"] > 0
    case.expect_paid(COST)


@promise("responses", "openai sandbox", "stream")
def test_a_streamed_response_is_whole_and_paid(case):
    pieces = list(responses(case, "text").stream([HELLO]))
    case.expect_hello("".join(piece.text for piece in pieces))
    case.expect_paid(COST)


@promise("responses", "openai sandbox", "tools")
def test_a_tool_is_called_and_its_result_is_answered(case):
    model = responses(case, "tools")
    asked = model.bind_tools([get_weather], tool_choice="any").invoke([HELLO])
    [call] = asked.tool_calls
    case.expect_paris(call["args"])
    result = ToolMessage(get_weather.invoke(call["args"]), tool_call_id=call["id"])
    answer = model.bind_tools([get_weather]).invoke([HELLO, asked, result])
    case.expect_hello(answer.text)
    case.expect_paid(2 * COST)


@promise("responses", "openai sandbox", "structured output")
def test_structured_output_is_parsed(case):
    structured = responses(case, "schema").with_structured_output(City, method="json_schema")
    assert isinstance(structured.invoke([HELLO]), City)
    case.expect_paid(COST)


@promise("responses", "openai sandbox", "error")
def test_a_busy_provider_is_a_rate_limit_error_and_free(case):
    with pytest.raises(openai.RateLimitError):
        responses(case, "busy", case.refused()).invoke([HELLO])
    case.expect_paid(0)


@promise("responses", "openai sandbox", "cancel")
def test_a_response_that_is_closed_early_is_charged_for_what_it_used(case):
    stream = responses(case, "gated").stream([HELLO])
    while not next(stream).text:
        pass
    stream.close()
    release_upstream()
    case.expect_paid(COST)
