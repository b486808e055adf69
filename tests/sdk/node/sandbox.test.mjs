// Sandbox tokens: any model of the catalogue answers, and nothing costs.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CITY, HELLO, WEATHER, collect, nanos, nanosOf, sandbox } from './keypurse.mjs';

const model = 'openai/gpt-4o-mini';

test('chat answers at no cost', async (t) => {
  const token = await sandbox(t);
  const answer = await token.client().chat.completions.create({ model, messages: HELLO }).asResponse();
  const text = await answer.text();
  assert.equal(nanos(text, 'cost'), 0n);
  assert.ok(JSON.parse(text).choices[0].message.content);
  assert.equal(await token.balance(), nanosOf('5'));
});

test('a stream adds up to the whole answer', async (t) => {
  const client = (await sandbox(t)).client();
  const whole = await client.chat.completions.create({ model, messages: HELLO });
  const request = { model, messages: HELLO, stream: true, stream_options: { include_usage: true } };
  const chunks = await collect(await client.chat.completions.create(request));
  const text = chunks.map((chunk) => chunk.choices[0]?.delta.content ?? '').join('');
  assert.equal(text, whole.choices[0].message.content);
  assert.deepEqual(chunks.at(-1).usage, { ...whole.usage, cost: 0 });
});

test('a forced tool is called with valid arguments', async (t) => {
  const tool_choice = { type: 'function', function: { name: 'get_weather' } };
  const request = { model, messages: HELLO, tools: [WEATHER], tool_choice };
  const answer = await (await sandbox(t)).client().chat.completions.create(request);
  const [call] = answer.choices[0].message.tool_calls;
  assert.equal(call.function.name, 'get_weather');
  assert.equal(typeof JSON.parse(call.function.arguments).city, 'string');
});

test('structured output fits its schema', async (t) => {
  const request = { model, messages: HELLO, response_format: CITY };
  const answer = await (await sandbox(t)).client().chat.completions.parse(request);
  const { name, population } = answer.choices[0].message.parsed;
  assert.equal(typeof name, 'string');
  assert.ok(Number.isInteger(population));
});

test('models are listed', async (t) => {
  const models = await collect((await sandbox(t)).client().models.list());
  const names = models.map((model) => model.id);
  assert.ok(names.includes('demo/echo') && names.includes('scripted/text'));
});
