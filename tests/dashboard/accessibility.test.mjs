// Everybody can use every page: with a screen reader, with a keyboard, in the
// dark, on a phone.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PAGES, assertAccessible, assertSound, open, openSignedIn, useBrowser, visit } from './browser.mjs';
import { chat, createSandbox, createToken, manage } from './keypurse.mjs';

useBrowser();

async function fill() {
  const { token: secret } = await createToken('accessible', { tags: ['team-a'] }).catch(() => ({}));
  if (secret) await chat(secret);
  const { token: sandbox } = await createSandbox('accessible sandbox').catch(() => ({}));
  if (sandbox) await chat(sandbox, { model: 'openai/gpt-4o' });
  await manage('POST', '/v2/alerts/', { name: 'accessible', kind: 'exhausted', token: '*', enabled: true });
}

/** Every page, and those below. */
async function everyPage(page) {
  await visit(page, '/tokens?q=accessible&sort=name&dir=asc');
  const token = await page.locator('tbody th a').first().getAttribute('href');
  const below = ['', '/edit', '/rotate', '/delete'].map((part) => token + part);
  return [...PAGES, '/costs?by=token&period=7d', '/models?show=unpriced', ...below];
}

for (const colorScheme of ['light', 'dark']) {
  test(`no page has a serious fault for axe, ${colorScheme}`, async (t) => {
    await fill();
    const page = await openSignedIn(t, { colorScheme });
    for (const path of await everyPage(page)) {
      assert.equal(await visit(page, path), 200, path);
      await assertAccessible(page);
    }
    assert.equal(await visit(page, '/tokens/tok_0'), 404);
    await assertAccessible(page);
    const signedOut = await open(t, { colorScheme });
    await visit(signedOut, '/sign-in');
    await assertAccessible(signedOut);
  });
}

test('no page is wider than a phone, and none moves while it loads', async (t) => {
  const page = await openSignedIn(t, { viewport: { width: 375, height: 720 }, isMobile: true, hasTouch: true });
  for (const path of await everyPage(page)) {
    await visit(page, path);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(wide <= 0, `${path} is ${wide} px too wide`);
    await assertSound(page);
  }
});

test('no page moves while it loads on a large screen', async (t) => {
  const page = await openSignedIn(t, { viewport: { width: 1440, height: 1000 } });
  for (const path of await everyPage(page)) {
    await visit(page, path);
    await assertSound(page);
  }
});

test('a keyboard reaches the content first, and every link and button', async (t) => {
  const page = await openSignedIn(t);
  await visit(page, '/');
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement.textContent.trim()), 'Skip to content');
  await page.keyboard.press('Enter');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'content');
  await page.keyboard.press('Tab');
  const focused = await page.evaluate(() => {
    const style = getComputedStyle(document.activeElement);
    return { inside: document.querySelector('main').contains(document.activeElement), ring: style.outlineStyle };
  });
  assert.deepEqual(focused, { inside: true, ring: 'solid' });
});
