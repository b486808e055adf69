// Live tokens: every answer costs what it says, and the balance falls by it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CITY, HELLO, WEATHER, collect, live, nanos, nanosOf, releaseUpstream } from './keypurse.mjs';

const DOLLAR = nanosOf('1');
// 12 input and 7 output tokens at $3 and $15 per million.
const SCRIPTED_COST = nanosOf('0.000141');

for (const model of ['demo/echo', 'scripted/text']) {
  test(`the balance falls by exactly the cost in the answer of ${model}`, async (t) => {
    const token = await live(t);
    const answer = await token.client().chat.completions.create({ model, messages: HELLO }).asResponse();
    const cost = nanos(await answer.text(), 'cost');
    assert.ok(cost > 0n);
    assert.equal(nanosOf(answer.headers.get('x-keypurse-cost')), cost);
    assert.equal(await token.balance(), DOLLAR - cost);
  });

  test(`a stream of ${model} shows usage to who asks`, async (t) => {
    const token = await live(t);
    const stream_options = { include_usage: true };
    const chunks = await chunksOf(token, { model, stream_options });
    assert.deepEqual(chunks.at(-1).choices, []);
    assert.ok(chunks.at(-1).usage.completion_tokens > 0);
    assert.ok((await token.balance()) < DOLLAR);
  });

  test(`a stream of ${model} hides usage from who did not ask`, async (t) => {
    const token = await live(t);
    const chunks = await chunksOf(token, { model });
    assert.ok(chunks.every((chunk) => !chunk.usage && chunk.choices.length === 1));
    assert.equal(chunks.at(-1).choices[0].finish_reason, 'stop');
    assert.ok((await token.balance()) < DOLLAR);
  });
}

test('a streamed answer is whole', async (t) => {
  const token = await live(t);
  const chunks = await chunksOf(token, { model: 'scripted/text' });
  const text = chunks.map((chunk) => chunk.choices[0].delta.content ?? '').join('');
  assert.equal(text, 'Hello from upstream.');
  assert.equal(await token.balance(), DOLLAR - SCRIPTED_COST);
});

test('tools pass through', async (t) => {
  const token = await live(t);
  const request = { model: 'scripted/tools', messages: HELLO, tools: [WEATHER] };
  const answer = await token.client().chat.completions.create(request);
  const [call] = answer.choices[0].message.tool_calls;
  assert.equal(answer.choices[0].finish_reason, 'tool_calls');
  assert.deepEqual(JSON.parse(call.function.arguments), { city: 'Paris' });
  assert.equal(await token.balance(), DOLLAR - SCRIPTED_COST);
});

test('structured output is parsed', async (t) => {
  const token = await live(t);
  const request = { model: 'scripted/schema', messages: HELLO, response_format: CITY };
  const answer = await token.client().chat.completions.parse(request);
  assert.deepEqual(answer.choices[0].message.parsed, { name: 'Paris', population: 3 });
  assert.equal(await token.balance(), DOLLAR - SCRIPTED_COST);
});

test('a stream the client aborts is charged for what it used', async (t) => {
  const token = await live(t);
  const request = { model: 'scripted/gated', messages: HELLO, stream: true };
  const stream = await token.client().chat.completions.create(request);
  for await (const chunk of stream) {
    if (chunk.choices[0].delta.content) break;
  }
  stream.controller.abort();
  await releaseUpstream();
  await token.waitForBalance(DOLLAR - SCRIPTED_COST);
});

async function chunksOf(token, options) {
  const request = { messages: HELLO, stream: true, ...options };
  return collect(await token.client().chat.completions.create(request));
}
