// What a client is promised: by route, upstream and feature.
//
// `docs/compatibility.md` is made from the calls of `promise` in these files,
// and the suite fails unless every one of them ran and passed.

import assert from 'node:assert/strict';
import { appendFileSync } from 'node:fs';
import { test } from 'node:test';
import { create, nanosOf } from './keypurse.mjs';

// 12 input and 7 output tokens at $3 and $15 per million.
export const COST = nanosOf('0.000141');
const DOLLAR = nanosOf('1');
const PROVIDERS = {
  openai: 'scripted',
  anthropic: 'scripted_anthropic',
  gemini: 'scripted_gemini',
};
const SANDBOX_MODELS = {
  embeddings: 'openai/text-embedding-3-small',
  moderations: 'openai/omni-moderation-latest',
  'images/generations': 'openai/gpt-image-1',
  'images/edits': 'openai/gpt-image-1',
  'audio/speech': 'openai/tts-1',
  'audio/transcriptions': 'openai/gpt-4o-mini-transcribe',
};

/** The promises of one client, each a test per upstream. */
export const promises = (client) => (route, upstreams, feature, keep) => {
  for (const upstream of upstreams.split(' ')) {
    test(`${client}: ${route}, ${upstream}: ${feature}`, async (t) => {
      const token_type = upstream === 'sandbox' ? 'sandbox_api_token' : 'api_token';
      const token = await create(t, { token_type, balance: '1.00', active_balance: true });
      await keep(new Case(token, route, upstream));
      const line = { client, route, upstream, feature, passed: true };
      appendFileSync(process.env.KEYPURSE_PROMISES, `${JSON.stringify(line)}\n`);
    });
  }
};

/** A token, the route it calls and whom it reaches. */
class Case {
  constructor(token, route, upstream) {
    Object.assign(this, { token, route, isLive: upstream !== 'sandbox' });
    this.provider = PROVIDERS[upstream];
  }

  /** The model that does what `name` says; a sandbox does as it is asked. */
  model(name) {
    if (this.isLive) return `${this.provider}/${name}`;
    return SANDBOX_MODELS[this.route] ?? 'openai/gpt-4o-mini';
  }

  /** Headers with which a sandbox is busy, too. */
  get refused() {
    return this.isLive ? {} : { 'x-keypurse-sandbox': 'rate_limit' };
  }

  expectHello(text) {
    if (this.isLive) assert.equal(text, 'Hello from upstream.');
    else assert.ok(text);
  }

  expectParis({ city }) {
    if (this.isLive) assert.equal(city, 'Paris');
    else assert.equal(typeof city, 'string');
  }

  expectCity({ name, population }) {
    assert.equal(typeof name, 'string');
    assert.ok(Number.isInteger(population));
  }

  /** What was paid in all; waits, as a cut stream is charged after it. */
  async expectPaid(cost) {
    await this.token.waitForBalance(this.isLive ? DOLLAR - cost : DOLLAR);
  }
}
