"""What schemathesis cannot know: a name is taken once."""

import itertools
import os
import unicodedata

import schemathesis

CREATE = "/custom_token/"
LONGEST = 200
COUNTER = itertools.count()


def is_control(character):
    return unicodedata.category(character) == "Cc"


@schemathesis.hook
def before_call(context, case, kwargs):
    """Makes an acceptable name unique, and leaves a faulty one faulty."""
    if case.method.upper() != "POST" or not case.operation.path.endswith(CREATE):
        return
    name = case.body.get("name") if isinstance(case.body, dict) else None
    if not isinstance(name, str) or not name.strip() or any(map(is_control, name)):
        return
    suffix = f" {os.getpid()}.{next(COUNTER)}"
    if len(name) <= LONGEST:
        case.body = {**case.body, "name": name[: LONGEST - len(suffix)] + suffix}
