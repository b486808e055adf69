"""Calls a real model through Keypurse with the official SDK, and proves that
what it cost is what it used times what that costs.

    call.py MODEL INPUT_PER_MILLION OUTPUT_PER_MILLION

Exits 1 if any amount differs in its ninth decimal.
"""

import sys
from decimal import ROUND_UP, Decimal

from keypurse import create_token, exactly

NANO = Decimal("0.000000001")
MESSAGES = [{"role": "user", "content": "The three largest cities of France are"}]
OUTPUT_LIMIT = 32


def main(model, input_per_million, output_per_million):
    token = create_token("real model", {"balance": "1.00", "active_balance": True})

    def product(usage):
        """Usage times price, rounded up once."""
        exact = usage.prompt_tokens * input_per_million + usage.completion_tokens * output_per_million
        return (exact / 1_000_000).quantize(NANO, ROUND_UP)

    def prove(kind, call):
        before = token.balance()
        text, usage, cost = call(token.client(), model)
        after = token.balance()
        right = cost == product(usage) and before - after == cost
        print(f"{kind}: {text!r}")
        print(f"  usage            {usage.prompt_tokens} in, {usage.completion_tokens} out")
        print(f"  balance before   {before:.9f}")
        print(f"  cost             {cost:.9f}")
        print(f"  usage x price    {product(usage):.9f}")
        print(f"  balance after    {after:.9f}   {'exact' if right else 'WRONG'}")
        return right

    outcomes = [prove("JSON", whole), prove("stream", streamed)]
    token.delete()
    return all(outcomes)


def whole(client, model):
    raw = client.chat.completions.with_raw_response.create(
        model=model, messages=MESSAGES, max_tokens=OUTPUT_LIMIT
    )
    answer = raw.parse()
    return answer.choices[0].message.content, answer.usage, exactly(raw.text)["cost"]


def streamed(client, model):
    *pieces, last = client.chat.completions.create(
        model=model,
        messages=MESSAGES,
        max_tokens=OUTPUT_LIMIT,
        stream=True,
        stream_options={"include_usage": True},
    )
    text = "".join(piece.choices[0].delta.content or "" for piece in pieces)
    # The shortest text of the float the SDK read is the number that was sent.
    return text, last.usage, Decimal(repr(last.usage.model_extra["cost"]))


if __name__ == "__main__":
    name, *prices = sys.argv[1:]
    sys.exit(0 if main(name, *map(Decimal, prices)) else 1)
