"""OpenAI's chat completions."""

import json

from script import CREATED, INPUT_TOKENS, OUTPUT_TOKENS, event, name_of, pieces, values, whole

USAGE = {
    "prompt_tokens": INPUT_TOKENS,
    "completion_tokens": OUTPUT_TOKENS,
    "total_tokens": INPUT_TOKENS + OUTPUT_TOKENS,
}


def answer(body):
    calls = tool_calls(body)
    texts = [] if calls else pieces(name_of(body), schema_of(body))
    reason = "tool_calls" if calls else "stop"
    if body.get("stream"):
        return stream(body, calls, texts, reason)
    message = {"role": "assistant", "content": whole(texts) or None, "refusal": None}
    if calls:
        message["tool_calls"] = calls
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": reason}
    return envelope(body, "chat.completion", [choice]) | {"usage": USAGE}


def stream(body, calls, texts, reason):
    def chunk(choices, usage=None):
        return event(envelope(body, "chat.completion.chunk", choices) | {"usage": usage})

    yield chunk([choice_of({"role": "assistant", "content": ""})])
    if calls:
        yield chunk([choice_of({"tool_calls": [calls[0] | {"index": 0}]})])
    for text in texts:
        yield None if text is None else chunk([choice_of({"content": text})])
    yield chunk([choice_of({}, reason)])
    if (body.get("stream_options") or {}).get("include_usage"):
        yield chunk([], USAGE)
    yield event("[DONE]")


def error(kind, message):
    return {"error": {"message": message, "type": kind, "param": None, "code": None}}


def envelope(body, kind, choices):
    return {
        "id": "chatcmpl-scripted",
        "object": kind,
        "created": CREATED,
        "model": body["model"],
        "choices": choices,
    }


def choice_of(delta, reason=None):
    return {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}


def tool_calls(body):
    has_result = body["messages"][-1]["role"] == "tool"
    if name_of(body) != "tools" or has_result or not body.get("tools"):
        return []
    function = body["tools"][0]["function"]
    arguments = json.dumps(values(function.get("parameters")))
    call = {"name": function["name"], "arguments": arguments}
    return [{"id": "call_scripted", "type": "function", "function": call}]


def schema_of(body):
    return (body.get("response_format") or {}).get("json_schema", {}).get("schema")
