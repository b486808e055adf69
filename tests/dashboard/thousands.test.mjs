// Ten thousand tokens are no harder to look at than ten.

import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { PAGES, assertSound, openSignedIn, useBrowser, visit } from './browser.mjs';
import { URL, chat, createToken, inParallel } from './keypurse.mjs';

const TOKENS = 10_000;
const MOST_BYTES = 150 * 1024;
const MOST_MS = Number(process.env.KEYPURSE_FIRST_BYTE_MS ?? 50);

useBrowser();

before(async () => {
  const numbers = Array.from({ length: TOKENS }, (_, at) => at);
  const secrets = [];
  await inParallel(numbers, 64, async (at) => {
    const { token } = await createToken(`one of many ${at}`, { balance: at % 7 ? '2.00' : '0', tags: [`team-${at % 40}`] });
    if (at % 250 === 0 && at % 7) secrets.push(token);
  });
  await inParallel(secrets, 8, (secret) => chat(secret));
});

test('every page stays small and comes at once', async (t) => {
  const page = await openSignedIn(t);
  const debug = await page.context().newCDPSession(page);
  await debug.send('Network.enable');
  await debug.send('Network.setCacheDisabled', { cacheDisabled: true });
  let bytes = 0;
  debug.on('Network.loadingFinished', ({ encodedDataLength }) => { bytes += encodedDataLength; });
  const paths = [...PAGES, '/tokens?page=200', '/tokens?state=exhausted', '/tokens?q=many+99', '/?by=token', '/costs?by=token&period=30d', '/costs?by=tag&period=30d'];
  for (const path of paths) {
    await visit(page, path);
    bytes = 0;
    const times = [];
    for (let round = 0; round < 3; round += 1) {
      assert.equal(await visit(page, path), 200, path);
      times.push(await page.evaluate(() => {
        const [{ responseStart, requestStart }] = performance.getEntriesByType('navigation');
        return responseStart - requestStart;
      }));
    }
    const fastest = Math.min(...times);
    t.diagnostic(`${path}: ${Math.round(bytes / 3 / 1024)} kB, first byte ${fastest.toFixed(1)} ms`);
    assert.ok(bytes / 3 < MOST_BYTES, `${path} has ${bytes / 3} bytes`);
    assert.ok(fastest < MOST_MS, `${path}: first byte after ${fastest} ms`);
    await assertSound(page);
  }
});

test('a token among ten thousand is found', async (t) => {
  const page = await openSignedIn(t);
  await visit(page, '/tokens');
  await page.getByLabel('Name or tag').fill('one of many 7777');
  await page.waitForFunction(() => document.querySelectorAll('tbody tr').length === 1);
  assert.ok((await page.locator('tbody tr').textContent()).includes('one of many 7777'));
  assert.ok(page.url().startsWith(`${URL}/tokens?`));
  await assertSound(page, { moved: true });
});
