"""Anthropic's messages."""

import json

from script import INPUT_TOKENS, OUTPUT_TOKENS, event, name_of, pieces, values, whole


def answer(body):
    tool = called(body)
    texts = [] if tool else pieces(name_of(body), schema_of(body))
    reason = "tool_use" if tool else "end_turn"
    if body.get("stream"):
        return (
            one if one is None else event(one, one["type"])
            for one in stream(body, tool, texts, reason)
        )
    content = [tool] if tool else [{"type": "text", "text": whole(texts)}]
    return message(body, content, reason, OUTPUT_TOKENS)


def count(_body):
    return {"input_tokens": INPUT_TOKENS}


def error(kind, message):
    return {"type": "error", "error": {"type": kind, "message": message}}


def message(body, content, reason, output_tokens):
    return {
        "id": "msg_scripted",
        "type": "message",
        "role": "assistant",
        "model": body["model"],
        "content": content,
        "stop_reason": reason,
        "stop_sequence": None,
        "usage": {"input_tokens": INPUT_TOKENS, "output_tokens": output_tokens},
    }


def stream(body, tool, texts, reason):
    yield {"type": "message_start", "message": message(body, [], None, 1)}
    block = tool | {"input": {}} if tool else {"type": "text", "text": ""}
    yield {"type": "content_block_start", "index": 0, "content_block": block}
    if tool:
        arguments = json.dumps(tool["input"])
        yield delta_of({"type": "input_json_delta", "partial_json": arguments})
    for text in texts:
        yield None if text is None else delta_of({"type": "text_delta", "text": text})
    yield {"type": "content_block_stop", "index": 0}
    ended = {"stop_reason": reason, "stop_sequence": None}
    yield {"type": "message_delta", "delta": ended, "usage": {"output_tokens": OUTPUT_TOKENS}}
    yield {"type": "message_stop"}


def delta_of(delta):
    return {"type": "content_block_delta", "index": 0, "delta": delta}


def called(body):
    content = body["messages"][-1]["content"]
    has_result = isinstance(content, list) and content[-1]["type"] == "tool_result"
    if name_of(body) != "tools" or has_result or not body.get("tools"):
        return None
    tool = body["tools"][0]
    arguments = values(tool["input_schema"])
    return {"type": "tool_use", "id": "toolu_scripted", "name": tool["name"], "input": arguments}


def schema_of(body):
    return ((body.get("output_config") or {}).get("format") or {}).get("schema")
