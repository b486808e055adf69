// Who did what, when and from where: every change is there, newest first.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertAccessible, assertSound, leadsTo, open, openSignedIn, signIn, useBrowser, visit } from './browser.mjs';
import { createToken, inParallel, manage } from './keypurse.mjs';

const EVIL = '<img src=x onerror="globalThis.hacked=1">';
const ON_A_PAGE = 50;

useBrowser();

const path = (name) => `/v2/user/custom_token/${encodeURIComponent(name)}/`;

/** The newest records about something: what, by whom, from where. */
async function told(page, subject) {
  const rows = page.getByRole('region', { name: 'Records' }).locator('tbody tr');
  const found = rows.filter({ has: page.getByRole('rowheader', { name: subject, exact: true }) });
  return found.evaluateAll((list) => list.map((row) => [2, 4, 5].map((cell) => row.cells[cell].textContent.trim())));
}

test('every action on a page is told, with who did it and from where', async (t) => {
  const page = await openSignedIn(t);
  await visit(page, '/tokens/new');
  await page.getByLabel('Name', { exact: true }).fill('told of');
  await leadsTo(page, () => page.getByRole('button', { name: 'Create token' }).click());
  await leadsTo(page, () => page.getByRole('button', { name: 'I have copied it' }).click());
  await page.getByLabel('Dollars to add').fill('1.50');
  await page.getByLabel('Note').fill('Invoice 18');
  await leadsTo(page, () => page.getByRole('button', { name: 'Add to the balance' }).click());
  await leadsTo(page, () => page.getByRole('link', { name: 'New secret' }).click());
  await leadsTo(page, () => page.getByRole('button', { name: 'Make a new secret' }).click());
  await leadsTo(page, () => page.getByRole('link', { name: 'told of' }).click());
  await leadsTo(page, () => page.getByRole('link', { name: 'Delete' }).click());
  await page.getByLabel(/type the token’s name/).fill('told of');
  await leadsTo(page, () => page.getByRole('button', { name: 'Delete this token' }).click());
  await visit(page, '/audit');
  const records = await told(page, 'told of');
  assert.deepEqual(records.map(([what]) => what), ['Token deleted', 'New secret', 'Token topped up', 'Token created']);
  for (const [, who, from] of records) {
    assert.match(who, /^Dashboard, session \d+$/);
    assert.equal(from, '127.0.0.1');
  }
  const topUp = page.locator('tbody tr').filter({ hasText: 'Invoice 18' }).first();
  assert.ok((await topUp.textContent()).includes('1.5'));
  await assertSound(page);
});

test('what the API changes is told too, and alerts without their addresses', async (t) => {
  await createToken('told by the API');
  await manage('PATCH', path('told by the API'), { requests_per_minute: 60 });
  const webhook = { url: 'https://receiver.invalid/not-for-the-log', format: 'slack' };
  const rule = await manage('POST', '/v2/alerts/', { name: 'told rule', kind: 'exhausted', token: '*', webhook });
  await manage('PATCH', `/v2/alerts/${rule.id}/`, { enabled: false });
  await manage('DELETE', `/v2/alerts/${rule.id}/`);
  const page = await openSignedIn(t);
  await visit(page, '/audit');
  assert.deepEqual(await told(page, 'told by the API'), [
    ['Token changed', 'Account key', '127.0.0.1'],
    ['Token created', 'Account key', '127.0.0.1'],
  ]);
  const alerts = await told(page, 'told rule');
  assert.deepEqual(alerts.map(([what]) => what), ['Alert deleted', 'Alert changed', 'Alert made']);
  assert.ok(!(await page.content()).includes('not-for-the-log'));
});

test('who signs in and out is told', async (t) => {
  const page = await open(t);
  await signIn(page);
  await leadsTo(page, () => page.getByRole('button', { name: 'Sign out' }).click());
  await visit(page, '/sign-in');
  await page.getByLabel(/key/i).fill('a-key-that-nobody-ever-had-0123456789');
  await leadsTo(page, () => page.getByRole('button', { name: 'Sign in' }).click());
  await signIn(page);
  await visit(page, '/audit');
  const what = await page.locator('tbody tr').evaluateAll((rows) => rows.slice(0, 4).map((row) => row.cells[2].textContent));
  assert.deepEqual(what.sort(), ['Sign-in failed', 'Signed in', 'Signed in', 'Signed out']);
});

test('the log is read page by page, and each record once', async (t) => {
  await inParallel(Array.from({ length: 2 * ON_A_PAGE }, (_, at) => at), 8, (at) => createToken(`paged ${at}`));
  const page = await openSignedIn(t);
  await visit(page, '/audit');
  const numbers = async () => page.locator('tbody tr td:first-child').allTextContents();
  const first = await numbers();
  await leadsTo(page, () => page.getByRole('link', { name: 'Older' }).click());
  const second = await numbers();
  assert.equal(first.length, ON_A_PAGE);
  const all = [...first, ...second].map(Number);
  assert.deepEqual(all, all.toSorted((a, b) => b - a), 'newest first');
  assert.equal(new Set(all).size, 2 * ON_A_PAGE);
  await leadsTo(page, () => page.getByRole('link', { name: 'Newest' }).click());
  assert.equal(new URL(page.url()).search, '');
  await assertSound(page);
});

test('whatever was written is shown as it was written', async (t) => {
  const name = `${EVIL}told`;
  await createToken(name, { tags: [`${EVIL}tag`] });
  await manage('POST', `${path(name)}top_up/`, { amount: '1', note: `${EVIL}note` });
  await manage('DELETE', path(name));
  const page = await openSignedIn(t);
  await visit(page, '/audit');
  const text = await page.locator('main').textContent();
  for (const written of [name, `${EVIL}note`]) assert.ok(text.includes(written), written);
  assert.equal(await page.locator('main img').count(), 0);
  assert.equal(await page.evaluate(() => globalThis.hacked), undefined);
  await assertSound(page);
});

for (const colorScheme of ['light', 'dark']) {
  test(`a filled log has no serious fault for axe, ${colorScheme}`, async (t) => {
    const page = await openSignedIn(t, { colorScheme });
    await visit(page, '/audit');
    await assertAccessible(page);
  });
}

test('the log fits a phone, and needs no script', async (t) => {
  await createToken(`a name as long as people make them, ${'and longer '.repeat(10)}`.trim());
  const phone = { viewport: { width: 375, height: 720 }, isMobile: true, hasTouch: true };
  for (const javaScriptEnabled of [true, false]) {
    const page = await openSignedIn(t, { ...phone, javaScriptEnabled });
    await visit(page, '/audit');
    assert.equal(await page.locator('tbody tr').count(), ON_A_PAGE);
    const [body, screen] = [await page.locator('body').boundingBox(), page.viewportSize()];
    assert.ok(body.width <= screen.width, `${body.width} px on a phone`);
    await leadsTo(page, () => page.getByRole('link', { name: 'Older' }).click());
    assert.ok((await page.locator('tbody tr').count()) > 0);
  }
});
