// Every action without JavaScript: forms and pages are enough.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { leadsTo, open, signIn, useBrowser, visit } from './browser.mjs';
import { chat, createToken, manage, token } from './keypurse.mjs';

useBrowser();

async function openWithoutScript(t) {
  const page = await open(t, { javaScriptEnabled: false });
  await signIn(page);
  return page;
}

const click = (page, role, name) => leadsTo(page, () => page.getByRole(role, { name, exact: true }).click());

test('a token lives and dies without a script', async (t) => {
  const page = await openWithoutScript(t);
  await visit(page, '/tokens');
  await click(page, 'link', 'New token');
  await page.getByLabel('Name', { exact: true }).fill('without a script');
  await page.getByLabel('Opening balance in dollars').fill('1');
  await click(page, 'button', 'Create token');
  const secret = await page.locator('#secret').textContent();
  assert.equal((await chat(secret)).status, 200);
  await click(page, 'button', 'I have copied it');
  await page.getByLabel('Dollars to add').fill('0.50');
  await click(page, 'button', 'Add to the balance');
  await click(page, 'link', 'Edit');
  await page.getByLabel('Tags').fill('no-script');
  await leadsTo(page, () => page.locator('main form[method=post] button.primary').click());
  await visit(page, '/tokens?q=no-script');
  await click(page, 'link', 'without a script');
  await click(page, 'link', 'New secret');
  await click(page, 'button', 'Make a new secret');
  assert.notEqual(await page.locator('#secret').textContent(), secret);
  await visit(page, '/tokens?q=no-script');
  await click(page, 'link', 'without a script');
  await click(page, 'link', 'Delete');
  await page.getByLabel(/type the token’s name/).fill('without a script');
  await click(page, 'button', 'Delete this token');
  assert.equal(await token('without a script'), null);
});

test('lists are searched and charts are read without a script', async (t) => {
  const { token: secret } = await createToken('read without a script');
  await chat(secret);
  const page = await openWithoutScript(t);
  await visit(page, '/tokens');
  await page.getByLabel('Name or tag').fill('read without');
  await click(page, 'button', 'Search');
  assert.equal(await page.locator('tbody tr').count(), 1);
  await visit(page, '/?by=token&window=7d');
  await page.getByText('Show as table').click();
  await page.locator('figure.chart table').waitFor();
  await visit(page, '/costs');
  await page.getByLabel('Group by').selectOption('token');
  await page.getByLabel('Period', { exact: true }).selectOption('today');
  await click(page, 'button', 'Show');
  assert.ok((await page.locator('tbody').last().textContent()).includes('read without a script'));
  await visit(page, '/models');
  await page.getByLabel('Mode', { exact: true }).selectOption('embedding');
  await click(page, 'button', 'Search');
  assert.ok((await page.locator('tbody tr').count()) > 0);
});

test('a rule is made and deleted without a script', async (t) => {
  const page = await openWithoutScript(t);
  await visit(page, '/alerts');
  await click(page, 'link', 'New rule');
  await page.getByLabel('Name', { exact: true }).fill('rule without a script');
  await page.getByLabel('Watches for').selectOption('exhausted');
  await click(page, 'button', 'Create rule');
  const made = async () => (await manage('GET', '/v2/alerts/')).find(({ name }) => name === 'rule without a script');
  assert.equal((await made()).kind, 'exhausted');
  await click(page, 'link', 'rule without a script');
  await click(page, 'button', 'Delete rule');
  assert.equal(await made(), undefined);
});

test('signing out needs no script', async (t) => {
  const page = await openWithoutScript(t);
  await click(page, 'button', 'Sign out');
  assert.equal(await visit(page, '/'), 401);
});
