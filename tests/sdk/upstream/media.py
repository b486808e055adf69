"""OpenAI's embeddings, moderations, images and sounds."""

import base64
import io
import struct
import wave

from script import CREATED, INPUT_TOKENS, PIECES

VECTOR = [0.6, 0.0, 0.8]
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


def images(_body):
    return {"created": CREATED, "data": [{"b64_json": PNG}]}


def speech(_body):
    """A second of silence."""
    written = io.BytesIO()
    with wave.open(written, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(bytes(16000))
    return written.getvalue()


def transcription(_body):
    return {"text": "".join(PIECES), "usage": {"type": "duration", "seconds": 60}}


def form_field(content, name):
    """A text field of a multipart form."""
    _, _, rest = content.partition(f'name="{name}"'.encode())
    return rest.split(b"\r\n\r\n", 1)[1].split(b"\r\n", 1)[0].decode()
