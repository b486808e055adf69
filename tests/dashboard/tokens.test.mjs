// Tokens: made, looked for, changed and ended in a few clicks.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { test } from 'node:test';
import { assertSound, leadsTo, openSignedIn, useBrowser, visit } from './browser.mjs';
import { URL, chat, createToken, request, token } from './keypurse.mjs';

const run = promisify(execFile);

useBrowser();

/** The page of a token, reached as people do: by its name in the list. */
async function openToken(page, name) {
  await visit(page, `/tokens?q=${encodeURIComponent(name)}`);
  await leadsTo(page, () => page.getByRole('link', { name, exact: true }).click());
}

const pasted = (page) => page.evaluate(() => navigator.clipboard.readText());

/** Saves a text as it says, beside the package it asks for, and runs it. */
async function asHelloMjs(t, text) {
  const folder = await mkdtemp(join(tmpdir(), 'pasted-'));
  t.after(() => rm(folder, { recursive: true }));
  await symlink(process.env.NODE_SDKS, join(folder, 'node_modules'));
  await writeFile(join(folder, 'hello.mjs'), text);
  return run('node', ['hello.mjs'], { cwd: folder, timeout: 30_000 });
}

test('a token is made, its secret is shown once, and its snippets work as pasted', async (t) => {
  const page = await openSignedIn(t);
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write'], { origin: URL });
  await visit(page, '/tokens');
  await leadsTo(page, () => page.getByRole('link', { name: 'New token' }).click());
  await page.getByLabel('Name', { exact: true }).fill('made by hand');
  await page.getByLabel('Pay calls from a balance of its own').check();
  await page.getByLabel('Opening balance in dollars').fill('2.50');
  await page.getByLabel('Tags').fill('team-a\nproduction');
  await leadsTo(page, () => page.getByRole('button', { name: 'Create token' }).click());
  const secret = await page.locator('#secret').textContent();
  assert.equal(JSON.parse((await request('GET', '/v2/user/custom_token/me/', secret)).text).name, 'made by hand');
  await page.getByRole('button', { name: 'Copy', exact: true }).click();
  assert.equal(await pasted(page), secret);

  await page.getByRole('button', { name: 'Copy curl' }).click();
  const curl = await pasted(page);
  const answer = await run('sh', ['-c', curl], { timeout: 10_000 });
  assert.equal(JSON.parse(answer.stdout).object, 'chat.completion');
  await page.getByRole('button', { name: 'Copy Python' }).click();
  const python = await run(process.env.PYTHON, ['-c', await pasted(page)], { timeout: 30_000 });
  assert.ok(python.stdout.includes('Hello'), python.stdout);
  await page.getByRole('button', { name: 'Copy Node' }).click();
  const node = await asHelloMjs(t, await pasted(page));
  assert.ok(node.stdout.includes('Hello'), node.stdout);
  await assertSound(page);

  await leadsTo(page, () => page.getByRole('button', { name: 'I have copied it' }).click());
  assert.ok(!(await page.content()).includes(secret));
  await page.getByText('team-a').first().waitFor();
  assert.equal((await token('made by hand')).active_balance, true);
});

test('a form that says something impossible says why, and keeps what was written', async (t) => {
  const page = await openSignedIn(t);
  await visit(page, '/tokens/new');
  await page.getByLabel('Name', { exact: true }).fill('me');
  await page.getByLabel('Opening balance in dollars').fill('a lot');
  assert.equal(await leadsTo(page, () => page.getByRole('button', { name: 'Create token' }).click()), 400);
  assert.equal(await page.getByLabel('Name', { exact: true }).inputValue(), 'me');
  assert.ok((await page.locator('[aria-invalid=true]').count()) >= 2);
  await assertSound(page);
});

test('a list is searched, filtered and sorted, and its address keeps that', async (t) => {
  for (const name of ['sorted a', 'sorted b', 'sorted c']) await createToken(name);
  await createToken('sorted s', { token_type: 'sandbox_api_token' });
  const page = await openSignedIn(t);
  const names = () => page.locator('tbody th a').allTextContents();
  await visit(page, '/tokens?q=sorted&sort=name&dir=asc');
  assert.deepEqual(await names(), ['sorted a', 'sorted b', 'sorted c', 'sorted s']);
  await leadsTo(page, () => page.getByRole('link', { name: /^Name/ }).click());
  assert.deepEqual(await names(), ['sorted s', 'sorted c', 'sorted b', 'sorted a']);
  await page.getByLabel('Type').selectOption('sandbox');
  await page.locator('tbody tr').nth(1).waitFor({ state: 'detached' });
  assert.deepEqual(await names(), ['sorted s']);
  assert.ok(page.url().includes('type='), 'the address says what is shown');
  await assertSound(page, { moved: true });
});

test('a token is edited, topped up, given a new secret and deleted', async (t) => {
  const { token: first } = await createToken('changed by hand');
  const page = await openSignedIn(t);
  await openToken(page, 'changed by hand');

  await page.getByLabel('Dollars to add').fill('3.25');
  await page.getByLabel('Note').fill('Invoice 17');
  await leadsTo(page, () => page.getByRole('button', { name: 'Add to the balance' }).click());
  assert.equal(Number((await token('changed by hand')).balance), 4.25);
  await page.getByText('Invoice 17', { exact: true }).waitFor();

  await leadsTo(page, () => page.getByRole('link', { name: 'Edit' }).click());
  await page.getByLabel('Requests a minute').fill('600');
  await leadsTo(page, () => page.locator('main form[method=post] button.primary').click());
  assert.equal((await token('changed by hand')).rate_limits?.requests_per_minute ?? 600, 600);

  await openToken(page, 'changed by hand');
  await leadsTo(page, () => page.getByRole('link', { name: 'New secret' }).click());
  await leadsTo(page, () => page.getByRole('button', { name: 'Make a new secret' }).click());
  const second = await page.locator('#secret').textContent();
  assert.notEqual(second, first);
  assert.equal((await chat(second)).status, 200);

  await openToken(page, 'changed by hand');
  await leadsTo(page, () => page.getByRole('link', { name: 'Delete' }).click());
  await page.getByLabel(/type the token’s name/).fill('something else');
  assert.equal(await leadsTo(page, () => page.getByRole('button', { name: 'Delete this token' }).click()), 400);
  await page.getByLabel(/type the token’s name/).fill('changed by hand');
  await leadsTo(page, () => page.getByRole('button', { name: 'Delete this token' }).click());
  assert.equal(await token('changed by hand'), null);
  await assertSound(page);
});

test('a token shows its calls as they come, without reloading', async (t) => {
  const { token: secret } = await createToken('watched live');
  const page = await openSignedIn(t);
  await openToken(page, 'watched live');
  const calls = page.getByRole('region', { name: 'Latest calls' }).last();
  await page.getByText('No calls yet.').waitFor();
  assert.equal((await chat(secret)).status, 200);
  await calls.locator('tbody tr').first().waitFor();
  assert.ok((await calls.locator('tbody tr').first().textContent()).includes('demo/'));
  await assertSound(page, { moved: true });
});

test('what is ahead is told by a number, in a unit of which there are two', async (t) => {
  const hours = 3600;
  const aheads = [
    ['expires in hours', 47 * hours + 60, 'in 47 hours'],
    ['expires in days', 39 * 24 * hours + 60, 'in 39 days'],
    ['expires in months', 456 * 24 * hours, 'in 15 months'],
    ['expires in years', 1096 * 24 * hours, 'in 3 years'],
  ];
  for (const [name, seconds] of aheads) {
    await createToken(name, { expire_time: new Date(Date.now() + seconds * 1000).toISOString() });
  }
  const page = await openSignedIn(t);
  for (const [name, , expected] of aheads) {
    await visit(page, `/tokens?q=${encodeURIComponent(name)}`);
    assert.equal(await page.locator('tbody time').first().textContent(), expected);
  }
});
