"""Conversations as Anthropic's messages: the same as langchain-anthropic's."""

import copy
import json
import random

from langchain_anthropic.chat_models import _format_messages
from langchain_core.messages import convert_to_messages
from translators import translate

IMAGES = ["data:image/png;base64,aGk=", "https://example.com/a.png"]
NAMES = "fgh"


def text(dice):
    letters = [dice.choice('abc üß€\n"\\{}') for _ in range(dice.randint(1, 12))]
    return "".join(letters).strip() or "x"


def user(dice):
    if dice.random() < 0.5:
        return {"role": "user", "content": text(dice)}
    parts = []
    for _ in range(dice.randint(1, 3)):
        if dice.random() < 0.6:
            parts.append({"type": "text", "text": text(dice)})
        else:
            parts.append({"type": "image_url", "image_url": {"url": dice.choice(IMAGES)}})
    return {"role": "user", "content": parts}


def call(dice, number):
    arguments = {"a": text(dice), "b": [dice.randint(-9, 9), None, {"c": 1.5}]}
    function = {"name": dice.choice(NAMES), "arguments": json.dumps(arguments)}
    return {"id": f"c{number}", "type": "function", "function": function}


def conversation(dice):
    messages = []
    if dice.random() < 0.5:
        messages.append({"role": "system", "content": text(dice)})
    for turn in range(dice.randint(1, 4)):
        messages += [user(dice) for _ in range(dice.randint(1, 2))]
        calls = [call(dice, f"{turn}_{number}") for number in range(dice.randint(0, 3))]
        answer = {"role": "assistant", "content": text(dice)}
        if calls:
            answer["tool_calls"] = calls
            if dice.random() < 0.5:
                answer["content"] = None
        messages.append(answer)
        for made in calls:
            messages.append({"role": "tool", "tool_call_id": made["id"], "content": text(dice)})
    return messages + [user(dice)]


def blocks(content):
    """A text is short for one block of it, also as a tool's result."""
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    listed = []
    for block in content:
        block = {name: value for name, value in block.items() if name != "is_error"}
        if block["type"] == "tool_result":
            block["content"] = blocks(block["content"])
        listed.append(block)
    return listed


def turns(messages):
    """Messages of one role that follow each other are one turn."""
    joined = []
    for message in messages:
        if joined and joined[-1][0] == message["role"]:
            joined[-1][1].extend(blocks(message["content"]))
        else:
            joined.append((message["role"], blocks(message["content"])))
    return joined


def test_conversations_are_what_langchain_makes_of_them():
    dice = random.Random(7)
    chats = [{"model": "m", "messages": conversation(dice)} for _ in range(400)]
    for chat, ours in zip(chats, translate("request", "openai", "anthropic", chats), strict=True):
        theirs = convert_to_messages(copy.deepcopy(chat["messages"]))
        system, messages = _format_messages(theirs, model="claude-sonnet-4-5")
        assert blocks(ours.get("system", [])) == blocks(system or [])
        assert turns(ours["messages"]) == turns(messages)
