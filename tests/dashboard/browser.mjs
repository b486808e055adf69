// Chromium, and what is to hold on every page it opens: no violated policy, no
// failing script, nothing stored, nothing that moves.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { after, before } from 'node:test';
import { chromium } from 'playwright-core';
import { ACCOUNT_KEY, URL } from './keypurse.mjs';

const EXECUTABLE = process.env.CHROMIUM ?? '/usr/bin/chromium';
const LIMIT_MS = 10_000;
const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
let browser;

/** Starts a browser for the tests of a file, and stops it after them. */
export function useBrowser() {
  before(async () => {
    browser = await chromium.launch({ executablePath: EXECUTABLE, args: ['--no-sandbox'] });
  });
  after(() => browser.close());
}

/** A page of a browser that nobody has used yet; closed when the test ends. */
export async function open(test, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  test.after(() => context.close());
  context.setDefaultTimeout(LIMIT_MS);
  await context.addInitScript(watch);
  const page = await context.newPage();
  page.faults = [];
  page.on('pageerror', (error) => page.faults.push(`script: ${error.message}`));
  page.on('console', (message) => {
    const text = message.text();
    // That an answer is 401 or 404 is for the test to judge.
    if (message.type() === 'error' && !text.startsWith('Failed to load resource')) page.faults.push(text);
  });
  return page;
}

/** Runs in the page, before its own scripts. */
function watch() {
  globalThis.watched = { violations: [], moved: [] };
  document.addEventListener('securitypolicyviolation', (event) => {
    globalThis.watched.violations.push(`${event.violatedDirective}: ${event.blockedURI} ${event.sample}`);
  });
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      if (entry.hadRecentInput) continue;
      for (const { node, previousRect, currentRect } of entry.sources) {
        const place = ({ x, y, width, height }) => [x, y, width, height].map(Math.round).join(' ');
        const what = (node?.outerHTML ?? node?.parentElement?.outerHTML ?? '').slice(0, 120);
        globalThis.watched.moved.push(`${place(previousRect)} → ${place(currentRect)}: ${what}`);
      }
    }
  }).observe({ type: 'layout-shift', buffered: true });
}

/** What holds on every page, whatever it shows. What somebody asked for may move it. */
export async function assertSound(page, { moved = false } = {}) {
  assert.deepEqual(page.faults, [], `scripts of ${page.url()}`);
  const found = await page.evaluate(() => ({
    ...globalThis.watched,
    stored: localStorage.length + sessionStorage.length,
  }));
  assert.deepEqual(found.violations, [], `policy of ${page.url()}`);
  assert.equal(found.stored, 0, 'nothing is stored in the browser');
  if (!moved) assert.deepEqual(found.moved, [], `layout of ${page.url()}`);
}

/** Nothing on the page is in somebody's way who does not see or point. */
export async function assertAccessible(page) {
  // Through the debugger: our policy lets no page load this.
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
  const told = violations
    .filter(({ impact }) => ['serious', 'critical'].includes(impact))
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).slice(0, 3).join(' | ')}`);
  assert.deepEqual(told, [], page.url());
}

export async function signIn(page, key = ACCOUNT_KEY, path = '/') {
  await page.goto(`${URL}/sign-in?next=${encodeURIComponent(path)}`);
  await page.getByLabel(/key/i).fill(key);
  await Promise.all([
    page.waitForURL((url) => url.pathname !== '/sign-in'),
    page.getByRole('button', { name: 'Sign in' }).click(),
  ]);
}

/** A page of somebody who is signed in with the account key. */
export async function openSignedIn(test, options = {}) {
  const page = await open(test, options);
  await signIn(page);
  return page;
}

export async function visit(page, path) {
  const answer = await page.goto(URL + path, { waitUntil: 'load' });
  return answer.status();
}

/** The address and status of what a click or another step leads to. */
export async function leadsTo(page, step) {
  const [answer] = await Promise.all([page.waitForNavigation(), step()]);
  return answer?.status();
}

/** Every page there is, for what holds on all of them. */
export const PAGES = ['/', '/tokens', '/tokens/new', '/costs', '/models', '/providers', '/alerts', '/alerts/new', '/audit', '/sessions'];
