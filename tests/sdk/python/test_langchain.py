"""LangChain's chat models, which call through `openai` and `anthropic`."""

import anthropic
import openai
import pytest
from keypurse import LIMIT_SECONDS, URL, release_upstream
from langchain_anthropic import ChatAnthropic
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


def chat(case, model, headers=None):
    """The chat model of the route, as its users set it up."""
    settings = {
        "model": case.model(model),
        "api_key": case.token.secret,
        "default_headers": headers or {},
        "max_retries": 0,
        "timeout": LIMIT_SECONDS,
    }
    if case.route == "messages":
        return ChatAnthropic(**settings, base_url=URL, max_tokens=64)
    settings["use_responses_api"] = case.route == "responses"
    return ChatOpenAI(**settings, base_url=f"{URL}/v1", stream_usage=True)


@promise("chat/completions messages", "openai anthropic gemini sandbox", "plain")
@promise("responses", "openai anthropic gemini sandbox", "plain")
def test_an_answer_is_whole_and_paid(case):
    answer = chat(case, "text").invoke([HELLO])
    case.expect_hello(answer.text)
    assert answer.usage_metadata["total_tokens"] > 0
    case.expect_paid(COST)


@promise("chat/completions messages", "openai anthropic gemini sandbox", "stream")
@promise("responses", "openai anthropic gemini sandbox", "stream")
def test_a_stream_is_whole_and_paid(case):
    pieces = list(chat(case, "text").stream([HELLO]))
    case.expect_hello("".join(piece.text for piece in pieces))
    case.expect_paid(COST)


@promise("chat/completions messages", "openai anthropic gemini sandbox", "tools")
@promise("responses", "openai anthropic gemini sandbox", "tools")
def test_a_tool_is_called_and_its_result_is_answered(case):
    model = chat(case, "tools")
    asked = model.bind_tools([get_weather], tool_choice="any").invoke([HELLO])
    [call] = asked.tool_calls
    case.expect_paris(call["args"])
    result = ToolMessage(get_weather.invoke(call["args"]), tool_call_id=call["id"])
    answer = model.bind_tools([get_weather]).invoke([HELLO, asked, result])
    case.expect_hello(answer.text)
    case.expect_paid(2 * COST)


@promise("chat/completions messages", "openai anthropic gemini sandbox", "structured output")
@promise("responses", "openai anthropic gemini sandbox", "structured output")
def test_structured_output_is_parsed(case):
    structured = chat(case, "schema").with_structured_output(City, method="json_schema")
    assert isinstance(structured.invoke([HELLO]), City)
    case.expect_paid(COST)


@promise("chat/completions messages", "openai anthropic gemini sandbox", "error")
@promise("responses", "openai anthropic gemini sandbox", "error")
def test_a_busy_provider_is_a_rate_limit_error_and_free(case):
    with pytest.raises((openai.RateLimitError, anthropic.RateLimitError)):
        chat(case, "busy", case.refused()).invoke([HELLO])
    case.expect_paid(0)


@promise("chat/completions messages", "openai anthropic gemini sandbox", "cancel")
@promise("responses", "openai anthropic gemini sandbox", "cancel")
def test_a_stream_that_is_closed_early_is_charged_for_what_it_used(case):
    stream = chat(case, "gated").stream([HELLO])
    while not next(stream).text:
        pass
    stream.close()
    release_upstream()
    case.expect_paid(COST)
