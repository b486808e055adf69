// A small real language model behind OpenAI's chat completions: JSON and SSE,
// on loopback, with the usage its own tokenizer counted. It is a base model,
// without a chat template: the conversation is text, and it goes on writing.
//
//     node server.mjs MODEL.gguf PORT

import { createServer } from 'node:http';
import { getLlama, LlamaCompletion } from 'node-llama-cpp';

const [modelPath, port] = process.argv.slice(2);
const CONTEXT_TOKENS = 1024;
const DEFAULT_OUTPUT_TOKENS = 64;

const llama = await getLlama({ gpu: false, build: 'never', logLevel: 'error' });
const model = await llama.loadModel({ modelPath });
// One thread: several wait for each other by spinning, which on a busy machine
// takes minutes for what one does in a second.
const context = await model.createContext({ contextSize: CONTEXT_TOKENS, threads: 1 });

// One sequence, so one call at a time.
let last = Promise.resolve();

createServer((request, response) => {
  const turn = last.then(() => answer(request, response));
  last = turn.catch((error) => {
    console.error(error);
    response.destroy();
  });
}).listen(Number(port), '127.0.0.1');

async function answer(request, response) {
  if (request.url === '/readyz') return void response.end('ok');
  if (request.method !== 'POST' || request.url !== '/v1/chat/completions') {
    response.statusCode = 404;
    return sendJson(response, { error: { message: `no route ${request.url}`, type: 'not_found' } });
  }
  const body = JSON.parse(await textOf(request));
  return body.stream ? sendStream(response, body) : sendWhole(response, body);
}

async function sendWhole(response, body) {
  const { text, finishReason, usage } = await complete(body, () => {});
  const message = { role: 'assistant', content: text };
  const choice = { index: 0, message, logprobs: null, finish_reason: finishReason };
  sendJson(response, { ...envelope(body, 'chat.completion'), choices: [choice], usage });
}

async function sendStream(response, body) {
  response.setHeader('Content-Type', 'text/event-stream');
  const head = envelope(body, 'chat.completion.chunk');
  const send = (fields) => response.write(`data: ${JSON.stringify({ ...head, ...fields })}\n\n`);
  const piece = (delta, finish_reason) => send({ choices: [{ index: 0, delta, finish_reason }] });
  piece({ role: 'assistant', content: '' }, null);
  const { finishReason, usage } = await complete(body, (content) => piece({ content }, null));
  piece({}, finishReason);
  if (body.stream_options?.include_usage) send({ choices: [], usage });
  response.end('data: [DONE]\n\n');
}

async function complete(body, onTextChunk) {
  const sequence = context.getSequence();
  try {
    const completion = new LlamaCompletion({ contextSequence: sequence });
    const before = sequence.tokenMeter.getState();
    const maxTokens = body.max_completion_tokens ?? body.max_tokens ?? DEFAULT_OUTPUT_TOKENS;
    const options = { maxTokens, temperature: 0, onTextChunk };
    const prompt = body.messages.map((message) => message.content).join('\n');
    const { response, metadata } = await completion.generateCompletionWithMeta(prompt, options);
    const used = sequence.tokenMeter.diff(before);
    const finishReason = metadata.stopReason === 'maxTokens' ? 'length' : 'stop';
    return { text: response, finishReason, usage: usageOf(used) };
  } finally {
    sequence.dispose();
  }
}

function usageOf({ usedInputTokens, usedOutputTokens }) {
  return {
    prompt_tokens: usedInputTokens,
    completion_tokens: usedOutputTokens,
    total_tokens: usedInputTokens + usedOutputTokens,
  };
}

function envelope(body, object) {
  const created = Math.floor(Date.now() / 1000);
  return { id: `chatcmpl-${crypto.randomUUID()}`, object, created, model: body.model };
}

function sendJson(response, value) {
  response.setHeader('Content-Type', 'application/json');
  response.end(JSON.stringify(value));
}

async function textOf(request) {
  let text = '';
  for await (const part of request.setEncoding('utf8')) text += part;
  return text;
}
