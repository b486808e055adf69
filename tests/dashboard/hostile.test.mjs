// Whatever people and providers write is shown as they wrote it, and never run.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertSound, leadsTo, openSignedIn, useBrowser, visit } from './browser.mjs';
import { ACCOUNT_KEY, chat, createToken, manage, request } from './keypurse.mjs';

const EVIL = '<img src=x onerror="globalThis.hacked=1">';

useBrowser();

/** Nothing ran, and the text is there as it was written. */
async function assertLiteral(page, text) {
  assert.equal(await page.evaluate(() => globalThis.hacked), undefined, page.url());
  assert.equal(await page.locator('main img[src="x"]').count(), 0, page.url());
  if (text) assert.ok((await page.locator('main').textContent()).includes(text), `${page.url()} shows ${text}`);
  await assertSound(page);
}

test('twelve places show markup as text', async (t) => {
  const name = `${EVIL}name`;
  const { token: secret } = await createToken(name, { tags: [`${EVIL}tag`], allowed_models: ['*'] });
  await chat(secret, { headers: { 'User-Agent': EVIL } });
  const path = `/v2/user/custom_token/${encodeURIComponent(name)}/top_up/`;
  await manage('POST', path, { amount: '1', note: `${EVIL}note` });
  await manage('POST', '/v2/alerts/', { name: `${EVIL}alert`, kind: 'exhausted', token: name, enabled: true });
  const page = await openSignedIn(t, { userAgent: `${EVIL}agent` });

  await visit(page, '/tokens?q=onerror');
  await assertLiteral(page, name);
  await assertLiteral(page, `${EVIL}tag`);
  await leadsTo(page, () => page.getByRole('link', { name, exact: true }).first().click());
  await assertLiteral(page, name);
  await assertLiteral(page, `${EVIL}note`);
  const address = new URL(page.url()).pathname;
  for (const below of ['edit', 'rotate', 'delete']) {
    await visit(page, `${address}/${below}`);
    await assertLiteral(page);
  }
  for (const by of ['token', 'tag']) {
    await visit(page, `/costs?by=${by}&period=today`);
    await page.locator('figure.chart canvas').waitFor();
    await page.locator('figure.chart .u-over').hover();
    await assertLiteral(page, by === 'token' ? name : `${EVIL}tag`);
    await visit(page, `/?by=token&window=24h`);
    await assertLiteral(page, name);
  }
  await visit(page, '/alerts');
  await assertLiteral(page, `${EVIL}alert`);
  await visit(page, '/audit');
  await assertLiteral(page, name);
  await visit(page, '/sessions');
  await assertLiteral(page);
  // What an address says is a field too.
  const said = encodeURIComponent(`"'>${EVIL}`);
  for (const asked of [
    `/costs?token=${said}&tag=${said}&provider=${said}&model=${said}`,
    `/costs?by=${said}`,
    `/models?q=${said}&provider=${said}&mode=${said}`,
    `/tokens?q=${said}`,
    `/?by=${said}&window=${said}`,
    `/alerts?cursor=${said}`,
    `/sign-in?next=${said}`,
  ]) {
    await visit(page, asked);
    await assertLiteral(page);
  }
});

test('a name refused in a form comes back as it was written', async (t) => {
  const page = await openSignedIn(t);
  await visit(page, '/tokens/new');
  const long = EVIL.repeat(10);
  await page.getByLabel('Name', { exact: true }).fill(long);
  assert.equal(await leadsTo(page, () => page.getByRole('button', { name: 'Create token' }).click()), 400);
  assert.equal(await page.getByLabel('Name', { exact: true }).inputValue(), long);
  await assertLiteral(page);
});

test('signing in leads to no other site', async (t) => {
  const page = await openSignedIn(t);
  for (const next of ['//example.org/', 'https://example.org/', '/\\example.org', 'javascript:alert(1)']) {
    await page.context().clearCookies();
    await visit(page, `/sign-in?next=${encodeURIComponent(next)}`);
    await page.getByLabel(/key/i).fill(ACCOUNT_KEY);
    await leadsTo(page, () => page.getByRole('button', { name: 'Sign in' }).click());
    assert.equal(new URL(page.url()).pathname, '/', next);
  }
  assert.equal((await request('GET', '/readyz')).status, 200);
});
