// The map page: one view, drawn as map, legend and list.
import { Map as MapView, ScaleControl } from './maplibre-gl.mjs';
import { getJson, Problem } from './api.js';
import { drawLegend, drawTable, findingWords, markRow, noteWords, rowWords, seenView, termsWords, topRows } from './cells.js';
import { palette } from './classes.js';
import { addressOf, apiParams, apiPath, datasetChanged, fillForm, mappable, viewFromForm, viewOf, viewWords } from './filters.js';
import { mapStyle } from './map-style.js';

const by = (id) => document.getElementById(id);
const form = by('filters');
const table = by('cells');
const darkTheme = matchMedia('(prefers-color-scheme: dark)');
const calm = matchMedia('(prefers-reduced-motion: reduce)');

/** Pixels that a press of a move button moves the map. */
const STEP = 120;
/** Zoom at which a chosen cell is shown: the map's cells have the list's resolution there. */
const CELL_ZOOM = 12;
/** How far a cell of resolution 9 reaches from side to side; one of the next finer resolution reaches √7 times less far. */
const CELL_METRES = 350;
/** Pixels below which a cell is too small to be seen. */
const SEEN = 4;

/** @type {any} */ let about;
/** @type {import('./filters.js').View} */ let view;
/** @type {any} */ let answer = null;
/** @type {any} */ let chosenRow = null;
/** @type {MapView} */ let map;
let styleReady = false;
let framed = false;
let asking = new AbortController();

function problem(text) {
  by('problem').textContent = text;
  by('problem').hidden = !text;
}

async function start() {
  about = await getJson('/api/v1/about');
  if (mappable(about).length === 0) throw new Problem('No records with a position are loaded yet, so there is nothing to map.');
  const query = new URLSearchParams(location.search);
  view = viewOf(query, about);
  fillForm(form, about, view);
  by('step-choice').hidden = view.show !== 'emerging';
  if (matchMedia('(max-width: 60rem)').matches) by('filter-box').open = false;
  form.addEventListener('change', formChanged);
  form.addEventListener('submit', (event) => event.preventDefault());
  try {
    startMap();
  } catch (failure) {
    console.warn(failure);
    by('map').textContent = 'This browser cannot draw the map (it needs WebGL 2). The list is complete.';
  }
  await ask();
  const [lat, lon] = (query.get('at') ?? '').split(',').map(Number);
  if (Number.isFinite(lat) && Number.isFinite(lon)) chooseAt({ lat, lng: lon }, true);
}

function formChanged(event) {
  if (event.target.name === 'dataset') datasetChanged(form, about);
  if (!form.reportValidity()) return;
  const next = viewFromForm(form);
  if (next.from >= next.to) {
    problem('The first date must be before the last.');
    return;
  }
  const sameAnswer = apiPath(next) === apiPath(view) && String(apiParams(next)) === String(apiParams(view));
  view = next;
  by('step-choice').hidden = view.show !== 'emerging';
  history.replaceState(history.state, '', addressOf(view));
  drawMap();
  if (sameAnswer && answer) drawAnswer();
  else ask();
}

/** Asks for the list; a later question cancels an earlier one. */
async function ask() {
  asking.abort();
  asking = new AbortController();
  const { signal } = asking;
  by('filter-words').textContent = viewWords(view, about);
  document.querySelector('.map-and-list').setAttribute('aria-busy', 'true');
  try {
    answer = await getJson(apiPath(view), apiParams(view), signal);
    problem('');
    drawAnswer();
    frameOnce();
  } catch (failure) {
    if (signal.aborted) return;
    answer = null;
    chosenRow = null;
    by('finding').textContent = 'No answer.';
    by('terms').textContent = '';
    by('legend').replaceChildren();
    table.replaceChildren();
    problem(failure instanceof Problem ? failure.message : 'The list could not be drawn.');
  }
  document.querySelector('.map-and-list').removeAttribute('aria-busy');
}

function drawAnswer() {
  const seen = seenView(answer, view);
  by('filter-words').textContent = viewWords(view, about);
  by('finding').textContent = findingWords(answer, seen);
  by('terms').textContent = termsWords(answer, seen, viewWords(view, about));
  by('table-note').textContent = noteWords(answer, seen);
  drawLegend(by('legend'), answer, seen, palette(darkTheme.matches));
  drawTable(table, topRows(answer.rows, seen.show), seen.show, (row) => chooseRow(row, true));
  if (chosenRow) {
    chosenRow = answer.rows.find((row) => row.cell === chosenRow.cell) ?? null;
    showChosen();
  }
}

/** Opens an area so wide that its cells cannot be seen where its hot cells are: a hull of scattered records can be one. */
function frameOnce() {
  if (framed || !map || !answer) return;
  framed = true;
  const across = CELL_METRES * Math.sqrt(7) ** (9 - answer.provenance.resolution);
  const metresPerPixel = (40_075_017 * Math.cos((map.getCenter().lat * Math.PI) / 180)) / (512 * 2 ** map.getZoom());
  if (across / metresPerPixel >= SEEN) return;
  const hot = answer.rows.filter((row) => row.bin?.startsWith('hot') || row.category?.endsWith(' hot') || row.area_share <= 0.02);
  if (hot.length === 0) return;
  const span = (key) => [Math.min(...hot.map((row) => row[key])), Math.max(...hot.map((row) => row[key]))];
  const [[west, east], [south, north]] = [span('lon'), span('lat')];
  map.fitBounds([[west, south], [east, north]], { padding: 48, maxZoom: 13, animate: false });
}

/** What the map shows goes with the page's place in the history, so that a reload and a way back show it again. */
function keepCamera() {
  history.replaceState({ center: map.getCenter().toArray(), zoom: map.getZoom() }, '');
}

function startMap() {
  const [west, south, east, north] = about.bounds;
  const bounds = [[west, south], [east, north]];
  const kept = history.state?.zoom ? history.state : null;
  framed = kept !== null;
  map = new MapView({
    container: 'map', style: currentStyle(), ...(kept ?? { bounds, fitBoundsOptions: { padding: 16 } }),
    maxBounds: [[west - 0.5, south - 0.35], [east + 0.5, north + 0.35]], minZoom: 5, maxZoom: 16,
    dragRotate: false, pitchWithRotate: false, maxPitch: 0, attributionControl: false, fadeDuration: calm.matches ? 0 : 150,
    canvasContextAttributes: { preserveDrawingBuffer: true },
  });
  map.touchZoomRotate.disableRotation();
  map.keyboard.disableRotation();
  map.addControl(new ScaleControl({ unit: 'metric' }), 'bottom-left');
  map.getCanvas().setAttribute('aria-label', 'Map of the same cells as the list');
  map.getCanvas().setAttribute('aria-describedby', 'map-help');
  map.on('style.load', () => { styleReady = true; drawMap(); });
  map.on('error', (event) => mapFailed(event.error));
  map.on('click', (event) => chooseAt(event.lngLat, false));
  map.getCanvas().addEventListener('keydown', (event) => {
    if (event.key === 'Enter') chooseAt(map.getCenter(), false);
  });
  darkTheme.addEventListener('change', () => { drawMap(); if (answer) drawAnswer(); });
  by('map').dataset.state = 'started';
  map.on('idle', () => {
    keepCamera();
    by('map').dataset.state = 'idle';
  });
  map.on('dataloading', () => { by('map').dataset.state = 'loading'; });

  const moves = {
    in: () => map.zoomIn(), out: () => map.zoomOut(), home: () => map.fitBounds(bounds, { padding: 16 }),
    left: () => map.panBy([-STEP, 0]), right: () => map.panBy([STEP, 0]),
    up: () => map.panBy([0, -STEP]), down: () => map.panBy([0, STEP]),
  };
  for (const button of document.querySelectorAll('[data-move]')) {
    button.addEventListener('click', () => moves[button.dataset.move]());
  }
  getJson('/tiles/base.json').then((tiles) => { by('attribution').textContent = tiles.attribution ?? ''; }, () => undefined);
}

function drawMap() {
  if (styleReady) map.setStyle(currentStyle(), { diff: true });
}

function currentStyle() {
  const chosen = chosenRow && { lat: chosenRow.lat, lon: chosenRow.lon, index: answer.rows.indexOf(chosenRow) };
  return mapStyle(view, darkTheme.matches, chosen);
}

/** A tile that is refused for the same reason as the list needs no second message. */
function mapFailed(error) {
  if (error?.name === 'AbortError' || !by('problem').hidden) return;
  const status = error?.status ? ` (the server answered ${error.status})` : '';
  problem(`Part of the map could not be drawn${status}. The list is complete.`);
}

/** Chooses a row, or none: says it, marks it, and shows it on the map. */
function chooseRow(row, move) {
  chosenRow = row;
  showChosen();
  drawMap();
  if (row && move) {
    map?.flyTo({ center: [row.lon, row.lat], zoom: Math.max(map.getZoom(), CELL_ZOOM), duration: calm.matches ? 0 : 900 });
  }
}

/** Chooses the cell at a place: the one whose centre is nearest, which for hexagons is the one that holds it. */
function chooseAt({ lat, lng }, move) {
  if (!answer) return;
  const shrink = Math.cos((lat * Math.PI) / 180);
  const distance = (row) => Math.hypot(row.lat - lat, (row.lon - lng) * shrink);
  const nearest = answer.rows.reduce((best, row) => (!best || distance(row) < distance(best) ? row : best), null);
  const metres = nearest ? distance(nearest) * 111_195 : Infinity;
  const reach = nearest?.area_km2 ? Math.sqrt(nearest.area_km2 / 2.6) * 1000 * 1.05 : 500;
  chooseRow(metres <= reach ? nearest : null, move);
  if (!chosenRow) by('chosen').textContent = 'No cell of the study area there.';
}

function showChosen() {
  by('chosen').classList.toggle('is-empty', !chosenRow);
  by('chosen').textContent = chosenRow ? rowWords(chosenRow, seenView(answer, view)) : 'Choose a row or a cell to see it here.';
  markRow(table, chosenRow?.cell ?? null);
}

start().catch((failure) => {
  by('finding').textContent = 'No answer.';
  problem(failure instanceof Problem ? failure.message : 'The map could not be started.');
  if (!(failure instanceof Problem)) throw failure;
});
