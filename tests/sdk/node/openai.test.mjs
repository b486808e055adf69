// `openai` on every route.

import assert from 'node:assert/strict';
import OpenAI, { toFile } from 'openai';
import { CITY, HELLO, WEATHER, collect, nanosOf, releaseUpstream } from './keypurse.mjs';
import { COST, promises } from './promise.mjs';

const promise = promises('openai (Node)');
const TOOL = { type: 'function', strict: true, ...WEATHER.function };
const CITY_TEXT = { format: { type: 'json_schema', ...CITY.json_schema } };
// 12 input tokens at $3 per million.
const EMBEDDING_COST = nanosOf('0.000036');
const IMAGE_COST = nanosOf('0.04');
// 16 characters at $15 per million.
const SPEECH_COST = nanosOf('0.00024');
// A minute, as the provider measured it.
const TRANSCRIPTION_COST = nanosOf('0.006');

const chat = (it) => it.token.client().chat.completions;
const responses = (it) => it.token.client().responses;
const paint = (it) => it.token.client().images.generate({ model: it.model('images'), prompt: 'A white pixel.' });

promise('chat/completions', 'openai anthropic gemini sandbox', 'plain', async (it) => {
  const answer = await chat(it).create({ model: it.model('text'), messages: HELLO });
  it.expectHello(answer.choices[0].message.content);
  await it.expectPaid(COST);
});

promise('chat/completions', 'openai anthropic gemini sandbox', 'stream', async (it) => {
  const answer = await chat(it).stream({ model: it.model('text'), messages: HELLO }).finalChatCompletion();
  it.expectHello(answer.choices[0].message.content);
  await it.expectPaid(COST);
});

promise('chat/completions', 'openai anthropic gemini sandbox', 'tools', async (it) => {
  const request = { model: it.model('tools'), tools: [WEATHER] };
  const asked = await chat(it).create({ ...request, messages: HELLO, tool_choice: 'required' });
  const { role, content, tool_calls } = asked.choices[0].message;
  it.expectParis(JSON.parse(tool_calls[0].function.arguments));
  const result = { role: 'tool', tool_call_id: tool_calls[0].id, content: 'sunny' };
  const messages = [...HELLO, { role, content, tool_calls }, result];
  const answer = await chat(it).create({ ...request, messages });
  it.expectHello(answer.choices[0].message.content);
  await it.expectPaid(2n * COST);
});

promise('chat/completions', 'openai anthropic gemini sandbox', 'tools, streamed', async (it) => {
  const request = { model: it.model('tools'), messages: HELLO, tools: [WEATHER], tool_choice: 'required' };
  const answer = await chat(it).stream(request).finalChatCompletion();
  it.expectParis(JSON.parse(answer.choices[0].message.tool_calls[0].function.arguments));
  await it.expectPaid(COST);
});

promise('chat/completions', 'openai anthropic gemini sandbox', 'structured output', async (it) => {
  const request = { model: it.model('schema'), messages: HELLO, response_format: CITY };
  it.expectCity((await chat(it).parse(request)).choices[0].message.parsed);
  await it.expectPaid(COST);
});

promise('chat/completions', 'openai anthropic gemini sandbox', 'error', async (it) => {
  const calling = chat(it).create({ model: it.model('busy'), messages: HELLO }, { headers: it.refused });
  await assert.rejects(calling, OpenAI.RateLimitError);
  await it.expectPaid(0n);
});

promise('chat/completions', 'openai anthropic gemini sandbox', 'cancel', async (it) => {
  const stream = await chat(it).create({ model: it.model('gated'), messages: HELLO, stream: true });
  for await (const chunk of stream) {
    if (chunk.choices[0].delta.content) break;
  }
  stream.controller.abort();
  await releaseUpstream();
  await it.expectPaid(COST);
});

promise('responses', 'openai anthropic gemini sandbox', 'plain', async (it) => {
  const response = await responses(it).create({ model: it.model('text'), input: 'Say hello.' });
  it.expectHello(response.output_text);
  await it.expectPaid(COST);
});

promise('responses', 'openai anthropic gemini sandbox', 'stream', async (it) => {
  const stream = responses(it).stream({ model: it.model('text'), input: 'Say hello.' });
  it.expectHello((await stream.finalResponse()).output_text);
  await it.expectPaid(COST);
});

promise('responses', 'openai anthropic gemini sandbox', 'tools', async (it) => {
  const request = { model: it.model('tools'), tools: [TOOL], store: false };
  const input = [{ role: 'user', content: 'How is it?' }];
  const asked = await responses(it).create({ ...request, input, tool_choice: 'required' });
  it.expectParis(JSON.parse(asked.output[0].arguments));
  const { call_id } = asked.output[0];
  input.push(...asked.output, { type: 'function_call_output', call_id, output: 'sunny' });
  it.expectHello((await responses(it).create({ ...request, input })).output_text);
  await it.expectPaid(2n * COST);
});

promise('responses', 'openai anthropic gemini sandbox', 'tools, streamed', async (it) => {
  const request = { model: it.model('tools'), input: 'How is it?', tools: [TOOL], tool_choice: 'required' };
  const response = await responses(it).stream(request).finalResponse();
  it.expectParis(JSON.parse(response.output[0].arguments));
  await it.expectPaid(COST);
});

promise('responses', 'openai anthropic gemini sandbox', 'structured output', async (it) => {
  const request = { model: it.model('schema'), input: 'A city.', text: CITY_TEXT };
  it.expectCity((await responses(it).parse(request)).output_parsed);
  await it.expectPaid(COST);
});

promise('responses', 'openai sandbox', 'retrieve', async (it) => {
  const made = await responses(it).create({ model: it.model('text'), input: 'Say hello.' });
  const again = await responses(it).retrieve(made.id);
  assert.deepEqual([again.id, again.output_text], [made.id, made.output_text]);
  await it.expectPaid(COST);
});

promise('responses', 'openai sandbox', 'delete', async (it) => {
  const made = await responses(it).create({ model: it.model('text'), input: 'Say hello.' });
  await responses(it).delete(made.id);
  await assert.rejects(responses(it).retrieve(made.id), OpenAI.NotFoundError);
  await it.expectPaid(COST);
});

promise('responses', 'openai anthropic gemini sandbox', 'error', async (it) => {
  const calling = responses(it).create({ model: it.model('busy'), input: 'Hello' }, { headers: it.refused });
  await assert.rejects(calling, OpenAI.RateLimitError);
  await it.expectPaid(0n);
});

promise('responses', 'openai anthropic gemini sandbox', 'cancel', async (it) => {
  const stream = await responses(it).create({ model: it.model('gated'), input: 'Hello', stream: true });
  for await (const event of stream) {
    if (event.type === 'response.output_text.delta') break;
  }
  stream.controller.abort();
  await releaseUpstream();
  await it.expectPaid(COST);
});

promise('embeddings', 'openai sandbox', 'float', async (it) => {
  const request = { model: it.model('embeddings'), input: ['one', 'two'], encoding_format: 'float' };
  const answer = await it.token.client().embeddings.create(request);
  assert.deepEqual(answer.data.map(({ embedding }) => length(embedding).toFixed(4)), ['1.0000', '1.0000']);
  await it.expectPaid(EMBEDDING_COST);
});

promise('embeddings', 'openai sandbox', 'base64', async (it) => {
  const request = { model: it.model('embeddings'), input: 'Say hello.' };
  const answer = await it.token.client().embeddings.create(request);
  assert.equal(length(answer.data[0].embedding).toFixed(4), '1.0000');
  await it.expectPaid(EMBEDDING_COST);
});

promise('embeddings', 'openai sandbox', 'error', async (it) => {
  const request = { model: it.model('busy'), input: 'Say hello.' };
  const calling = it.token.client().embeddings.create(request, { headers: it.refused });
  await assert.rejects(calling, OpenAI.RateLimitError);
  await it.expectPaid(0n);
});

promise('moderations', 'openai sandbox', 'plain', async (it) => {
  const request = { model: it.model('moderations'), input: 'Say hello.' };
  const answer = await it.token.client().moderations.create(request);
  assert.equal(answer.results[0].flagged, false);
  await it.expectPaid(0n);
});

promise('images/generations', 'openai sandbox', 'plain', async (it) => {
  assert.equal(pixels(await paint(it)).toString('latin1', 1, 4), 'PNG');
  await it.expectPaid(IMAGE_COST);
});

promise('images/generations', 'openai sandbox', 'stream', async (it) => {
  const request = { model: it.model('images'), prompt: 'A white pixel.', partial_images: 1, stream: true };
  await expectPainted(await it.token.client().images.generate(request), 'image_generation');
  await it.expectPaid(IMAGE_COST);
});

promise('images/edits', 'openai sandbox', 'plain', async (it) => {
  const image = await toFile(pixels(await paint(it)), 'image.png', { type: 'image/png' });
  const request = { model: it.model('images'), prompt: 'Again.', image };
  const answer = await it.token.client().images.edit(request);
  assert.equal(pixels(answer).toString('latin1', 1, 4), 'PNG');
  await it.expectPaid(2n * IMAGE_COST);
});

promise('images/edits', 'openai sandbox', 'stream', async (it) => {
  const image = await toFile(pixels(await paint(it)), 'image.png', { type: 'image/png' });
  const request = { model: it.model('images'), prompt: 'Again.', image, partial_images: 1, stream: true };
  await expectPainted(await it.token.client().images.edit(request), 'image_edit');
  await it.expectPaid(2n * IMAGE_COST);
});

promise('audio/speech', 'openai sandbox', 'plain', async (it) => {
  assert.equal((await spoken(it)).toString('latin1', 0, 4), 'RIFF');
  await it.expectPaid(SPEECH_COST);
});

promise('audio/transcriptions', 'openai sandbox', 'plain', async (it) => {
  const file = await toFile(silence(60), 'sound.wav', { type: 'audio/wav' });
  const request = { model: it.model('transcription'), file };
  const answer = await it.token.client().audio.transcriptions.create(request);
  it.expectHello(answer.text);
  await it.expectPaid(TRANSCRIPTION_COST);
});

promise('audio/transcriptions', 'openai sandbox', 'stream', async (it) => {
  const file = await toFile(silence(60), 'sound.wav', { type: 'audio/wav' });
  const request = { model: it.model('transcription'), file, stream: true };
  const events = await collect(await it.token.client().audio.transcriptions.create(request));
  const done = events.pop();
  assert.equal(done.type, 'transcript.text.done');
  assert.equal(done.text, events.map(({ delta }) => delta).join(''));
  it.expectHello(done.text);
  await it.expectPaid(TRANSCRIPTION_COST);
});

promise('models', 'openai sandbox', 'list', async (it) => {
  const names = (await collect(it.token.client().models.list())).map(({ id }) => id);
  assert.ok(names.includes('scripted/text') && names.includes('scripted_anthropic/text'));
  await it.expectPaid(0n);
});

promise('models', 'openai sandbox', 'retrieve', async (it) => {
  assert.equal((await it.token.client().models.retrieve('scripted/text')).id, 'scripted/text');
  await it.expectPaid(0n);
});

const length = (vector) => Math.hypot(...vector);
const pixels = (answer) => Buffer.from(answer.data[0].b64_json, 'base64');

/** An unfinished image, then the finished one and what it used. */
async function expectPainted(stream, kind) {
  const events = await collect(stream);
  assert.deepEqual(
    events.map(({ type }) => type),
    [`${kind}.partial_image`, `${kind}.completed`],
  );
  for (const { b64_json } of events) assert.equal(Buffer.from(b64_json, 'base64').toString('latin1', 1, 4), 'PNG');
  assert.ok(events.at(-1).usage.total_tokens > 0);
}

async function spoken(it) {
  const request = { model: it.model('speech'), voice: 'alloy', input: 'Say hello to me.', response_format: 'wav' };
  const answer = await it.token.client().audio.speech.create(request);
  return Buffer.from(await answer.arrayBuffer());
}

/** A WAV file: one channel of 16 bits at 8 kHz. */
function silence(seconds) {
  const header = Buffer.alloc(44);
  header.write('RIFF', 0);
  header.writeUInt32LE(36 + 16000 * seconds, 4);
  header.write('WAVEfmt ', 8);
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20);
  header.writeUInt16LE(1, 22);
  header.writeUInt32LE(8000, 24);
  header.writeUInt32LE(16000, 28);
  header.writeUInt16LE(2, 32);
  header.writeUInt16LE(16, 34);
  header.write('data', 36);
  header.writeUInt32LE(16000 * seconds, 40);
  return Buffer.concat([header, Buffer.alloc(16000 * seconds)]);
}
