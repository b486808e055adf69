// Every refusal is the SDK's own error class.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import OpenAI from 'openai';
import { HELLO, Token, create, live, nanosOf, refusal, sandbox } from './keypurse.mjs';

test('an unknown secret is an authentication error', async () => {
  const token = new Token('nobody', `kp_live_${'A'.repeat(38)}`);
  const error = await refusal(token, { model: 'demo/echo' });
  assert.ok(error instanceof OpenAI.AuthenticationError);
  assert.equal(error.code, 'invalid_api_key');
});

test('a deleted token is an authentication error', async (t) => {
  const token = await live(t);
  await token.client().chat.completions.create({ model: 'demo/echo', messages: HELLO });
  assert.equal(await token.delete(), 204);
  const error = await refusal(token, { model: 'demo/echo' });
  assert.ok(error instanceof OpenAI.AuthenticationError);
});

test('an empty balance is a 402', async (t) => {
  const token = await create(t, { balance: '0', active_balance: true });
  const error = await refusal(token, { model: 'demo/echo' });
  assert.ok(error instanceof OpenAI.APIError);
  assert.deepEqual([error.status, error.code, error.type], [402, 'insufficient_balance', 'billing_error']);
  assert.equal(await token.balance(), 0n);
});

test('a provider that is busy is a rate limit error and costs nothing', async (t) => {
  const token = await live(t);
  const error = await refusal(token, { model: 'scripted/busy' });
  assert.ok(error instanceof OpenAI.RateLimitError);
  assert.equal(await token.balance(), nanosOf('1'));
});

test('a sandbox token rehearses a rate limit', async (t) => {
  const token = await sandbox(t);
  const headers = { 'x-keypurse-sandbox': 'rate_limit' };
  const request = { model: 'openai/gpt-4o-mini', messages: HELLO };
  await assert.rejects(
    token.client().chat.completions.create(request, { headers }),
    OpenAI.RateLimitError,
  );
});

test('an unknown model is not found', async (t) => {
  const error = await refusal(await live(t), { model: 'nobody/no-such-model' });
  assert.ok(error instanceof OpenAI.NotFoundError);
  assert.equal(error.code, 'model_not_found');
});
