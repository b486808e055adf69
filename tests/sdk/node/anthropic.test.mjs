// `@anthropic-ai/sdk` on `messages`, whatever the provider speaks.

import assert from 'node:assert/strict';
import Anthropic from '@anthropic-ai/sdk';
import { CITY, HELLO, URL, WEATHER, releaseUpstream } from './keypurse.mjs';
import { COST, promises } from './promise.mjs';

const promise = promises('anthropic (Node)');
const TOOL = { name: 'get_weather', input_schema: WEATHER.function.parameters };

const messages = (it) =>
  new Anthropic({ apiKey: it.token.secret, baseURL: URL, maxRetries: 0, timeout: 10_000 }).messages;
const asked = (it, model, members) => ({ model: it.model(model), messages: HELLO, max_tokens: 64, ...members });

promise('messages', 'openai anthropic gemini sandbox', 'plain', async (it) => {
  const answer = await messages(it).create(asked(it, 'text'));
  it.expectHello(answer.content[0].text);
  assert.equal(answer.stop_reason, 'end_turn');
  await it.expectPaid(COST);
});

promise('messages', 'openai anthropic gemini sandbox', 'stream', async (it) => {
  it.expectHello(await messages(it).stream(asked(it, 'text')).finalText());
  await it.expectPaid(COST);
});

promise('messages', 'openai anthropic gemini sandbox', 'tools', async (it) => {
  const request = asked(it, 'tools', { tools: [TOOL] });
  const { content } = await messages(it).create({ ...request, tool_choice: { type: 'any' } });
  it.expectParis(content[0].input);
  const result = { type: 'tool_result', tool_use_id: content[0].id, content: 'sunny' };
  const history = [...HELLO, { role: 'assistant', content }, { role: 'user', content: [result] }];
  const answer = await messages(it).create({ ...request, messages: history });
  it.expectHello(answer.content[0].text);
  await it.expectPaid(2n * COST);
});

promise('messages', 'openai anthropic gemini sandbox', 'tools, streamed', async (it) => {
  const request = asked(it, 'tools', { tools: [TOOL], tool_choice: { type: 'any' } });
  const answer = await messages(it).stream(request).finalMessage();
  it.expectParis(answer.content[0].input);
  await it.expectPaid(COST);
});

promise('messages', 'openai anthropic gemini sandbox', 'structured output', async (it) => {
  const format = { type: 'json_schema', schema: CITY.json_schema.schema };
  const answer = await messages(it).create(asked(it, 'schema', { output_config: { format } }));
  it.expectCity(JSON.parse(answer.content[0].text));
  await it.expectPaid(COST);
});

promise('messages', 'openai anthropic gemini sandbox', 'error', async (it) => {
  const calling = messages(it).create(asked(it, 'busy'), { headers: it.refused });
  await assert.rejects(calling, Anthropic.RateLimitError);
  await it.expectPaid(0n);
});

promise('messages', 'openai anthropic gemini sandbox', 'cancel', async (it) => {
  const stream = await messages(it).create(asked(it, 'gated', { stream: true }));
  for await (const event of stream) {
    if (event.type === 'content_block_delta') break;
  }
  stream.controller.abort();
  await releaseUpstream();
  await it.expectPaid(COST);
});

promise('messages', 'openai anthropic gemini sandbox', 'count tokens', async (it) => {
  const counted = await messages(it).countTokens({ model: it.model('text'), messages: HELLO });
  assert.ok(counted.input_tokens > 0);
  await it.expectPaid(0n);
});
