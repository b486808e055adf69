// Who gets in, and who does not.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PAGES, assertSound, open, openSignedIn, signIn, useBrowser, visit } from './browser.mjs';
import { ACCOUNT_KEY, URL, VIEWER_KEY, createToken, request } from './keypurse.mjs';

useBrowser();

test('nobody sees a page without signing in, and comes to it afterwards', async (t) => {
  const page = await open(t);
  for (const path of PAGES) assert.equal(await visit(page, path), 401, path);
  await visit(page, '/models?q=gpt');
  await page.getByLabel(/key/i).fill(ACCOUNT_KEY);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.waitForURL(`${URL}/models?q=gpt`);
  await assertSound(page);
});

test('a wrong key is refused with a text that says so', async (t) => {
  const page = await open(t);
  await visit(page, '/sign-in');
  await page.getByLabel(/key/i).fill('not the key of this account at all');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('alert').waitFor();
  assert.equal(await visit(page, '/'), 401);
  await assertSound(page);
});

test('the cookie is for this site alone, and no script can read it', async (t) => {
  const page = await openSignedIn(t);
  const cookies = await page.context().cookies();
  assert.equal(cookies.length, 1);
  assert.deepEqual([cookies[0].httpOnly, cookies[0].sameSite, cookies[0].path], [true, 'Strict', '/']);
  assert.equal(await page.evaluate(() => document.cookie), '');
});

test('whoever signs out is out, and the cookie is worth nothing', async (t) => {
  const page = await openSignedIn(t);
  const [cookie] = await page.context().cookies();
  await Promise.all([page.waitForURL(`${URL}/sign-in*`), page.getByRole('button', { name: 'Sign out' }).click()]);
  assert.equal(await visit(page, '/'), 401);
  await page.context().addCookies([cookie]);
  assert.equal(await visit(page, '/'), 401);
});

test('a session ends another one', async (t) => {
  const first = await openSignedIn(t);
  const second = await openSignedIn(t, { userAgent: 'Mozilla/5.0 (iPad) Safari/605' });
  await visit(first, '/sessions');
  const other = first.locator('tbody tr').filter({ hasText: 'Safari on iPad' });
  await Promise.all([first.waitForURL('**/sessions?ended=1'), other.getByRole('button').click()]);
  assert.equal(await visit(second, '/'), 401);
  assert.equal(await visit(first, '/sessions'), 200);
});

test('a viewer looks at everything and changes nothing', { skip: !VIEWER_KEY && 'no viewer key' }, async (t) => {
  await createToken('seen by a viewer');
  const page = await open(t);
  await signIn(page, VIEWER_KEY);
  for (const path of PAGES.filter((path) => !path.endsWith('/new'))) {
    assert.equal(await visit(page, path), 200, path);
    const forms = page.locator('main form[method=post]');
    assert.equal(await forms.count(), path === '/sessions' ? await forms.count() : 0, path);
  }
  const status = await page.evaluate(async () => {
    const body = new URLSearchParams({ name: 'made by a viewer' });
    return (await fetch('/tokens/new', { method: 'POST', body })).status;
  });
  assert.equal(status, 403);
  const made = await request('GET', '/v2/user/custom_token/made%20by%20a%20viewer/', ACCOUNT_KEY);
  assert.equal(made.status, 404);
});
