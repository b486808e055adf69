// A new instance: every page says what is not there yet and what to do.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PAGES, assertSound, openSignedIn, useBrowser, visit } from './browser.mjs';

useBrowser();

test('a new instance has every page, and none is bare', async (t) => {
  const page = await openSignedIn(t);
  for (const path of PAGES) {
    assert.equal(await visit(page, path), 200, path);
    assert.ok((await page.locator('main h1').textContent()).trim(), path);
    await assertSound(page);
  }
});

test('what is not there yet is said', async (t) => {
  const page = await openSignedIn(t);
  for (const [path, words] of [
    ['/', 'No calls in this time.'],
    ['/', 'No calls yet.'],
    ['/tokens', 'token'],
    ['/costs', 'No calls fit.'],
    ['/alerts', 'No rules yet'],
  ]) {
    await visit(page, path);
    assert.ok((await page.locator('main').textContent()).includes(words), `${path}: ${words}`);
  }
});
