"""The tokens tests start with."""

import pytest
from keypurse import create_token
from promise import Case, record, try_every_way


def pytest_configure(config):
    config.addinivalue_line("markers", "promise(ways, feature): see promise.py")


def pytest_generate_tests(metafunc):
    try_every_way(metafunc)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if call.when == "call" and item.get_closest_marker("promise"):
        record(item, report.passed)
    return report


@pytest.fixture
def create(request):
    """Makes tokens named after the test, and deletes them after it."""
    made = []

    def make(**fields):
        token = create_token(f"{request.node.name} {len(made)}", fields)
        made.append(token)
        return token

    yield make
    for token in made:
        token.delete()


@pytest.fixture
def sandbox(create):
    return create(token_type="sandbox_api_token", balance="5", active_balance=True)


@pytest.fixture
def live(create):
    """One dollar that calls may spend."""
    return create(balance="1.00", active_balance=True)


@pytest.fixture
def case(create, route, upstream):
    """One dollar, and whom it is spent at."""
    kind = "sandbox_api_token" if upstream == "sandbox" else "api_token"
    token = create(token_type=kind, balance="1.00", active_balance=True)
    return Case(token, route, upstream)
