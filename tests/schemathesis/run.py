"""Requests made up from OpenAPI documents, against a running server.

Our own document gets every check. The vendor's documents are taken from the
specification beside the repository; they describe fewer statuses and looser
fields than we answer and accept, so only some checks are fair.

Needs KEYPURSE_URL and KEYPURSE_ACCOUNT_KEY, and schemathesis in the running
interpreter (`cargo xtask test schemathesis` sees to all of it). Exit code 0:
everything conforms.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
SPECIFICATION = ROOT.parent / "shared" / "seeds"

VENDOR_CHECKS = (
    "not_a_server_error,content_type_conformance,"
    "response_schema_conformance,ignored_auth"
)


def main() -> int:
    url = os.environ["KEYPURSE_URL"].rstrip("/")
    key = os.environ["KEYPURSE_ACCOUNT_KEY"]
    # The configuration sends this where a custom token is asked for.
    os.environ["KEYPURSE_TOKEN"] = create_token(url, key)
    os.environ["SCHEMATHESIS_HOOKS"] = "hooks"
    os.environ["PYTHONPATH"] = str(HERE)
    with tempfile.TemporaryDirectory() as scratch:
        passed = conforms(ROOT / "docs" / "openapi.json", url, key, "all", scratch)
        for document in vendor_documents(Path(scratch)):
            passed &= conforms(document, f"{url}/v2", key, VENDOR_CHECKS, scratch)
    return 0 if passed else 1


def conforms(document: Path, url: str, key: str, checks: str, scratch: str) -> bool:
    print(f"schemathesis: {document.name}, checks: {checks}", flush=True)
    command = [sys.executable, "-m", "schemathesis.cli"]
    command += ["--config-file", str(HERE / "schemathesis.toml"), "run", str(document)]
    command += ["--url", url, "--header", f"Authorization:Bearer {key}"]
    # A request that is to go without its key gets it from here all the same;
    # `ignored_auth` asks what happens without one.
    command += ["--exclude-checks", "missing_required_header"]
    command += ["--checks", checks, "--max-examples", "50", "--request-timeout", "10"]
    command += ["--generation-deterministic", "--no-color"]
    # Its caches stay out of the repository.
    return subprocess.run(command, cwd=scratch, check=False).returncode == 0


def create_token(url: str, key: str) -> str:
    name = f"schemathesis-{os.getpid()}"
    request = urllib.request.Request(
        f"{url}/v2/user/custom_token/",
        data=json.dumps({"name": name}).encode(),
        headers={"Authorization": f"Bearer {key}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=10) as response:
        return json.load(response)["token"]


def vendor_documents(scratch: Path) -> list[Path]:
    """The OpenAPI documents inside the specification's pages."""
    if not SPECIFICATION.is_dir():
        print(f"SKIPPED: the vendor's documents; there is no {SPECIFICATION}", flush=True)
        return []
    documents = []
    for page in sorted(SPECIFICATION.glob("*.txt")):
        fenced = re.search(r"````yaml[^\n]*\n(.*?)````", page.read_text(), re.DOTALL)
        if fenced:
            document = scratch / f"{page.stem}.yaml"
            document.write_text(fenced.group(1))
            documents.append(document)
    if not documents:
        raise SystemExit(f"no OpenAPI document found in {SPECIFICATION}")
    return documents


if __name__ == "__main__":
    sys.exit(main())
