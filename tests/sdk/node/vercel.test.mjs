// Vercel's AI SDK on `chat/completions`, whatever the provider speaks.

import assert from 'node:assert/strict';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { APICallError, Output, generateText, jsonSchema, stepCountIs, streamText, tool } from 'ai';
import { CITY, URL, WEATHER, releaseUpstream } from './keypurse.mjs';
import { COST, promises } from './promise.mjs';

const promise = promises('Vercel AI SDK');

/** A call as the SDK's users set it up, but for retries. */
function asked(it, name, settings) {
  const provider = createOpenAICompatible({
    name: 'keypurse',
    apiKey: it.token.secret,
    baseURL: `${URL}/v1`,
    includeUsage: true,
    supportsStructuredOutputs: true,
  });
  return { model: provider(it.model(name)), prompt: 'Say hello.', maxRetries: 0, ...settings };
}

promise('chat/completions', 'openai anthropic gemini sandbox', 'plain', async (it) => {
  const answer = await generateText(asked(it, 'text'));
  it.expectHello(answer.text);
  assert.ok(answer.usage.totalTokens > 0);
  await it.expectPaid(COST);
});

promise('chat/completions', 'openai anthropic gemini sandbox', 'stream', async (it) => {
  const answer = streamText(asked(it, 'text'));
  it.expectHello(await answer.text);
  assert.ok((await answer.usage).totalTokens > 0);
  await it.expectPaid(COST);
});

promise('chat/completions', 'openai anthropic gemini sandbox', 'tools', async (it) => {
  const asks = [];
  const execute = (input) => {
    asks.push(input);
    return 'sunny';
  };
  const inputSchema = jsonSchema(WEATHER.function.parameters);
  const tools = { get_weather: tool({ description: 'The weather', inputSchema, execute }) };
  const answer = await generateText(asked(it, 'tools', { tools, stopWhen: stepCountIs(3) }));
  assert.equal(asks.length, 1);
  it.expectParis(asks[0]);
  it.expectHello(answer.text);
  await it.expectPaid(2n * COST);
});

promise('chat/completions', 'openai anthropic gemini sandbox', 'structured output', async (it) => {
  const output = Output.object({ schema: jsonSchema(CITY.json_schema.schema) });
  it.expectCity((await generateText(asked(it, 'schema', { output }))).output);
  await it.expectPaid(COST);
});

promise('chat/completions', 'openai anthropic gemini sandbox', 'error', async (it) => {
  const refused = (error) => APICallError.isInstance(error) && error.statusCode === 429;
  await assert.rejects(generateText(asked(it, 'busy', { headers: it.refused })), refused);
  await it.expectPaid(0n);
});

promise('chat/completions', 'openai anthropic gemini sandbox', 'cancel', async (it) => {
  const leaving = new AbortController();
  const answer = streamText(asked(it, 'gated', { abortSignal: leaving.signal }));
  for await (const piece of answer.textStream) {
    if (piece) break;
  }
  leaving.abort();
  await releaseUpstream();
  await it.expectPaid(COST);
});
