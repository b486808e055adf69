"""OpenAI's embeddings, moderations, images and sounds."""

import base64
import io
import struct
import wave

from script import CREATED, INPUT_TOKENS, OUTPUT_TOKENS, PIECES, event

VECTOR = [0.6, 0.0, 0.8]
TOKENS = {
    "input_tokens": INPUT_TOKENS,
    "output_tokens": OUTPUT_TOKENS,
    "total_tokens": INPUT_TOKENS + OUTPUT_TOKENS,
}
# A picture of one white pixel.
PNG = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8/5+hHgAHggJ/PchI7wAAAABJRU5ErkJggg=="
)


def embeddings(body):
    inputs = body["input"] if isinstance(body["input"], list) else [body["input"]]
    # A list of numbers is one input, in tokens.
    count = 1 if isinstance(inputs[0], int) else len(inputs)
    vector = VECTOR
    if body.get("encoding_format") == "base64":
        vector = base64.b64encode(struct.pack("<3f", *VECTOR)).decode()
    return {
        "object": "list",
        "model": body["model"],
        "data": [
            {"object": "embedding", "index": index, "embedding": vector} for index in range(count)
        ],
        "usage": {"prompt_tokens": INPUT_TOKENS, "total_tokens": INPUT_TOKENS},
    }


def moderations(body):
    names = ["harassment", "hate", "self-harm", "sexual", "violence"]
    result = {
        "flagged": False,
        "categories": dict.fromkeys(names, False),
        "category_scores": dict.fromkeys(names, 0.0),
        "category_applied_input_types": {name: ["text"] for name in names},
    }
    return {"id": "modr-scripted", "model": body["model"], "results": [result]}


def generations(body):
    return painted(body, "image_generation")


def edits(body):
    return painted(body, "image_edit")


def painted(body, kind):
    """An image, or a stream that shows it before it is finished."""
    if not body.get("stream"):
        return {"created": CREATED, "data": [{"b64_json": PNG}]}
    image = {"b64_json": PNG, "created_at": CREATED, "size": "1024x1024", "quality": "high"}
    image |= {"background": "opaque", "output_format": "png"}
    usage = {"input_tokens_details": {"text_tokens": INPUT_TOKENS, "image_tokens": 0}}
    partial = {"type": f"{kind}.partial_image", **image, "partial_image_index": 0}
    completed = {"type": f"{kind}.completed", **image, "usage": usage | TOKENS}
    return (event(value, value["type"]) for value in [partial, completed])


def speech(_body):
    """A second of silence."""
    written = io.BytesIO()
    with wave.open(written, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(bytes(16000))
    return written.getvalue()


def transcription(body):
    text = "".join(PIECES)
    if not body.get("stream"):
        return {"text": text, "usage": {"type": "duration", "seconds": 60}}
    events = [{"type": "transcript.text.delta", "delta": piece} for piece in PIECES]
    usage = {"type": "tokens", **TOKENS}
    events.append({"type": "transcript.text.done", "text": text, "usage": usage})
    return (event(value, value["type"]) for value in events)


def form(content):
    """What is read of a multipart form."""
    return {"model": form_field(content, "model"), "stream": form_field(content, "stream") == "true"}


def form_field(content, name):
    """A text field of a multipart form, or nothing."""
    _, _, rest = content.partition(f'name="{name}"'.encode())
    _, _, value = rest.partition(b"\r\n\r\n")
    return value.split(b"\r\n", 1)[0].decode()
