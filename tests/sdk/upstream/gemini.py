"""Gemini's `generateContent` and `streamGenerateContent`."""

import re

from script import INPUT_TOKENS, OUTPUT_TOKENS, event, name_of, pieces, values, whole

PATH = re.compile(r"/gemini/v1beta/models/([^:/]+):(generateContent|streamGenerateContent)(\?.*)?")
USAGE = {
    "promptTokenCount": INPUT_TOKENS,
    "candidatesTokenCount": OUTPUT_TOKENS,
    "totalTokenCount": INPUT_TOKENS + OUTPUT_TOKENS,
}


def route(path):
    """What answers at `path`, if it is one of Gemini's."""
    found = PATH.fullmatch(path)
    return found and (whole_answer if found[2] == "generateContent" else stream)


def with_model(path, body):
    """The body with the model that Gemini names in the path."""
    found = PATH.fullmatch(path)
    return body | {"model": found[1]} if found else body


def whole_answer(body):
    call = called(body)
    parts = [call] if call else [{"text": whole(pieces(name_of(body), schema_of(body)))}]
    return answer(body, parts, "STOP") | {"usageMetadata": USAGE}


def stream(body):
    call = called(body)
    parts = [call] if call else pieces(name_of(body), schema_of(body))
    for part in parts:
        if part is None:
            yield None
        else:
            yield event(answer(body, [part if call else {"text": part}]))
    yield event(answer(body, [{"text": ""}], "STOP") | {"usageMetadata": USAGE})


def answer(body, parts, reason=None):
    candidate = {"index": 0, "content": {"role": "model", "parts": parts}}
    if reason:
        candidate["finishReason"] = reason
    return {
        "candidates": [candidate],
        "modelVersion": body["model"],
        "responseId": "scripted",
    }


def called(body):
    has_result = any("functionResponse" in part for part in body["contents"][-1]["parts"])
    if name_of(body) != "tools" or has_result or not body.get("tools"):
        return None
    function = body["tools"][0]["functionDeclarations"][0]
    schema = function.get("parametersJsonSchema") or function.get("parameters")
    return {"functionCall": {"name": function["name"], "args": values(schema)}}


def schema_of(body):
    asked = body.get("generationConfig") or {}
    return asked.get("responseJsonSchema") or asked.get("responseSchema")
