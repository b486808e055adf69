// A running Keypurse with the demo provider, and its API over plain HTTP.
// `cargo xtask test dashboard` starts it and says where it is.

import assert from 'node:assert/strict';

export const URL = process.env.KEYPURSE_URL;
export const ACCOUNT_KEY = process.env.KEYPURSE_ACCOUNT_KEY;
export const VIEWER_KEY = process.env.KEYPURSE_VIEWER_KEY;
export const MODEL = 'demo/echo';
const LIMIT_MS = 10_000;

export async function request(method, path, secret, body, headers = {}) {
  const all = { 'Content-Type': 'application/json', ...headers };
  if (secret) all.Authorization = `Bearer ${secret}`;
  const signal = AbortSignal.timeout(LIMIT_MS);
  const answer = await fetch(URL + path, { method, headers: all, signal, body: body && JSON.stringify(body) });
  return { status: answer.status, text: await answer.text(), headers: answer.headers };
}

/** The JSON of what the management API answers. */
export async function manage(method, path, body) {
  const { status, text } = await request(method, path, ACCOUNT_KEY, body);
  assert.ok(status < 300, `${method} ${path}: ${status} ${text}`);
  return text ? JSON.parse(text) : null;
}

/** A new token: its name and secret. */
export async function createToken(name, fields = {}) {
  const body = { name, balance: '1.00', active_balance: true, ...fields };
  return manage('POST', '/v2/user/custom_token/', body);
}

/** A sandbox token, which any model answers. */
export const createSandbox = (name, fields = {}) =>
  createToken(name, { token_type: 'sandbox_api_token', ...fields });

/** One call to a model; the demo provider answers it for money. */
export async function chat(secret, { model = MODEL, content = 'Say hello.', headers = {} } = {}) {
  const body = { model, messages: [{ role: 'user', content }], max_tokens: 32 };
  return request('POST', '/v1/chat/completions', secret, body, headers);
}

/** What a token has, as the API writes it. */
export async function token(name) {
  const { status, text } = await request('GET', `/v2/user/custom_token/${encodeURIComponent(name)}/`, ACCOUNT_KEY);
  return status === 404 ? null : JSON.parse(text);
}

/** Does all of it, so many at once. */
export async function inParallel(items, workers, work) {
  const queue = items[Symbol.iterator]();
  const run = async () => {
    for (const item of queue) await work(item);
  };
  await Promise.all(Array.from({ length: workers }, run));
}
