"""Pydantic AI's agents, which call through `openai` and `anthropic`."""

import asyncio

import anthropic
import openai
import pytest
from keypurse import LIMIT_SECONDS, URL, release_upstream
from promise import COST, promise
from pydantic import BaseModel
from pydantic_ai import Agent, NativeOutput
from pydantic_ai.exceptions import ModelHTTPError
from pydantic_ai.models.anthropic import AnthropicModel
from pydantic_ai.models.openai import OpenAIChatModel, OpenAIResponsesModel
from pydantic_ai.profiles import ModelProfile
from pydantic_ai.providers.anthropic import AnthropicProvider
from pydantic_ai.providers.openai import OpenAIProvider

CLIENT = "Pydantic AI"


class City(BaseModel):
    name: str
    population: int


def agent(case, model, headers=None, **settings):
    """An agent on the route's model, as its users set it up."""
    client = {
        "api_key": case.token.secret,
        "default_headers": headers or {},
        "max_retries": 0,
        "timeout": LIMIT_SECONDS,
    }
    name = case.model(model)
    if case.route == "messages":
        of_messages = anthropic.AsyncAnthropic(**client, base_url=URL)
        provider = AnthropicProvider(anthropic_client=of_messages)
        # It knows Anthropic's models by name, and this one can do what they can.
        profile = ModelProfile(supports_json_schema_output=True)
        return Agent(AnthropicModel(name, provider=provider, profile=profile), **settings)
    openais = openai.AsyncOpenAI(**client, base_url=f"{URL}/v1")
    model = OpenAIResponsesModel if case.route == "responses" else OpenAIChatModel
    return Agent(model(name, provider=OpenAIProvider(openai_client=openais)), **settings)


@promise("chat/completions messages", "openai anthropic gemini sandbox", "plain")
@promise("responses", "openai anthropic gemini sandbox", "plain")
def test_an_answer_is_whole_and_paid(case):
    answer = agent(case, "text").run_sync("Say hello.")
    case.expect_hello(answer.output)
    case.expect_paid(COST)


@promise("chat/completions messages", "openai anthropic gemini sandbox", "stream")
@promise("responses", "openai anthropic gemini sandbox", "stream")
def test_a_stream_is_whole_and_paid(case):
    async def run():
        async with agent(case, "text").run_stream("Say hello.") as answer:
            return "".join([piece async for piece in answer.stream_text(delta=True)])

    case.expect_hello(asyncio.run(run()))
    case.expect_paid(COST)


@promise("chat/completions messages", "openai anthropic gemini sandbox", "tools")
@promise("responses", "openai anthropic gemini sandbox", "tools")
def test_a_tool_is_run_and_its_result_is_answered(case):
    cities = []

    def get_weather(city: str) -> str:
        cities.append(city)
        return "sunny"

    answer = agent(case, "tools", tools=[get_weather]).run_sync("How is it in Paris?")
    [city] = cities
    case.expect_paris({"city": city})
    case.expect_hello(answer.output)
    case.expect_paid(2 * COST)


@promise("chat/completions messages", "openai anthropic gemini sandbox", "structured output")
@promise("responses", "openai anthropic gemini sandbox", "structured output")
def test_structured_output_is_parsed(case):
    answer = agent(case, "schema", output_type=NativeOutput(City)).run_sync("A city.")
    assert isinstance(answer.output, City)
    case.expect_paid(COST)


@promise("chat/completions messages", "openai anthropic gemini sandbox", "error")
@promise("responses", "openai anthropic gemini sandbox", "error")
def test_a_busy_provider_is_an_http_error_and_free(case):
    with pytest.raises(ModelHTTPError) as raised:
        agent(case, "busy", case.refused()).run_sync("Say hello.")
    assert raised.value.status_code == 429
    case.expect_paid(0)


@promise("chat/completions messages", "openai anthropic gemini sandbox", "cancel")
@promise("responses", "openai anthropic gemini sandbox", "cancel")
def test_a_stream_that_is_closed_early_is_charged_for_what_it_used(case):
    async def run():
        async with agent(case, "gated").run_stream("Say hello.") as answer:
            async for _ in answer.stream_text(delta=True, debounce_by=None):
                break

    asyncio.run(run())
    release_upstream()
    case.expect_paid(COST)
