"""OpenAI's responses, kept in memory when `store` is not off."""

import itertools
import json

from chat import error
from script import CREATED, INPUT_TOKENS, OUTPUT_TOKENS, event, name_of, pieces, values, whole

kept = {}
numbers = itertools.count(1)


def answer(body):
    calls = function_calls(body)
    texts = [] if calls else pieces(name_of(body), schema_of(body))
    response = begun(body)
    if body.get("store", True):
        kept[response["id"]] = response
    events = stream(response, calls, texts)
    if body.get("stream"):
        return (event(*one) if one else None for one in events)
    for _ in events:
        pass
    return response


def stored(path):
    response = kept.get(path.rsplit("/", 1)[-1])
    return (response,) if response else missing(path)


def delete(path):
    response = kept.pop(path.rsplit("/", 1)[-1], None)
    if not response:
        return missing(path)
    return ({"id": response["id"], "object": "response", "deleted": True},)


def missing(path):
    return error("invalid_request_error", f"nothing is kept at {path}"), 404


def begun(body):
    copied = {"model": body["model"], "tools": body.get("tools", []), "text": body.get("text")}
    return copied | {
        "id": f"resp_scripted{next(numbers)}",
        "object": "response",
        "created_at": CREATED,
        "status": "in_progress",
        "error": None,
        "incomplete_details": None,
        "instructions": body.get("instructions"),
        "metadata": {},
        "output": [],
        "parallel_tool_calls": True,
        "temperature": 1.0,
        "tool_choice": body.get("tool_choice", "auto"),
        "top_p": 1.0,
        "store": body.get("store", True),
    }


def stream(response, calls, texts):
    """The events of a response, in order; `response` is completed by them."""
    sequence = itertools.count()

    def made(kind, **members):
        return {"type": kind, "sequence_number": next(sequence), **members}, kind

    yield made("response.created", response=dict(response))
    of_item = calls_item(made, calls) if calls else message_item(made, texts)
    item = yield from of_item
    yield made("response.output_item.done", output_index=0, item=item)
    response["output"].append(item)
    response["status"] = "completed"
    response["usage"] = {
        "input_tokens": INPUT_TOKENS,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": OUTPUT_TOKENS,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": INPUT_TOKENS + OUTPUT_TOKENS,
    }
    yield made("response.completed", response=response)


def message_item(made, texts):
    item = {"id": "msg_scripted", "type": "message", "role": "assistant"}
    begun = item | {"status": "in_progress", "content": []}
    place = {"item_id": item["id"], "output_index": 0, "content_index": 0}
    part = {"type": "output_text", "text": "", "annotations": []}
    yield made("response.output_item.added", output_index=0, item=begun)
    yield made("response.content_part.added", **place, part=part)
    for text in texts:
        if text is None:
            yield None
        else:
            yield made("response.output_text.delta", **place, delta=text, logprobs=[])
    part = part | {"text": whole(texts)}
    yield made("response.output_text.done", **place, text=part["text"], logprobs=[])
    yield made("response.content_part.done", **place, part=part)
    return item | {"status": "completed", "content": [part]}


def calls_item(made, calls):
    [item] = calls
    place = {"item_id": item["id"], "output_index": 0}
    begun = item | {"arguments": "", "status": "in_progress"}
    yield made("response.output_item.added", output_index=0, item=begun)
    arguments = item["arguments"]
    yield made("response.function_call_arguments.delta", **place, delta=arguments)
    yield made(
        "response.function_call_arguments.done", **place, name=item["name"], arguments=arguments
    )
    return item


def function_calls(body):
    if name_of(body) != "tools" or not body.get("tools") or has_result(body):
        return []
    tool = body["tools"][0]
    call = {"id": "fc_scripted", "type": "function_call", "call_id": "call_scripted"}
    arguments = json.dumps(values(tool.get("parameters")))
    return [call | {"name": tool["name"], "arguments": arguments, "status": "completed"}]


def has_result(body):
    items = body["input"] if isinstance(body["input"], list) else []
    return any(item.get("type") == "function_call_output" for item in items)


def schema_of(body):
    return ((body.get("text") or {}).get("format") or {}).get("schema")
