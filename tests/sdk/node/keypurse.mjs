// A running Keypurse, its management API over plain HTTP, and SDK clients.
// `cargo xtask test sdk-node` starts the servers and says where they are.

import assert from 'node:assert/strict';
import OpenAI from 'openai';

export const URL = process.env.KEYPURSE_URL;
export const HELLO = [{ role: 'user', content: 'Say hello.' }];
export const WEATHER = {
  type: 'function',
  function: {
    name: 'get_weather',
    description: 'The weather in a city',
    parameters: {
      type: 'object',
      properties: { city: { type: 'string' } },
      required: ['city'],
      additionalProperties: false,
    },
  },
};
export const CITY = {
  type: 'json_schema',
  json_schema: {
    name: 'city',
    strict: true,
    schema: {
      type: 'object',
      properties: { name: { type: 'string' }, population: { type: 'integer' } },
      required: ['name', 'population'],
      additionalProperties: false,
    },
  },
};

const ACCOUNT_KEY = process.env.KEYPURSE_ACCOUNT_KEY;
const LIMIT_MS = 10_000;

/** Nano-dollars of the number called `field`, read from the JSON's own text. */
export function nanos(json, field) {
  const [, text] = json.match(new RegExp(`"${field}"\\s*:\\s*"?(-?[0-9.]+)`)) ?? [];
  assert.ok(text, `no decimal \`${field}\` in ${json}`);
  return nanosOf(text);
}

export function nanosOf(decimal) {
  const [whole, fraction = ''] = decimal.replace('-', '').split('.');
  assert.ok(fraction.length <= 9, `${decimal} has more than nine decimals`);
  const size = BigInt(whole + fraction.padEnd(9, '0'));
  return decimal.startsWith('-') ? -size : size;
}

export async function request(method, url, secret, body) {
  const headers = { 'Content-Type': 'application/json' };
  if (secret) headers.Authorization = `Bearer ${secret}`;
  const signal = AbortSignal.timeout(LIMIT_MS);
  const answer = await fetch(url, { method, headers, signal, body: body && JSON.stringify(body) });
  return { status: answer.status, text: await answer.text() };
}

/** A new token named after the test, deleted when the test ends. */
export async function create(test, fields) {
  const body = { name: `node: ${test.name}`, ...fields };
  const { status, text } = await request('POST', `${URL}/v2/user/custom_token/`, ACCOUNT_KEY, body);
  assert.equal(status, 201, text);
  const token = new Token(body.name, JSON.parse(text).token);
  test.after(() => token.delete());
  return token;
}

/** One dollar that calls may spend. */
export const live = (test) => create(test, { balance: '1.00', active_balance: true });
export const sandbox = (test) =>
  create(test, { token_type: 'sandbox_api_token', balance: '5', active_balance: true });

export class Token {
  constructor(name, secret) {
    this.path = `${URL}/v2/user/custom_token/${encodeURIComponent(name)}/`;
    this.secret = secret;
  }

  async balance() {
    const { status, text } = await request('GET', this.path, ACCOUNT_KEY);
    assert.equal(status, 200, text);
    return nanos(text, 'balance');
  }

  async delete() {
    const { status } = await request('DELETE', this.path, ACCOUNT_KEY);
    assert.ok([204, 404].includes(status));
    return status;
  }

  /** As a user sets it up, but for retries: a test sees the first answer. */
  client() {
    const baseURL = `${URL}/v1`;
    return new OpenAI({ apiKey: this.secret, baseURL, maxRetries: 0, timeout: LIMIT_MS });
  }

  /** Asks until the balance is as expected, for a bounded time. */
  async waitForBalance(expected) {
    const deadline = performance.now() + LIMIT_MS;
    let balance = await this.balance();
    while (balance !== expected && performance.now() < deadline) balance = await this.balance();
    assert.equal(balance, expected);
  }
}

/** Lets the scripted provider's gated stream go on. */
export async function releaseUpstream() {
  const { status } = await request('POST', `${process.env.SCRIPTED_UPSTREAM_URL}/release`, '', {});
  assert.equal(status, 200);
}

/** Everything an async iterable yields. */
export async function collect(iterable) {
  const all = [];
  for await (const item of iterable) all.push(item);
  return all;
}

/** The error a call is refused with. */
export async function refusal(token, options) {
  const calling = token.client().chat.completions.create({ messages: HELLO, ...options });
  return calling.then(
    () => assert.fail('the call was not refused'),
    (error) => error,
  );
}
