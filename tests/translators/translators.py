"""Runs the translators on lines of JSON."""

import json
import os
import subprocess


def translate(what, sender, receiver, items, model="claude-sonnet-4-5"):
    command = [os.environ["TRANSLATE"], what, sender, receiver, model]
    lines = "".join(json.dumps(item) + "\n" for item in items)
    run = subprocess.run(command, input=lines, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    # A line may hold characters that Python takes for line breaks, too.
    return [json.loads(line) for line in run.stdout.split("\n") if line]
