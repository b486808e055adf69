// What the pages show is what happened, and they show it by themselves.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertSound, leadsTo, openSignedIn, useBrowser, visit } from './browser.mjs';
import { URL, chat, createSandbox, createToken, manage } from './keypurse.mjs';

useBrowser();

test('the overview shows a call that is made while it is looked at', async (t) => {
  const { token: secret } = await createToken('looked at');
  const page = await openSignedIn(t);
  const latest = page.getByRole('region', { name: 'Latest calls' }).last();
  assert.equal((await chat(secret)).status, 200);
  await latest.getByRole('link', { name: 'looked at' }).first().waitFor();
  await assertSound(page);
});

test('a page that nobody sees asks for nothing', async (t) => {
  const page = await openSignedIn(t);
  await page.clock.install();
  await page.addInitScript(() => {
    globalThis.seen = false;
    Object.defineProperty(document, 'visibilityState', { get: () => (globalThis.seen ? 'visible' : 'hidden') });
  });
  const asked = [];
  page.on('request', (request) => request.url().includes('/live/') && asked.push(request.url()));
  await visit(page, '/');
  await page.clock.runFor(30_000);
  assert.deepEqual(asked, []);
  const answer = page.waitForResponse((response) => response.url().endsWith('/live/overview'));
  await page.evaluate(() => {
    globalThis.seen = true;
    document.dispatchEvent(new Event('visibilitychange'));
  });
  await page.clock.runFor(7_000);
  assert.equal((await answer).status(), 200);
});

test('charts are drawn, told apart by what is chosen, and stand in a table too', async (t) => {
  const { token: secret } = await createToken('charted');
  for (let call = 0; call < 3; call += 1) await chat(secret);
  const page = await openSignedIn(t);
  for (const [by, name] of [['provider', 'demo'], ['model', 'demo/'], ['token', 'charted']]) {
    for (const window of ['24h', '7d', '30d', '90d']) {
      await visit(page, `/?by=${by}&window=${window}`);
      await page.locator('figure.chart canvas').waitFor();
      assert.ok((await page.locator('.legend').textContent()).includes(name), `${by} ${window}`);
    }
  }
  await page.getByText('Show as table').click();
  assert.ok((await page.locator('figure.chart tbody tr').count()) >= 1);
  await assertSound(page);
});

test('the explorer adds up, leads on and gives the same as CSV', async (t) => {
  const { token: secret } = await createToken('explored', { tags: ['=1+1', 'team-x'] });
  for (let call = 0; call < 2; call += 1) await chat(secret);
  await chat((await createSandbox('explored sandbox')).token, { model: 'openai/gpt-4o' });
  const today = new Date().toISOString().slice(0, 10);
  const report = await manage('GET', `/v2/cost_management/?begin=${today}&end=${today}&step=1&token=explored`);
  const days = Object.values(report.response[0].data);
  const reported = Object.values(days[0])[0];
  const page = await openSignedIn(t);
  for (const by of ['provider', 'model', 'token', 'tag', 'feature', 'status']) {
    assert.equal(await visit(page, `/costs?by=${by}&period=7d`), 200);
    assert.ok((await page.locator('tbody tr').count()) > 0, by);
    await assertSound(page);
  }
  await visit(page, '/costs?by=token&period=today&token=explored');
  const row = page.locator('section[aria-labelledby=table-heading] tbody tr').first();
  assert.equal(await row.locator('td').first().getAttribute('title'), `${reported.total_cost} US dollars`);
  const csv = await page.evaluate(async () => (await fetch(document.querySelector('a[download]').href)).text());
  const [head, first] = csv.trim().split('\n').map((line) => line.split(','));
  assert.equal(first[head.indexOf('name')], 'explored');
  assert.equal(Number(first[head.indexOf('cost')]), reported.total_cost);
  assert.equal(Number(first[head.indexOf('calls')]), reported.details);

  await visit(page, '/costs?by=tag&period=today');
  const tags = await page.evaluate(async () => (await fetch(document.querySelector('a[download]').href)).text());
  assert.ok(tags.includes("\n'=1+1,"), 'a spreadsheet takes no tag for a formula');

  await visit(page, '/costs?by=provider&period=7d');
  await leadsTo(page, () => page.getByRole('link', { name: 'demo', exact: true }).click());
  assert.ok(page.url().includes('by=model') && page.url().includes('provider=demo'), page.url());
  await page.getByLabel('Group by').selectOption('status');
  await leadsTo(page, () => page.getByRole('button', { name: 'Show' }).click());
  assert.ok((await page.locator('tbody').last().textContent()).includes('Success'));
});

test('a question that makes no sense is corrected, not guessed', async (t) => {
  const page = await openSignedIn(t);
  await visit(page, '/costs?period=custom&begin=2026-03-02&end=2026-03-01');
  assert.ok((await page.getByRole('alert').textContent()).includes('exchange them'));
  await visit(page, '/costs?period=90d&step=hour');
  assert.ok((await page.getByRole('alert').textContent()).includes('at most 7 days'));
  await assertSound(page);
});

test('models are found by name, mode and price', async (t) => {
  const page = await openSignedIn(t);
  await visit(page, '/models');
  await page.getByLabel('Search by name').fill('gpt-4o-mini');
  await page.waitForURL(/q=gpt-4o-mini/);
  const names = await page.locator('tbody th').allTextContents();
  assert.ok(names.length > 0 && names.every((name) => name.includes('gpt-4o-mini')), names.join());
  await page.getByLabel('Mode', { exact: true }).selectOption('chat');
  await page.waitForURL(/q=gpt-4o-mini.*mode=chat/);
  await leadsTo(page, () => page.getByRole('link', { name: /Without a price/ }).click());
  await visit(page, '/models?show=unpriced');
  assert.ok((await page.locator('tbody tr').first().textContent()).includes('Calls are refused'));
  await visit(page, '/models?q=no+such+model');
  await page.getByText('No model fits.').waitFor();
  await assertSound(page);
});

test('providers show their health and what went through them', async (t) => {
  const { token: secret } = await createToken('through a provider');
  await chat(secret);
  const page = await openSignedIn(t);
  await visit(page, '/providers');
  const demo = page.locator('tbody tr').filter({ hasText: 'demo' });
  assert.ok((await demo.textContent()).includes('healthy'));
  assert.ok(Number((await demo.locator('td').nth(3).textContent()).replaceAll(',', '')) >= 1);
  await assertSound(page);
});

test('what is not there is a page that says so', async (t) => {
  const page = await openSignedIn(t);
  for (const path of ['/tokens/tok_999999', '/tokens/evil', '/assets/none.js']) {
    assert.equal(await visit(page, path), 404, path);
  }
  await visit(page, '/tokens/tok_999999');
  await page.getByRole('heading', { name: 'Not found' }).waitFor();
  await assertSound(page);
  assert.ok(URL.startsWith('http'));
});
