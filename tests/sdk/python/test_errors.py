"""Every refusal is the SDK's own error class."""

import openai
import pytest
from keypurse import ACCOUNT_KEY, HELLO, URL, Token, request


def refused(token, error, model="demo/echo", **options):
    with pytest.raises(error) as raised:
        token.client().chat.completions.create(model=model, messages=HELLO, **options)
    return raised.value


def test_an_unknown_secret_is_an_authentication_error():
    token = Token("nobody", "kp_live_" + "A" * 38)
    assert refused(token, openai.AuthenticationError).code == "invalid_api_key"


def test_a_deleted_token_is_an_authentication_error(live):
    live.client().chat.completions.create(model="demo/echo", messages=HELLO)
    assert live.delete() == 204
    assert refused(live, openai.AuthenticationError).code == "invalid_api_key"


def test_an_expired_token_is_an_authentication_error(create):
    token = create(expire_time="2020-01-01T00:00:00Z")
    assert refused(token, openai.AuthenticationError).code == "api_key_expired"


def test_an_empty_balance_is_a_402_that_the_sdk_does_not_retry(create):
    token = create(balance="0", active_balance=True)
    error = refused(token, openai.APIStatusError)
    assert error.status_code == 402
    assert (error.code, error.type) == ("insufficient_balance", "billing_error")
    assert token.balance() == 0


def test_a_balance_that_was_topped_up_works_again(create):
    token = create(balance="0", active_balance=True)
    assert refused(token, openai.APIStatusError).status_code == 402
    token.update(balance=1)
    token.client().chat.completions.create(model="demo/echo", messages=HELLO)
    assert 0 < token.balance() < 1


def test_an_unknown_model_is_not_found(live):
    error = refused(live, openai.NotFoundError, model="nobody/no-such-model")
    assert error.code == "model_not_found"
    assert live.balance() == 1


def test_a_model_without_a_price_is_refused_with_the_lines_to_add(live):
    error = refused(live, openai.InternalServerError, model="scripted/unpriced")
    assert (error.status_code, error.code) == (503, "model_unpriced")
    assert 'model = "scripted/unpriced"' in error.message
    assert live.balance() == 1


def test_a_malformed_request_is_a_bad_request(live):
    error = refused(live, openai.BadRequestError, max_tokens=-1)
    assert error.code == "invalid_request"
    assert live.balance() == 1


def test_a_token_may_not_manage_tokens(live):
    status, _, text = request("GET", f"{URL}/v2/user/custom_token/", live.secret)
    assert status == 403, text


def test_errors_carry_the_request_id(live):
    error = refused(live, openai.NotFoundError, model="nobody/no-such-model")
    assert error.request_id


def test_the_account_key_calls_models_too():
    token = Token("base_token", ACCOUNT_KEY)
    answer = token.client().chat.completions.create(model="demo/echo", messages=HELLO)
    assert answer.choices[0].message.content
