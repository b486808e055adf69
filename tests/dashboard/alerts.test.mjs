// Rules: made, tried and ended, and what fired.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertSound, leadsTo, openSignedIn, useBrowser, visit } from './browser.mjs';
import { createToken, manage } from './keypurse.mjs';

useBrowser();

const rules = async () => manage('GET', '/v2/alerts/');
const rule = async (name) => (await rules()).find((found) => found.name === name);

test('a rule is made, changed, tested and deleted', async (t) => {
  const page = await openSignedIn(t);
  await visit(page, '/alerts');
  await leadsTo(page, () => page.getByRole('link', { name: 'New rule' }).click());
  await page.getByLabel('Name', { exact: true }).fill('spending fast');
  await page.getByLabel('Watches for').selectOption('spend_rate_above');
  await page.getByLabel('Threshold').fill('2.50');
  await page.getByLabel('Window in minutes').fill('15');
  await page.getByLabel('Token', { exact: true }).fill('');
  await page.getByLabel('Webhook', { exact: true }).fill('https://receiver.invalid/hook');
  await leadsTo(page, () => page.getByRole('button', { name: 'Create rule' }).click());
  const made = await rule('spending fast');
  assert.deepEqual([made.kind, made.threshold, made.window, made.token, made.enabled], ['spend_rate_above', 2.5, 900, null, true]);
  await assertSound(page);

  await leadsTo(page, () => page.getByRole('link', { name: 'spending fast' }).click());
  await page.getByLabel('Threshold').fill('3');
  await leadsTo(page, () => page.getByRole('button', { name: 'Save' }).click());
  assert.equal((await rule('spending fast')).threshold, 3);
  assert.ok((await rule('spending fast')).webhook.url.startsWith('https://receiver.invalid'), 'the webhook stays');

  await leadsTo(page, () => page.getByRole('link', { name: 'spending fast' }).click());
  await leadsTo(page, () => page.getByRole('button', { name: 'Send a test' }).click());
  await page.getByRole('cell', { name: 'Test', exact: true }).waitFor();
  assert.ok((await page.locator('tbody tr').first().textContent()).includes('no answer'));
  await assertSound(page);

  page.on('dialog', (dialog) => dialog.accept());
  await leadsTo(page, () => page.getByRole('button', { name: 'Delete rule' }).click());
  assert.equal(await rule('spending fast'), undefined);
});

test('a rule that makes no sense is told why', async (t) => {
  const page = await openSignedIn(t);
  await visit(page, '/alerts/new');
  await page.getByLabel('Watches for').selectOption('error_rate_above');
  await page.getByLabel('Threshold').fill('many');
  await page.getByLabel('Webhook', { exact: true }).fill('ftp://receiver.invalid/');
  assert.equal(await leadsTo(page, () => page.getByRole('button', { name: 'Create rule' }).click()), 400);
  for (const field of ['Name', 'Threshold', 'Window in minutes', 'Webhook']) {
    assert.equal(await page.getByLabel(field, { exact: true }).getAttribute('aria-invalid'), 'true', field);
  }
  assert.equal(await page.getByLabel('Threshold').inputValue(), 'many');
  await assertSound(page);
});

test('what fired is listed, and the rule says so', async (t) => {
  await createToken('already empty', { balance: '0' });
  await manage('POST', '/v2/alerts/', { name: 'someone is out of money', kind: 'exhausted', token: 'already empty', enabled: true });
  const page = await openSignedIn(t);
  const fired = page.getByRole('region', { name: 'What fired' }).last().getByText('already empty');
  // The rules are looked at every few seconds.
  const deadline = performance.now() + 30_000;
  do await visit(page, '/alerts');
  while ((await fired.count()) === 0 && performance.now() < deadline);
  await fired.first().waitFor();
  const row = page.locator('tr').filter({ hasText: 'someone is out of money' }).first();
  assert.ok((await row.textContent()).includes('Firing'));
  await assertSound(page);
});
