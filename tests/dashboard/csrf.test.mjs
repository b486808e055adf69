// Another site cannot change anything, show our pages inside its own, or read
// them: neither from another port, where the cookie is sent, nor from another
// host, where it is not.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { openSignedIn, useBrowser, visit } from './browser.mjs';
import { URL, createToken, manage, token } from './keypurse.mjs';

useBrowser();

let attacker;
const origins = () => [`http://127.0.0.1:${attacker.address().port}`, `http://localhost:${attacker.address().port}`];

before(async () => {
  attacker = createServer((_, answer) => {
    answer.setHeader('Content-Type', 'text/html');
    answer.end('<!doctype html><title>elsewhere</title><body></body>');
  });
  await new Promise((listening) => attacker.listen(0, '127.0.0.1', listening));
});
after(() => attacker.close());

/** Every change the dashboard can make, as a form would ask for it. */
function mutations({ id, rule }) {
  const all = [
    ['/tokens/new', { name: 'made from elsewhere' }],
    [`/tokens/${id}/edit`, { requests_per_minute: '1' }],
    [`/tokens/${id}/top-up`, { amount: '5' }],
    [`/tokens/${id}/rotate`, { grace_period: '0' }],
    [`/tokens/${id}/delete`, { name: 'attacked' }],
    [`/tokens/${id}/secret/done`, {}],
    ['/alerts/new', { name: 'made from elsewhere', kind: 'exhausted' }],
    [`/alerts/${rule}`, { name: 'renamed from elsewhere', kind: 'exhausted' }],
    [`/alerts/${rule}/test`, {}],
    [`/alerts/${rule}/delete`, {}],
    ['/sessions/1/end', {}],
    ['/sign-in', { key: 'guessed' }],
    ['/sign-out', {}],
  ];
  return all;
}

async function attacked(page) {
  await createToken('attacked').catch(() => undefined);
  await visit(page, '/tokens?q=attacked');
  const path = await page.getByRole('link', { name: 'attacked', exact: true }).getAttribute('href');
  const rules = await manage('GET', '/v2/alerts/');
  const made = rules.find((rule) => rule.name === 'attacked')
    ?? await manage('POST', '/v2/alerts/', { name: 'attacked', kind: 'exhausted', token: '*' });
  return { id: path.split('/').pop(), rule: made.id };
}

/** Everything that an attack could have changed. */
async function state(page) {
  const { notes, ...attackedToken } = await token('attacked');
  const rules = await manage('GET', '/v2/alerts/');
  return JSON.stringify([attackedToken, rules, (await manage('GET', '/v2/user/custom_token/')).length, await visit(page, '/')]);
}

for (const place of [0, 1]) {
  const name = ['another port', 'another host'][place];

  test(`a form from ${name} changes nothing`, async (t) => {
    const page = await openSignedIn(t);
    const target = await attacked(page);
    const unchanged = await state(page);
    const elsewhere = await page.context().newPage();
    for (const [path, fields] of mutations(target)) {
      await elsewhere.goto(origins()[place]);
      const [answer] = await Promise.all([
        elsewhere.waitForNavigation(),
        elsewhere.evaluate(([action, fields]) => {
          const form = document.createElement('form');
          Object.assign(form, { method: 'post', action });
          for (const [name, value] of Object.entries(fields)) {
            form.append(Object.assign(document.createElement('input'), { name, value }));
          }
          document.body.append(form);
          form.submit();
        }, [URL + path, fields]),
      ]);
      assert.equal(answer.status(), 403, path);
    }
    assert.equal(await state(page), unchanged);
  });

  test(`a fetch or an image from ${name} changes nothing and reads nothing`, async (t) => {
    const page = await openSignedIn(t);
    const target = await attacked(page);
    const unchanged = await state(page);
    const elsewhere = await page.context().newPage();
    await elsewhere.goto(origins()[place]);
    for (const [path, fields] of mutations(target)) {
      const read = await elsewhere.evaluate(async ([address, fields]) => {
        const body = new URLSearchParams(fields);
        const tries = [
          fetch(address, { method: 'POST', body, credentials: 'include', mode: 'no-cors' }),
          fetch(address, { method: 'POST', body, credentials: 'include' }),
          fetch(address, { method: 'POST', body: JSON.stringify(fields), headers: { 'Content-Type': 'application/json' }, credentials: 'include' }),
          fetch(`${address}?${body}`, { credentials: 'include' }),
          new Promise((done) => {
            const image = new Image();
            image.onload = image.onerror = () => done();
            image.src = `${address}?${body}`;
          }),
        ];
        const done = await Promise.allSettled(tries);
        const texts = done.map(({ value }) => value?.text?.() ?? '');
        return (await Promise.all(texts)).join('');
      }, [URL + path, fields]);
      assert.equal(read, '', path);
    }
    assert.equal(await state(page), unchanged);
  });
}

test('GET changes nothing, wherever it comes from', async (t) => {
  const page = await openSignedIn(t);
  const target = await attacked(page);
  const unchanged = await state(page);
  for (const [path, fields] of mutations(target)) {
    await visit(page, `${path}?${new URLSearchParams(fields)}`);
  }
  assert.equal(await state(page), unchanged);
});

test('no page of ours is shown inside another', async (t) => {
  const page = await openSignedIn(t);
  const elsewhere = await page.context().newPage();
  for (const origin of origins()) {
    await elsewhere.goto(origin);
    await elsewhere.evaluate(async (address) => {
      const frame = Object.assign(document.createElement('iframe'), { src: address });
      const loaded = new Promise((done) => (frame.onload = done));
      document.body.append(frame);
      await loaded;
    }, `${URL}/tokens`);
    const framed = elsewhere.frames().find((frame) => frame !== elsewhere.mainFrame());
    assert.ok(!(await framed.content()).includes('Keypurse'), origin);
  }
});
