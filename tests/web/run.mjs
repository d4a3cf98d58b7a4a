// Browser tests of the pages in a real Chromium.
//   BASE_URL, TOKEN   the server to test (default: the stand-in of mock/)
//   SCREENSHOT_DIR    where pictures go (default: shots)
//   CHROMIUM          the browser (default: /usr/bin/chromium)
// The last line is "N passed, M failed"; the exit code is 1 when anything failed.
import assert from 'node:assert/strict';
import { mkdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { decode, difference, measure } from './pixels.mjs';

const mock = process.env.BASE_URL ? null : await (await import('./mock/server.mjs')).startMock();
const BASE = (process.env.BASE_URL ?? mock.url).replace(/\/$/, '');
const TOKEN = process.env.TOKEN ?? mock?.token ?? '';
const SHOTS = process.env.SCREENSHOT_DIR ?? 'shots';
/** Evaluated, not added to the page: the page's own policy refuses inline scripts. */
const AXE = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const PAGES = ['/', '/map', '/analysis', '/kpis', '/plan', '/patrol', '/reports', '/anpr', '/data', '/quality', '/audit'];

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update',
    '--disable-sync', '--use-angle=swiftshader', '--enable-unsafe-swiftshader'],
});

const hosts = new Set();
const complaints = [];
let passed = 0;
let failed = 0;

/** @param {string} name @param {() => Promise<void>} body */
async function test(name, body) {
  const began = Date.now();
  try {
    await body();
    passed += 1;
    console.log(`ok    ${name} (${Date.now() - began} ms)`);
  } catch (failure) {
    failed += 1;
    console.log(`FAIL  ${name}: ${failure.message}`);
  }
}

/** A context whose requests and console are kept for the last tests. */
async function open({ width = 1280, height = 900, expectErrors = false, ...options } = {}) {
  const context = await browser.newContext({ viewport: { width, height }, reducedMotion: 'reduce', ...options });
  context.setDefaultTimeout(20_000);
  context.on('request', (request) => {
    const url = new URL(request.url());
    if (url.protocol !== 'data:' && url.protocol !== 'blob:') hosts.add(url.host);
  });
  if (!expectErrors) {
    context.on('console', (message) => {
      if (['error', 'warning'].includes(message.type()) && !/GPU stall|GL Driver/.test(message.text())) complaints.push(message.text());
    });
    context.on('weberror', (error) => complaints.push(String(error.error())));
  }
  return context;
}

const signedInState = { cookies: [], origins: [] };
const signedIn = (options) => open({ storageState: signedInState, ...options });

/** Waits until list and map have both settled. */
async function settled(page) {
  await page.waitForFunction(() => document.getElementById('map')?.dataset.state === 'idle'
    && !document.querySelector('.map-and-list').hasAttribute('aria-busy'));
  await page.waitForTimeout(250);
  await page.waitForFunction(() => document.getElementById('map').dataset.state === 'idle');
}
const picture = async (page) => decode(await page.locator('#map canvas').screenshot());
const shot = (page, name, fullPage = false) => page.screenshot({ path: join(SHOTS, `${name}.png`), fullPage });
const tableText = (page) => page.locator('#cells tbody').innerText();

async function openMap(page, query = '') {
  await page.goto(`${BASE}/map${query}`);
  await settled(page);
}

async function axe(page) {
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, {
    runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
  }));
  return violations.map((each) => `${each.id}: ${each.nodes.slice(0, 3).map((node) => node.target.join(' ')).join(' | ')}`);
}

await mkdir(SHOTS, { recursive: true });

await test('unsigned requests get the sign-in page, and 401 from the API', async () => {
  const context = await open({ expectErrors: true });
  const page = await context.newPage();
  await page.goto(`${BASE}/kpis`);
  await page.locator('#sign-in').waitFor();
  const reply = await context.request.get(`${BASE}/api/v1/hotspots?dataset=crimes`);
  assert.equal(reply.status(), 401);
  assert.match(reply.headers()['content-type'], /problem\+json/);
  assert.equal((await context.request.get(`${BASE}/tiles/hotspots/11/1011/701.mvt`)).status(), 401);
  await context.close();
});

await test('a wrong token is refused in words', async () => {
  const context = await open({ expectErrors: true });
  const page = await context.newPage();
  await page.goto(`${BASE}/`);
  await page.locator('#token').fill('wrong');
  await page.keyboard.press('Enter');
  await page.getByText('not valid').waitFor();
  await shot(page, 'sign-in-1280');
  assert.deepEqual(await axe(page), []);
  await context.close();
});

await test('the printed address signs in and leaves no token behind', async () => {
  const context = await open({ expectErrors: true });
  const page = await context.newPage();
  await page.goto(`${BASE}/#token=${encodeURIComponent(TOKEN)}`);
  await page.locator('#sign-out').waitFor();
  assert.equal(page.url(), `${BASE}/`);
  Object.assign(signedInState, await context.storageState());
  const [cookie] = signedInState.cookies;
  assert.ok(cookie.httpOnly && cookie.sameSite === 'Strict');
  await shot(page, 'start-1280');
  await context.close();
});

await test('the map draws: land, hot cells, labels', async () => {
  const context = await signedIn();
  const page = await context.newPage();
  await openMap(page);
  const { variance, colours } = measure(await picture(page));
  assert.ok(variance > 100, `variance ${variance}`);
  assert.ok(colours >= 6, `${colours} colours`);
  assert.match(await page.locator('#finding').innerText(), /cells/);
  assert.ok(await page.locator('#cells tbody tr').count() > 0);
  await shot(page, 'map-1280');
  await context.close();
});

await test('night changes the picture, the list and the address, and a reload keeps it', async () => {
  const context = await signedIn();
  const page = await context.newPage();
  await openMap(page);
  const before = await picture(page);
  const words = await tableText(page);
  await page.locator('input[name="daypart"][value="night"]').check();
  await page.waitForFunction((old) => document.querySelector('#cells tbody')?.innerText !== old, words);
  await settled(page);
  const after = await picture(page);
  assert.ok(difference(before, after) > 0.002, `only ${difference(before, after)} of the picture changed`);
  assert.notEqual(await tableText(page), words);
  assert.match(page.url(), /daypart=night/);
  await shot(page, 'map-night-1280');
  await page.reload();
  await settled(page);
  assert.ok(await page.locator('input[name="daypart"][value="night"]').isChecked());
  assert.ok(difference(after, await picture(page)) < 0.002, 'a reload draws another picture');
  await context.close();
});

await test('group, dataset, counts and cameras change the picture', async () => {
  const context = await signedIn();
  const page = await context.newPage();
  await openMap(page);
  let last = await picture(page);
  const changes = {
    group: () => page.locator('select[name="group"]').selectOption({ index: 1 }),
    dataset: () => page.locator('select[name="dataset"]').selectOption('incidents'),
    counts: () => page.locator('input[name="show"][value="counts"]').check(),
    cameras: () => page.locator('input[name="cameras"]').check(),
  };
  for (const [name, change] of Object.entries(changes)) {
    await change();
    await page.waitForTimeout(150);
    await settled(page);
    const next = await picture(page);
    assert.ok(difference(last, next) > 0.0003, `${name} changed nothing`);
    last = next;
  }
  assert.match(await page.locator('#legend').innerText(), /20 or more/);
  await shot(page, 'map-counts-1280');
  await context.close();
});

await test('histories have a legend of 17 classes, each with a word and a letter, and a list', async () => {
  const context = await signedIn();
  const page = await context.newPage();
  await openMap(page);
  const before = await picture(page);
  assert.match(await page.locator('#legend').innerText(), /Forecast accuracy/);
  assert.ok(await page.locator('#step-choice').isHidden());
  await page.locator('input[name="show"][value="emerging"]').check();
  await page.waitForFunction(() => /No pattern/.test(document.getElementById('legend').innerText));
  await settled(page);
  assert.ok(difference(before, await picture(page)) > 0.001, 'the map did not change');
  const items = page.locator('#legend li');
  assert.equal(await items.count(), 17);
  assert.deepEqual((await page.locator('#legend .letter').allTextContents()).join(''), 'NCIPDSOHNCIPDSOH');
  assert.match(await page.locator('#finding').innerText(), /hot/);
  assert.match(await page.locator('#cells thead').innerText(), /History/);
  assert.match(page.url(), /step=28d&show=emerging/);
  assert.ok(await page.locator('#step-choice').isVisible());
  await page.locator('#cells tbody .row-button').first().click();
  assert.match(await page.locator('#chosen').innerText(), /of 13 steps/);
  await page.waitForTimeout(200);
  await settled(page);
  await shot(page, 'map-emerging-1280');
  assert.deepEqual(await axe(page), []);
  await page.reload();
  await settled(page);
  assert.ok(await page.locator('input[name="show"][value="emerging"]').isChecked());
  await context.close();
});

await test('an impossible period is refused in words', async () => {
  const context = await signedIn();
  const page = await context.newPage();
  await openMap(page);
  await page.locator('input[name="from"]').fill('2030-01-01');
  await page.locator('#problem').getByText('before').waitFor();
  await context.close();
});

await test('a refusal of the server is shown in its own words', async () => {
  const context = await signedIn({ expectErrors: true });
  const page = await context.newPage();
  const detail = 'The study area has no cells at this resolution.';
  await page.route('**/api/v1/hotspots?*', (route) => route.fulfill({
    status: 422, contentType: 'application/problem+json', body: JSON.stringify({ title: 'Refused', status: 422, detail }),
  }));
  await openMap(page);
  assert.equal(await page.locator('#problem').innerText(), detail);
  assert.equal(await page.locator('#cells tr').count(), 0);
  await context.close();
});

await test('a map that cannot be judged says so, and why', async () => {
  const context = await signedIn();
  const page = await context.newPage();
  const reason = 'all counts are equal';
  await page.route('**/api/v1/hotspots?*', async (route) => {
    const answer = await (await route.fetch()).json();
    answer.provenance.undefined_reason = reason;
    for (const row of answer.rows) Object.assign(row, { z: null, p: null, q: null, bin: 'none' });
    await route.fulfill({ json: answer });
  });
  await openMap(page, '?show=hotspots');
  assert.match(await page.locator('#finding').innerText(), new RegExp(`cannot be said: ${reason}`));
  assert.match(await page.locator('#table-note').innerText(), /\[x\] not available/);
  assert.match(await page.locator('#cells tbody tr').first().innerText(), /\[x\]/);
  await context.close();
});

await test('without WebGL the list is still complete', async () => {
  const context = await signedIn({ expectErrors: true });
  await context.addInitScript(() => {
    const getContext = HTMLCanvasElement.prototype.getContext;
    HTMLCanvasElement.prototype.getContext = function refuse(kind, ...rest) {
      return kind.startsWith('webgl') ? null : getContext.call(this, kind, ...rest);
    };
  });
  const page = await context.newPage();
  await page.goto(`${BASE}/map`);
  await page.locator('#cells tbody tr').first().waitFor();
  assert.match(await page.locator('#map').innerText(), /WebGL/);
  await page.locator('input[name="daypart"][value="night"]').check();
  await page.locator('#cells tbody .row-button').first().click();
  assert.match(await page.locator('#chosen').innerText(), /Cell 8/);
  await context.close();
});

await test('a row chosen with the keyboard is marked, read out and outlined', async () => {
  const context = await signedIn();
  const page = await context.newPage();
  await openMap(page);
  await page.locator('#cells thead button').last().focus();
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement.className), 'row-button');
  const before = await picture(page);
  await page.keyboard.press('Enter');
  await page.waitForTimeout(200);
  await settled(page);
  assert.equal(await page.locator('.row-button[aria-pressed="true"]').count(), 1);
  assert.match(await page.locator('#chosen').innerText(), /Cell 8/);
  assert.ok(difference(before, await picture(page)) > 0.001, 'nothing is outlined');
  await shot(page, 'map-chosen-1280');

  // The chosen cell is now in the middle: choosing elsewhere and then the middle marks its row again.
  const canvas = page.locator('#map canvas');
  const box = await canvas.boundingBox();
  await canvas.click({ position: { x: 40, y: 40 } });
  await page.waitForFunction(() => !document.querySelector('#cells tbody tr .row-button').matches('[aria-pressed="true"]'));
  await canvas.click({ position: { x: box.width / 2, y: box.height / 2 } });
  await page.waitForFunction(() => document.querySelector('#cells tbody tr .row-button').matches('[aria-pressed="true"]'));
  await canvas.click({ position: { x: 40, y: 40 } });
  await canvas.focus();
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => document.querySelector('#cells tbody tr .row-button').matches('[aria-pressed="true"]'));
  await context.close();
});

await test('the move buttons are large and move the map', async () => {
  const context = await signedIn();
  const page = await context.newPage();
  await openMap(page);
  for (const button of await page.locator('[data-move]').all()) {
    const { width, height } = await button.boundingBox();
    assert.ok(width >= 48 && height >= 48, `${width} x ${height}`);
  }
  const home = await picture(page);
  for (const move of ['in', 'right', 'down']) {
    const before = await picture(page);
    await page.locator(`[data-move="${move}"]`).click();
    await page.waitForTimeout(400);
    await settled(page);
    assert.ok(difference(before, await picture(page)) > 0.005, `${move} moved nothing`);
  }
  await page.locator('[data-move="home"]').click();
  await page.waitForTimeout(400);
  await settled(page);
  assert.ok(difference(home, await picture(page)) < 0.02, 'home is not where it was');
  await context.close();
});

await test('an area far too wide to see its cells opens where the hot ones are, and a reload keeps that', async () => {
  const context = await signedIn();
  const page = await context.newPage();
  await page.route('**/api/v1/about', async (route) => {
    const about = await (await route.fetch()).json();
    const [west, south, east, north] = about.bounds;
    await route.fulfill({ json: { ...about, bounds: [west - 2, south - 1, east + 2, north + 1] } });
  });
  await openMap(page);
  const scale = () => page.locator('.maplibregl-ctrl-scale').innerText();
  const framed = await picture(page);
  const near = await scale();
  await page.reload();
  await settled(page);
  assert.ok(difference(framed, await picture(page)) < 0.002, 'a reload draws another picture');
  await page.locator('[data-move="home"]').click();
  await page.waitForTimeout(400);
  await settled(page);
  assert.notEqual(await scale(), near, 'the whole area is not wider than what was shown first');
  await context.close();
});

await test('tables sort and say how', async () => {
  const context = await signedIn();
  const page = await context.newPage();
  await page.goto(`${BASE}/kpis`);
  const table = page.locator('table.sortable').first();
  await table.locator('thead button').first().click();
  assert.equal(await table.locator('th[aria-sort="ascending"]').count(), 1);
  assert.match(await table.locator('caption').innerText(), /Sorted by .+, A to Z/);
  const names = await table.locator('tbody th').allInnerTexts();
  assert.deepEqual(names, [...names].sort((a, b) => a.localeCompare(b, 'en-GB', { numeric: true })));
  const dates = page.locator('table.overview th').filter({ hasText: 'Period' });
  await dates.getByRole('button').click();
  assert.match(await table.locator('caption').innerText(), /Sorted by Period, latest first/);
  // A year and a quarter have their place among months: by the year in which they end.
  const at = await dates.evaluate((header) => header.cellIndex);
  const years = await table.locator('tbody tr').evaluateAll((rows, cell) => rows.map((row) => row.cells[cell].textContent.trim().slice(-4)), at);
  assert.deepEqual(years, [...years].sort().reverse());
  await context.close();
});

await test('who may sign an edition is asked how in a dialog, and what was chosen is sent', async () => {
  const context = await signedIn({ width: 390, height: 844, expectErrors: true });
  const page = await context.newPage();
  await page.goto(`${BASE}/reports`);
  await page.locator('#build button').waitFor();
  const buttons = page.locator('button.step');
  // The demo's own reader may build, not sign: there the page has no such button.
  if (await buttons.count() > 0) {
    const sent = [];
    await page.route('**/api/v1/editions/*/steps', (route) => {
      sent.push([new URL(route.request().url()).pathname, route.request().postDataJSON()]);
      return route.fulfill({ status: 409, contentType: 'application/problem+json', body: JSON.stringify({ detail: 'It is signed already.' }) });
    });
    await buttons.first().click();
    const dialog = page.locator('#sign');
    assert.ok(await dialog.isVisible());
    const edition = await page.locator('#sign-name').innerText();
    assert.deepEqual(await axe(page), []);
    await shot(page, 'reports-sign-390');
    await page.keyboard.press('Escape');
    assert.ok(await dialog.isHidden());
    assert.deepEqual(sent, []);
    await buttons.first().click();
    await dialog.locator('select[name="step"]').selectOption('final');
    await dialog.locator('input[name="note"]').fill('agreed');
    await dialog.locator('button[value="sign"]').click();
    await page.getByText('It is signed already.').waitFor();
    assert.deepEqual(sent, [[`/api/v1/editions/${edition}/steps`, { step: 'final', note: 'agreed' }]]);
  }
  await context.close();
});

for (const [width, height, colorScheme] of [[320, 640, 'light'], [390, 844, 'dark'], [1280, 900, 'light'], [1280, 900, 'dark']]) {
  await test(`every page at ${width} px, ${colorScheme}: no sideways scroll, axe finds nothing`, async () => {
    const context = await signedIn({ width, height, colorScheme });
    const page = await context.newPage();
    const found = [];
    for (const path of PAGES) {
      await page.goto(BASE + path);
      if (path === '/map') {
        await settled(page);
        await page.locator('#filter-box').evaluate((details) => { details.open = true; });
        if (colorScheme === 'dark') assert.ok(measure(await picture(page)).mean < 90, 'the dark map is not dark');
      }
      const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      if (over > 0) found.push(`${path} is ${over} px too wide`);
      found.push(...(await axe(page)).map((violation) => `${path} ${violation}`));
      if (path === '/map' && width < 1000) await shot(page, `map-filters-${width}`);
      if (path === '/map' && width < 1000) await page.locator('#filter-box').evaluate((details) => { details.open = false; });
      await shot(page, `${path.slice(1) || 'start'}-${width}-${colorScheme}`, path !== '/kpis');
    }
    assert.deepEqual(found, []);
    await context.close();
  });
}

await test('in print the map, the legend and the whole list are on paper', async () => {
  const context = await signedIn();
  const page = await context.newPage();
  await openMap(page);
  await page.emulateMedia({ media: 'print' });
  assert.ok(await page.locator('#map').isVisible() && await page.locator('#legend').isVisible());
  assert.ok(await page.locator('#filter-box').isHidden() && await page.locator('.map-tools').isHidden());
  const box = await page.locator('#cells').evaluate((cells) => cells.parentElement.scrollHeight - cells.parentElement.clientHeight);
  assert.ok(box <= 1, `${box} px of the list are cut off`);
  await page.pdf({ path: join(SHOTS, 'map-print.pdf'), preferCSSPageSize: true });
  await page.goto(`${BASE}/kpis`);
  await page.pdf({ path: join(SHOTS, 'kpis-print.pdf'), preferCSSPageSize: true });
  await context.close();
});

await test('without JavaScript the pages read well and the map page says where to go', async () => {
  const context = await signedIn({ javaScriptEnabled: false });
  const page = await context.newPage();
  await page.goto(`${BASE}/kpis`);
  assert.ok(await page.locator('tbody tr').count() > 0);
  await page.goto(`${BASE}/map`);
  assert.match(await page.locator('noscript').innerText(), /Patrol/);
  await context.close();
});

await test('signing out ends the session', async () => {
  const context = await signedIn({ expectErrors: true });
  const page = await context.newPage();
  await page.goto(`${BASE}/`);
  await page.locator('#sign-out').click();
  await page.locator('#sign-in').waitFor();
  assert.equal((await context.request.get(`${BASE}/api/v1/about`)).status(), 401);
  await context.close();
});

await test('nothing was asked of any other host', async () => assert.deepEqual([...hosts], [new URL(BASE).host]));
await test('the console stayed silent', async () => assert.deepEqual([...new Set(complaints)], []));

await browser.close();
mock?.close();
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
