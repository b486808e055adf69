"""Translated requests, answers and streams, by the official SDKs' own types."""

import json

import anthropic
import httpx2
import openai
from anthropic.types.message_create_params import MessageCreateParamsNonStreaming
from openai.types.chat.completion_create_params import CompletionCreateParamsNonStreaming
from pydantic import TypeAdapter
from translators import translate

FUNCTION = {"name": "f", "description": "d", "parameters": {"type": "object", "properties": {}}}
CALL = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": '{"a": 1}'}}
CHAT = {
    "model": "m",
    "messages": [
        {"role": "system", "content": "Be brief"},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "Look"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}},
            ],
        },
        {"role": "assistant", "content": None, "tool_calls": [CALL]},
        {"role": "tool", "tool_call_id": "c1", "content": "seen"},
    ],
    "tools": [{"type": "function", "function": FUNCTION}],
    "tool_choice": "required",
    "parallel_tool_calls": False,
    "stop": ["END"],
    "temperature": 0.5,
    "user": "u1",
    "response_format": {
        "type": "json_schema",
        "json_schema": {
            "name": "answer",
            "schema": {"type": "object", "additionalProperties": False},
            "strict": True,
        },
    },
}
MESSAGE = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude-x",
    "content": [
        {"type": "thinking", "thinking": "Hm", "signature": "c2ln"},
        {"type": "text", "text": "Hello"},
        {"type": "tool_use", "id": "t1", "name": "f", "input": {"a": 1}},
    ],
    "stop_reason": "tool_use",
    "stop_sequence": None,
    "usage": {
        "input_tokens": 3,
        "cache_read_input_tokens": 10,
        "cache_creation_input_tokens": 7,
        "output_tokens": 5,
    },
}
GEMINI = {
    "responseId": "r1",
    "modelVersion": "gemini-x",
    "candidates": [
        {
            "content": {
                "role": "model",
                "parts": [{"text": "Hello"}, {"functionCall": {"name": "f", "args": {"a": 1}}}],
            },
            "finishReason": "STOP",
        }
    ],
    "usageMetadata": {"promptTokenCount": 20, "candidatesTokenCount": 5},
}


def events(message):
    """The stream of a message, as "Streaming messages" describes it."""
    start = {**message, "content": [], "stop_reason": None}
    yield {"type": "message_start", "message": start}
    for index, block in enumerate(message["content"]):
        kind = block["type"]
        empty, deltas = {
            "thinking": ({"thinking": "", "signature": ""}, ["thinking", "signature"]),
            "text": ({"text": ""}, ["text"]),
            "tool_use": ({"input": {}}, ["input_json"]),
        }[kind]
        yield {"type": "content_block_start", "index": index, "content_block": {**block, **empty}}
        for delta in deltas:
            name = "partial_json" if delta == "input_json" else delta
            value = json.dumps(block["input"]) if delta == "input_json" else block[delta]
            part = {"type": f"{delta}_delta", name: value}
            yield {"type": "content_block_delta", "index": index, "delta": part}
        yield {"type": "content_block_stop", "index": index}
    delta = {"stop_reason": message["stop_reason"], "stop_sequence": None}
    yield {"type": "message_delta", "delta": delta, "usage": {"output_tokens": 5}}
    yield {"type": "message_stop"}


def answering(body):
    """A connection that always answers with this stream."""
    headers = {"content-type": "text/event-stream"}

    def answer(_request):
        return httpx2.Response(200, headers=headers, content=body.encode())

    return httpx2.Client(transport=httpx2.MockTransport(answer))


def from_openais_sdk(stream):
    client = openai.OpenAI(api_key="k", base_url="http://x", http_client=answering(stream))
    asked = [{"role": "user", "content": "x"}]
    with client.chat.completions.stream(model="m", messages=asked) as chunks:
        for _ in chunks:
            pass
        return chunks.get_final_completion()


def from_anthropics_sdk(stream):
    client = anthropic.Anthropic(api_key="k", base_url="http://x", http_client=answering(stream))
    asked = [{"role": "user", "content": "x"}]
    with client.messages.stream(model="m", max_tokens=9, messages=asked) as received:
        return received.get_final_message()


def assert_completion(completion, usage):
    choice = completion.choices[0]
    assert choice.message.content == "Hello"
    assert json.loads(choice.message.tool_calls[0].function.arguments) == {"a": 1}
    assert choice.finish_reason == "tool_calls"
    assert (completion.usage.prompt_tokens, completion.usage.completion_tokens) == usage


def assert_message(message):
    by_kind = {block.type: block for block in message.content}
    assert by_kind["text"].text == "Hello"
    assert by_kind["tool_use"].input == {"a": 1}
    assert message.stop_reason == "tool_use"


def test_requests_are_of_the_types_the_sdks_send():
    [messages] = translate("request", "openai", "anthropic", [CHAT])
    TypeAdapter(MessageCreateParamsNonStreaming).validate_python(messages)
    [chat] = translate("request", "anthropic", "openai", [messages], model="gpt-5")
    TypeAdapter(CompletionCreateParamsNonStreaming).validate_python(chat)
    for name in set(CHAT) - {"model"}:
        assert chat[name] == CHAT[name], name


def test_whole_answers_are_of_the_types_the_sdks_read():
    [completion] = translate("answer", "anthropic", "openai", [MESSAGE])
    read = openai.types.chat.ChatCompletion.model_validate(completion, strict=True)
    assert_completion(read, (20, 5))
    [message] = translate("answer", "openai", "anthropic", [completion])
    assert_message(anthropic.types.Message.model_validate(message, strict=True))
    assert message["usage"]["input_tokens"] == 3
    [completion] = translate("answer", "gemini", "openai", [GEMINI])
    read = openai.types.chat.ChatCompletion.model_validate(completion, strict=True)
    assert_completion(read, (20, 5))
    [message] = translate("answer", "gemini", "anthropic", [GEMINI])
    assert_message(anthropic.types.Message.model_validate(message, strict=True))


def test_streams_are_put_together_by_the_sdks():
    stream = "".join(
        f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events(MESSAGE)
    )
    [chunks] = translate("stream", "anthropic", "openai", [stream])
    assert_completion(from_openais_sdk(chunks), (20, 5))
    [back] = translate("stream", "openai", "anthropic", [chunks])
    message = from_anthropics_sdk(back)
    assert_message(message)
    assert (message.usage.input_tokens, message.usage.output_tokens) == (3, 5)
    gemini = f"data: {json.dumps(GEMINI)}\n\n"
    [chunks] = translate("stream", "gemini", "openai", [gemini])
    assert_completion(from_openais_sdk(chunks), (20, 5))
    [received] = translate("stream", "gemini", "anthropic", [gemini])
    assert_message(from_anthropics_sdk(received))
