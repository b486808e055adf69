"""What schemathesis cannot know: a name is taken once, a key is used once, and
which tag a token has, of which type it is, what is a network, which days and
steps a report can have together, and whom an alert can watch and tell."""

import datetime
import ipaddress
import itertools
import os
import re
import unicodedata

import schemathesis

CREATE = "/custom_token/"
LONGEST = 200
COUNTER = itertools.count()
KEY = re.compile("[!-~]{1,255}")
ANY = re.compile(".*", re.DOTALL)
ADDRESS = re.compile("https?://[^/?#@]+")
LONGEST_ADDRESS = 2048
NETWORK = re.compile("[0-9A-Fa-f:.]{2,45}(/[0-9]{1,3})?")


def is_control(character):
    return unicodedata.category(character) == "Cc"


@schemathesis.hook
def before_call(context, case, kwargs):
    """Makes what is acceptable fit, and leaves what is faulty faulty."""
    fit_header(case, "Idempotency-Key", KEY, f"{os.getpid()}.{next(COUNTER)}")
    fit_header(case, "If-Match", ANY, "*")
    fit_name(case)
    fit_networks(case)
    fit_rehearsal(case)
    fit_alert(case)
    fit_days(case)


def fit_header(case, name, pattern, fitting):
    value = (case.headers or {}).get(name)
    if isinstance(value, str) and pattern.fullmatch(value):
        case.headers[name] = fitting


def fit_name(case):
    if case.method.upper() != "POST" or not case.operation.path.endswith(CREATE):
        return
    name = case.body.get("name") if isinstance(case.body, dict) else None
    if not isinstance(name, str) or not name.strip() or any(map(is_control, name)):
        return
    suffix = f" {os.getpid()}.{next(COUNTER)}"
    if len(name) <= LONGEST:
        case.body = {**case.body, "name": name[: LONGEST - len(suffix)] + suffix}


def fit_networks(case):
    """A pattern cannot say which digits make an address."""
    networks = case.body.get("allowed_ips") if isinstance(case.body, dict) else None
    if isinstance(networks, list):
        fitting = [fit_network(network) for network in networks]
        case.body = {**case.body, "allowed_ips": fitting}


def fit_network(network):
    if not isinstance(network, str) or not NETWORK.fullmatch(network):
        return network
    try:
        ipaddress.ip_network(network)
    except ValueError:
        return "2001:db8::/32"
    return network


def fit_rehearsal(case):
    """Only a sandbox token rehearses; the one that is changed is a live one."""
    body = case.body
    if not isinstance(body, dict) or body.get("simulate_budget") is not True:
        return
    if case.method.upper() != "POST":
        case.body = {**body, "simulate_budget": False}
    elif body.get("token_type", "api_token") == "api_token":
        case.body = {**body, "token_type": "sandbox_api_token"}


def fit_alert(case):
    """Which tokens there are, and which addresses may be called."""
    body = case.body
    if not isinstance(body, dict) or not case.operation.path.startswith("/v2/alerts/"):
        return
    if isinstance(body.get("token"), str):
        body = {**body, "token": "*"}
    webhook = body.get("webhook")
    url = webhook.get("url") if isinstance(webhook, dict) else None
    if isinstance(url, str) and ADDRESS.match(url) and len(url) <= LONGEST_ADDRESS:
        body = {**body, "webhook": {**webhook, "url": "https://example.com/hook"}}
    case.body = body


LONGEST_DAYS = {"1": 366, "2": 3_660}


def fit_days(case):
    """A schema cannot say which day comes first, nor how much is too much."""
    query = case.query or {}
    begin, end = day(query.get("begin")), day(query.get("end"))
    if begin is None or end is None:
        return
    step = str(query.get("step", "1"))
    if step in ("0", "5") and "group_by" not in query:
        query["step"] = step = "3"
    begin, end = min(begin, end), max(begin, end)
    if step == "5":  # Hours are kept for two months.
        begin = end = datetime.date.today()
    if (end - begin).days >= LONGEST_DAYS.get(step, 100_000):
        end = begin
    query["begin"], query["end"] = begin.isoformat(), end.isoformat()


def day(text):
    try:
        return datetime.date.fromisoformat(text) if len(text) == 10 else None
    except (TypeError, ValueError):
        return None
