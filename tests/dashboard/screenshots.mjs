// Pictures for the documents, of an instance that a company has used for two
// months. `cargo xtask screenshots` takes them; look at each before it is kept.

import { spawn } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { chromium } from 'playwright-core';

const FOLDER = new URL('../../docs/screenshots/', import.meta.url).pathname;
const DESK = { viewport: { width: 1280, height: 860 } };
const PHONE = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true };
const EXECUTABLE = process.env.CHROMIUM ?? '/usr/bin/chromium';

/** What is shown, and how. */
const PICTURES = [
  { name: 'overview', path: '/' },
  { name: 'overview-models', path: '/?by=model&window=90d', schemes: ['light'] },
  { name: 'tokens', path: '/tokens' },
  { name: 'token', path: 'support-bot production' },
  { name: 'new-token', path: '/tokens/new', schemes: ['light'] },
  { name: 'costs', path: '/costs?by=model&period=30d' },
  { name: 'models', path: '/models?q=claude' },
  { name: 'providers', path: '/providers' },
  { name: 'alerts', path: '/alerts' },
  { name: 'audit', path: '/audit' },
  { name: 'phone', path: '/', screen: PHONE },
  { name: 'phone-audit', path: '/audit', screen: PHONE, schemes: ['light'] },
  { name: 'sign-in', path: '/sign-in', schemes: ['light'] },
];

const node = spawn(process.env.FILLED, { stdio: ['pipe', 'pipe', 'inherit'] });
const [line] = await new Promise((told, failed) => {
  createInterface({ input: node.stdout }).once('line', (line) => told([line]));
  node.once('exit', (code) => failed(new Error(`the node left with ${code}`)));
});
const { url, key, now } = JSON.parse(line);
await Promise.all([
  { name: 'A token is running dry', kind: 'balance_share_below', threshold: 10, token: '*', webhook: { url: 'https://hooks.example.com/T0/B1', format: 'slack' } },
  { name: 'Spending fast', kind: 'spend_rate_above', threshold: 25, window: 3600 },
  { name: 'CI expires', kind: 'expiring_within', threshold: 604800, token: 'ci-pipeline', webhook: { url: 'https://ops.example.com/alerts', format: 'json', secret: 'a-secret-to-sign-with-1234567890' } },
  { name: 'Answers fail', kind: 'error_rate_above', threshold: 5, window: 600 },
].map(async (rule) => {
  const headers = { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json' };
  const made = await fetch(`${url}/v2/alerts/`, { method: 'POST', headers, body: JSON.stringify(rule) });
  if (!made.ok) throw new Error(await made.text());
}));
const browser = await chromium.launch({ executablePath: EXECUTABLE, args: ['--no-sandbox', '--force-color-profile=srgb'] });
try {
  await mkdir(FOLDER, { recursive: true });
  const wanted = process.argv.slice(2);
  const signedIn = await signIn();
  for (const picture of PICTURES) {
    if (wanted.length > 0 && !wanted.includes(picture.name)) continue;
    for (const colorScheme of picture.schemes ?? ['light', 'dark']) await take(picture, colorScheme, signedIn);
  }
} finally {
  await browser.close();
  node.removeAllListeners('exit');
  node.stdin.end();
}

/** Once: the audit log is a picture too. */
async function signIn() {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(`${url}/sign-in`);
  await page.getByLabel(/key/i).fill(key);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.waitForURL(`${url}/`);
  const state = await context.storageState();
  await context.close();
  return state;
}

async function take({ name, path, screen = DESK }, colorScheme, storageState) {
  const context = await browser.newContext({ ...screen, colorScheme, storageState, timezoneId: 'UTC' });
  const page = await context.newPage();
  await page.clock.setFixedTime(new Date(now));
  await (path.startsWith('/') ? page.goto(url + path) : open(page, path));
  await page.evaluate(() => document.fonts.ready);
  const file = `${FOLDER}${name}-${colorScheme}.png`;
  await page.screenshot({ path: file, animations: 'disabled' });
  console.log(file);
  await context.close();
}

async function open(page, token) {
  await page.goto(`${url}/tokens?q=${encodeURIComponent(token)}`);
  await page.getByRole('link', { name: token, exact: true }).click();
  await page.waitForURL(/tok_/);
}
