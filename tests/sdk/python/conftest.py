"""The tokens tests start with."""

import pytest
from keypurse import create_token


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
