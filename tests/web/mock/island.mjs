// A made-up answer for every cell of the island: seeded, so that pictures compare from run to run.
import { readFileSync } from 'node:fs';
import { cellArea, cellToBoundary, cellToLatLng, cellToParent, gridDisk, polygonToCells } from 'h3-js';

const geo = new URL('../../../data-samples/geo/', import.meta.url);
const read = (file) => JSON.parse(readFileSync(new URL(file, geo), 'utf8'));
export const coast = read('coastline.geojson');
export const parishes = read('parishes.geojson');

export const RESOLUTION = 9;
const DAYS = { '': 1, day: 0.5, night: 0.38, nte: 0.12 };
const TOWN = { lat: 49.186, lon: -2.106 };
const ST_AUBIN = { lat: 49.188, lon: -2.17 };

/** Numbers 0 to 1 from a text, always the same (FNV-1a, then mixed). */
function noise(text) {
  let hash = 2166136261;
  for (const letter of text) hash = Math.imul(hash ^ letter.charCodeAt(0), 16777619);
  hash = Math.imul(hash ^ (hash >>> 15), 2246822507);
  return ((hash ^ (hash >>> 13)) >>> 0) / 4294967296;
}

const rings = (geometry) => (geometry.type === 'Polygon' ? [geometry.coordinates] : geometry.coordinates);

function inside(lon, lat, ring) {
  let odd = false;
  for (let a = 0, b = ring.length - 1; a < ring.length; b = a, a += 1) {
    const [ax, ay] = ring[a];
    const [bx, by] = ring[b];
    if ((ay > lat) !== (by > lat) && lon < ((bx - ax) * (lat - ay)) / (by - ay) + ax) odd = !odd;
  }
  return odd;
}

function parishOf(lat, lon) {
  const found = parishes.features.find(({ geometry }) => rings(geometry).some(([outer]) => inside(lon, lat, outer)));
  return found?.properties.parish ?? '';
}

/** Every cell with its centre and parish, in the order of the cell ids: the order is the dense index. */
export const cells = [...new Set(parishes.features.flatMap(({ geometry }) => rings(geometry)
  .flatMap((polygon) => polygonToCells(polygon, RESOLUTION, true))))].sort().map((cell) => {
  const [lat, lon] = cellToLatLng(cell);
  return { cell, lat, lon, parish: parishOf(lat, lon), area: cellArea(cell, 'km2'), boundary: cellToBoundary(cell, true) };
});

/** Count of one cell under a filter: town and harbour stand out, the harbour more so at night. */
function countAt({ cell, lat, lon }, filter) {
  const near = (place, metres) => Math.exp(-(((lat - place.lat) * 111195) ** 2 + ((lon - place.lon) * 72600) ** 2) / (2 * metres ** 2));
  const night = filter.daypart === 'night' || filter.daypart === 'nte';
  const level = 1.4 + (night ? 70 : 46) * near(TOWN, night ? 500 : 800) + (night ? 26 : 5) * near(ST_AUBIN, 450);
  const share = (DAYS[filter.daypart] ?? 0.4) * (filter.group ? 0.25 : 1) * (filter.dataset === 'incidents' ? 2.2 : 1);
  const span = (Date.parse(filter.to) - Date.parse(filter.from)) / 31536e6;
  return Math.floor(level * share * span * 2 * noise(`${cell}${filter.daypart}${filter.group}${filter.dataset}`) ** 1.5);
}

const bins = [[3.3, 3, '99%'], [2.6, 2, '95%'], [2.1, 1, '90%']];

function binOf(z) {
  const found = bins.find(([least]) => Math.abs(z) >= least);
  if (!found) return { b: 0, bin: 'none' };
  return z > 0 ? { b: found[1], bin: `hot ${found[2]}` } : { b: -found[1], bin: `cold ${found[2]}` };
}

/** @param {URLSearchParams} query */
export const filterOf = (query) => ({
  dataset: query.get('dataset') ?? 'crimes', from: query.get('from') ?? '2017-01-01', to: query.get('to') ?? '2018-01-01',
  daypart: query.get('daypart') ?? '', group: query.get('group') ?? '',
});

const answers = new Map();

/** Rows of a filter: counts, and a plain local mean against the whole as z. */
export function rowsOf(filter) {
  const key = JSON.stringify(filter);
  if (answers.has(key)) return answers.get(key);
  const counts = new Map(cells.map((each) => [each.cell, countAt(each, filter)]));
  const values = [...counts.values()];
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
  const rows = cells.map(({ cell, lat, lon, parish, area }, i) => {
    const disk = gridDisk(cell, 1).filter((each) => counts.has(each));
    const sum = disk.reduce((total, each) => total + counts.get(each), 0);
    const n = values.length;
    const z = deviation === 0 ? null
      : (sum - mean * disk.length) / (deviation * Math.sqrt((n * disk.length - disk.length ** 2) / (n - 1)));
    const p = z === null ? null : Math.min(1, 2 * Math.exp(-0.717 * Math.abs(z) - 0.416 * z * z));
    const count = counts.get(cell);
    return { i, cell, parish, area_km2: area, count, rate_per_km2: count / area, z, p, q: p === null ? null : Math.min(1, p * 3), ...binOf(z ?? 0), lat, lon };
  });
  answers.set(key, rows);
  return rows;
}

/** Upper ends of the classes of where next, as shares of the area. */
const NEXT = [0.01, 0.02, 0.05];

const ordered = new Map();

/** Rows of a filter in the order of a made-up method: likeliest where most was counted; no z, as nothing is judged. */
export function nextOf(filter) {
  const key = JSON.stringify(filter);
  if (ordered.has(key)) return ordered.get(key);
  const rows = rowsOf(filter).map((row) => ({ ...row, z: null, p: null, q: null, bin: 'none' }));
  const whole = rows.reduce((sum, row) => sum + row.area_km2, 0);
  let used = 0;
  [...rows].sort((a, b) => b.count - a.count || (a.cell < b.cell ? -1 : 1)).forEach((row, at) => {
    used += row.area_km2;
    const share = used / whole;
    Object.assign(row, { rank: at + 1, area_share: share, b: NEXT.filter((limit) => share <= limit + 1e-9).length });
  });
  ordered.set(key, rows);
  return rows;
}

/** Rows of the method asked for; without one, where next. @param {URLSearchParams} query */
export const hotspotsOf = (query) => (query.get('method') ? rowsOf : nextOf)(filterOf(query));

const PATTERNS = ['new', 'consecutive', 'intensifying', 'persistent', 'diminishing', 'sporadic', 'oscillating', 'historical'];

/** A made-up history for every cell that stands out; of the others one in forty has a cold one. */
export function historiesOf(filter) {
  return rowsOf(filter).map(({ cell, parish, count, z, lat, lon }) => {
    const pick = PATTERNS[Math.floor(noise(`${cell}history`) * PATTERNS.length)];
    const side = (z ?? 0) > 2 ? 'hot' : noise(`${cell}cold`) < 0.025 ? 'cold' : '';
    const steps = side ? 1 + Math.floor(noise(`${cell}steps`) * 12) : 0;
    return {
      cell, parish, count, category: side ? `${pick} ${side}` : 'none', hot_steps: side === 'hot' ? steps : 0,
      cold_steps: side === 'cold' ? steps : 0, history: '.'.repeat(13), trend_z: z, trend_p: 0.2, sen_slope: 0.1,
      why: side ? `${side} in ${steps} of 13 steps` : 'never hot or cold', lat, lon,
    };
  });
}

/** Counts at another resolution, by parent; finer than the analysis it stays as it is. */
export function countsAt(filter, resolution) {
  const counts = new Map();
  for (const { cell, count } of rowsOf(filter)) {
    const at = resolution < RESOLUTION ? cellToParent(cell, resolution) : cell;
    counts.set(at, (counts.get(at) ?? 0) + count);
  }
  return [...counts].filter(([, count]) => count > 0).map(([cell, n]) => ({ n, boundary: cellToBoundary(cell, true) }));
}

/** Roads that are no real roads: straight lines between parish churches. */
export const places = parishes.features.map(({ properties, geometry }) => {
  const outer = rings(geometry).map(([ring]) => ring).sort((a, b) => b.length - a.length)[0];
  const mean = (axis) => outer.reduce((sum, point) => sum + point[axis], 0) / outer.length;
  return { name: properties.parish, code: properties.parish_code, at: [mean(0), mean(1)] };
});
export const roads = places.map(({ at }, index) => ({ class: index % 3 === 0 ? 'main' : 'secondary', line: [at, [TOWN.lon, TOWN.lat]] }));
export const cameras = places.slice(0, 6).map(({ name, at: [lon, lat] }, index) => (
  { camera_id: `C0${index + 1}`, name: `${name} road`, at: [lon + 0.004, lat + 0.003], live: index === 4 ? 0 : 1 }));
