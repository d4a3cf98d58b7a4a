// A stand-in for the server with the same contract, for work on the pages alone.
// Usage: node mock/server.mjs [PORT]; the address to open is printed.
import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import minijinja from 'minijinja-js';
import { about, pages, titles } from './pages.mjs';
import { filterOf, historiesOf, hotspotsOf, RESOLUTION } from './island.mjs';
import { tile } from './tiles.mjs';

const TOKEN = 'mock-token';
const web = fileURLToPath(new URL('../../../web/', import.meta.url));
const CSP = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
  + "worker-src 'self' blob:; font-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'";
const TYPES = { js: 'text/javascript', mjs: 'text/javascript', css: 'text/css', svg: 'image/svg+xml', txt: 'text/plain; charset=utf-8' };

function templates() {
  const environment = new minijinja.Environment();
  for (const file of readdirSync(join(web, 'templates'))) {
    environment.addTemplate(file, readFileSync(join(web, 'templates', file), 'utf8'));
  }
  return environment;
}

const shared = {
  name: about.name, version: about.version, store_version: about.store_version, data_to_text: '31 Dec 2017',
  study_area: about.study_area, synthetic: true,
};

function page(name, user) {
  const context = { page: { title: titles[name] ?? 'Sign in', current: name }, user, about: shared, ...(pages[name]?.() ?? {}) };
  return templates().renderTemplate(`${name}.html`, context);
}

function problem(status, title, detail) {
  return { status, type: 'application/problem+json', body: JSON.stringify({ type: 'about:blank', title, status, detail }) };
}
const html = (body, status = 200) => ({ status, type: 'text/html; charset=utf-8', body });
const json = (body) => ({ status: 200, type: 'application/json', body: JSON.stringify(body) });

const SCORE = 'caught 38.2 % of records in 2 % of the area over 52 windows of 7 days, 2017-01-02 to 2018-01-01';

function emerging(query) {
  const filter = filterOf(query);
  const rows = historiesOf(filter);
  const provenance = {
    question: 'emerging', dataset: filter.dataset, group: filter.group || null, from: filter.from, to: filter.to, daypart: filter.daypart || null,
    method: 'emerging hot spots: Gi* in space and time, trailing steps only', resolution: RESOLUTION, study_area: about.study_area,
    cells: rows.length, rows: rows.reduce((sum, row) => sum + row.count, 0), excluded: {},
    parameters: { definition_version: 'esri-3', step: query.get('step') ?? '28d', steps: '13 from 2017-01-02', alpha: '0.05' },
    data_cut_off: about.data_to, store_version: about.store_version, generated_by: 'vigie 0.1.0',
  };
  return json({ provenance, rows });
}

function hotspots(query) {
  const filter = filterOf(query);
  if (!(filter.from < filter.to)) return problem(422, 'Bad period', `from (${filter.from}) must be before to (${filter.to}).`);
  const rows = hotspotsOf(query);
  const method = query.get('method') ?? 'next';
  const provenance = {
    question: 'hotspots', dataset: filter.dataset, group: filter.group || null, from: filter.from, to: filter.to, daypart: filter.daypart || null,
    method, resolution: RESOLUTION, study_area: about.study_area, cells: rows.length, rows: rows.reduce((sum, row) => sum + row.count, 0),
    excluded: { no_location: 116 },
    parameters: { forecast_accuracy: SCORE, ...(method === 'next' ? { picked: 'kde: bandwidth 300 m', next_from: filter.to } : {}) }, data_cut_off: about.data_to, store_version: about.store_version, generated_by: 'vigie 0.1.0',
  };
  return json({ provenance, rows: rows.map(({ i, b, ...row }) => row) });
}

function answer(request, url, body, dist) {
  const { pathname, searchParams } = url;
  const signedIn = /vigie_session=mock/.test(request.headers.cookie ?? '') || request.headers.authorization === `Bearer ${TOKEN}`;
  if (pathname.startsWith('/assets/')) {
    const file = pathname.slice('/assets/'.length);
    if (!readdirSync(dist).includes(file)) return problem(404, 'Not found', `No asset ${file}.`);
    return { status: 200, type: TYPES[file.split('.').pop()] ?? 'application/octet-stream', body: readFileSync(join(dist, file)) };
  }
  if (pathname === '/api/v1/session' && request.method === 'POST') {
    if (JSON.parse(body).token !== TOKEN) return problem(401, 'Not signed in', 'The token is not valid.');
    return { status: 204, headers: { 'set-cookie': 'vigie_session=mock; HttpOnly; SameSite=Strict; Path=/' } };
  }
  if (pathname === '/api/v1/session' && request.method === 'DELETE') {
    return { status: 204, headers: { 'set-cookie': 'vigie_session=; Max-Age=0; Path=/', 'clear-site-data': '"cache", "cookies", "storage"' } };
  }
  const name = pathname === '/' ? 'start' : pathname.slice(1);
  if (!signedIn) return pages[name] ? html(page('sign-in', null), 401) : problem(401, 'Not signed in', 'Sign in first.');
  if (pages[name]) return html(page(name, { role: 'analyst', name: 'A. Analyst' }));
  if (pathname === '/api/v1/about') return json(about);
  if (pathname === '/api/v1/hotspots') return hotspots(searchParams);
  if (pathname === '/api/v1/emerging') return emerging(searchParams);
  if (pathname === '/tiles/base.json') return json({ tilejson: '3.0.0', attribution: 'Coast: GSHHG (LGPL). Parishes: approximate, ODbL; not a legal boundary.' });
  const wanted = /^\/tiles\/(\w+)\/(\d+)\/(\d+)\/(\d+)\.mvt$/.exec(pathname);
  if (wanted) {
    const bytes = tile(wanted[1], Number(wanted[2]), Number(wanted[3]), Number(wanted[4]), searchParams);
    if (bytes === undefined) return problem(404, 'Not found', 'No such layer.');
    return bytes === null ? { status: 204 } : { status: 200, type: 'application/vnd.mapbox-vector-tile', body: Buffer.from(bytes) };
  }
  return problem(404, 'Not found', `Nothing at ${pathname}.`);
}

/** Starts the stand-in. @returns {Promise<{url: string, token: string, close: () => void}>} */
export async function startMock(port = 0) {
  const dist = join(tmpdir(), `vigie-web-mock-${process.pid}`);
  execFileSync('node', ['build.mjs', dist], { cwd: web });
  const server = createServer((request, response) => {
    const chunks = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => {
      let reply;
      try {
        reply = answer(request, new URL(request.url, 'http://localhost'), Buffer.concat(chunks).toString(), dist);
      } catch (failure) {
        console.error(failure);
        reply = problem(500, 'Failed', String(failure));
      }
      response.writeHead(reply.status, {
        'content-security-policy': CSP, 'x-content-type-options': 'nosniff', 'cache-control': 'no-store',
        ...(reply.type ? { 'content-type': reply.type } : {}), ...reply.headers,
      });
      response.end(reply.body);
    });
  });
  await new Promise((done) => { server.listen(port, '127.0.0.1', done); });
  return { url: `http://127.0.0.1:${server.address().port}`, token: TOKEN, close: () => server.close() };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { url, token } = await startMock(Number(process.argv[2] ?? 0));
  console.log(`${url}/#token=${token}`);
}
