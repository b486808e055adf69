"""`openai` on the routes without a conversation."""

import base64
import io
import wave
from decimal import Decimal

import openai
import pytest
from promise import promise

CLIENT = "openai (Python)"
# 12 input tokens at $3 per million.
EMBEDDING_COST = Decimal("0.000036")
IMAGE_COST = Decimal("0.04")
# 16 characters at $15 per million.
SPEECH_COST = Decimal("0.00024")
# A minute, as the provider measured it.
TRANSCRIPTION_COST = Decimal("0.006")
VECTOR = [0.6, 0.0, 0.8]


def expect_vector(case, vector):
    """Of length 1, as OpenAI's are."""
    assert sum(number * number for number in vector) == pytest.approx(1)
    if case.is_live:
        assert vector == pytest.approx(VECTOR)


def expect_png(image):
    assert base64.b64decode(image.b64_json).startswith(b"\x89PNG")


def expect_painted(stream, kind):
    """An unfinished image, then the finished one and what it used."""
    events = list(stream)
    assert [event.type for event in events] == [f"{kind}.partial_image", f"{kind}.completed"]
    for event in events:
        expect_png(event)
    assert events[-1].usage.total_tokens > 0


def sound(seconds):
    """A file of silence."""
    written = io.BytesIO()
    with wave.open(written, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(bytes(16000 * seconds))
    return ("sound.wav", written.getvalue(), "audio/wav")


@pytest.mark.parametrize("wanted", ["Say hello.", ["one", "two"], [1, 2, 3]])
@promise("embeddings", "openai sandbox", "float")
def test_embeddings_are_numbers(case, wanted):
    answer = case.token.client().embeddings.create(
        model=case.model("embeddings"), input=wanted, encoding_format="float"
    )
    assert len(answer.data) == (2 if wanted == ["one", "two"] else 1)
    expect_vector(case, answer.data[0].embedding)
    case.expect_paid(EMBEDDING_COST)


@promise("embeddings", "openai sandbox", "base64")
def test_embeddings_are_base64_when_nothing_else_is_asked(case):
    client = case.token.client()
    answer = client.embeddings.create(model=case.model("embeddings"), input="Say hello.")
    expect_vector(case, answer.data[0].embedding)
    case.expect_paid(EMBEDDING_COST)


@promise("embeddings", "openai sandbox", "error")
def test_a_busy_embedder_is_a_rate_limit_error_and_free(case):
    with pytest.raises(openai.RateLimitError):
        case.token.client().embeddings.create(
            model=case.model("busy"), input="Say hello.", extra_headers=case.refused()
        )
    case.expect_paid(0)


@promise("moderations", "openai sandbox", "plain")
def test_a_text_is_judged(case):
    answer = case.token.client().moderations.create(
        model=case.model("moderations"), input="Say hello."
    )
    assert [result.flagged for result in answer.results] == [False]
    case.expect_paid(0)


@promise("images/generations", "openai sandbox", "plain")
def test_an_image_is_made_and_paid(case):
    client = case.token.client()
    answer = client.images.generate(model=case.model("images"), prompt="A white pixel.")
    expect_png(answer.data[0])
    case.expect_paid(IMAGE_COST)


@promise("images/generations", "openai sandbox", "stream")
def test_an_image_is_shown_before_it_is_finished_and_paid(case):
    request = {"model": case.model("images"), "prompt": "A white pixel.", "partial_images": 1}
    stream = case.token.client().images.generate(**request, stream=True)
    expect_painted(stream, "image_generation")
    case.expect_paid(IMAGE_COST)


@promise("images/edits", "openai sandbox", "plain")
def test_an_image_is_edited_and_paid(case):
    client = case.token.client()
    made = client.images.generate(model=case.model("images"), prompt="A white pixel.")
    image = ("image.png", base64.b64decode(made.data[0].b64_json), "image/png")
    answer = client.images.edit(model=case.model("images"), prompt="Again.", image=image)
    expect_png(answer.data[0])
    case.expect_paid(2 * IMAGE_COST)


@promise("images/edits", "openai sandbox", "stream")
def test_an_edited_image_is_shown_before_it_is_finished_and_paid(case):
    client = case.token.client()
    made = client.images.generate(model=case.model("images"), prompt="A white pixel.")
    image = ("image.png", base64.b64decode(made.data[0].b64_json), "image/png")
    request = {"model": case.model("images"), "prompt": "Again.", "partial_images": 1}
    expect_painted(client.images.edit(**request, image=image, stream=True), "image_edit")
    case.expect_paid(2 * IMAGE_COST)


@promise("audio/speech", "openai sandbox", "plain")
def test_a_text_is_spoken_and_paid(case):
    answer = case.token.client().audio.speech.create(
        model=case.model("speech"), voice="alloy", input="Say hello to me.", response_format="wav"
    )
    with wave.open(io.BytesIO(answer.content)) as spoken:
        assert spoken.getnframes() > 0
    case.expect_paid(SPEECH_COST)


@promise("audio/speech", "openai sandbox", "stream")
def test_a_text_is_spoken_in_pieces_and_paid(case):
    speech = case.token.client().audio.speech.with_streaming_response
    request = {"voice": "alloy", "input": "Say hello to me.", "response_format": "wav"}
    with speech.create(model=case.model("speech"), **request) as answer:
        spoken = b"".join(answer.iter_bytes())
    assert spoken.startswith(b"RIFF")
    case.expect_paid(SPEECH_COST)


@promise("audio/transcriptions", "openai sandbox", "plain")
def test_a_sound_is_written_down_and_paid(case):
    answer = case.token.client().audio.transcriptions.create(
        model=case.model("transcription"), file=sound(seconds=60)
    )
    case.expect_hello(answer.text)
    case.expect_paid(TRANSCRIPTION_COST)


@promise("audio/transcriptions", "openai sandbox", "stream")
def test_a_sound_is_written_down_in_pieces_and_paid(case):
    events = list(
        case.token.client().audio.transcriptions.create(
            model=case.model("transcription"), file=sound(seconds=60), stream=True
        )
    )
    *pieces, done = events
    assert {piece.type for piece in pieces} == {"transcript.text.delta"}
    assert (done.type, done.text) == ("transcript.text.done", "".join(p.delta for p in pieces))
    case.expect_hello(done.text)
    case.expect_paid(TRANSCRIPTION_COST)


@promise("models", "openai sandbox", "list")
def test_models_are_listed(case):
    names = {model.id for model in case.token.client().models.list()}
    assert {"scripted/text", "scripted_anthropic/text"} <= names
    case.expect_paid(0)


@promise("models", "openai sandbox", "retrieve")
def test_one_model_is_shown(case):
    assert case.token.client().models.retrieve("scripted/text").id == "scripted/text"
    case.expect_paid(0)
