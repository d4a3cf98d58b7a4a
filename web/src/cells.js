// The list beside the map: the same answer in words and figures, and the legend with its provenance.
import { binLevel, binShort, binWords, countClasses, hotspotClasses, nextClasses } from './classes.js';
import { dateWords, inWords } from './filters.js';
import { categoryWords, historyClasses, historyFinding, rankOf, stepWords } from './histories.js';
import { makeSortable } from './sort.js';

/** Rows shown beside the map. */
const SHOWN = 25;

const figure = (value, digits = 0) => (value === null || value === undefined ? '[x]'
  : value.toLocaleString('en-GB', { minimumFractionDigits: digits, maximumFractionDigits: digits }));

/** A count that disclosure control held back is `[c]`. */
const count = (row) => (row.count === null || row.count === undefined ? '[c]' : figure(row.count));

const sureness = (q) => (q === null || q === undefined ? '[x]' : q < 0.001 ? '<\u00a00.001' : figure(q, 3));

/** Without a z a cell was not judged, unless its class was released and the figures held back. */
const isJudged = (row) => Number.isFinite(row.z) || row.bin !== 'none';

/**
 * The view as the answer lets it be seen: where nothing was tested, where next is a map of Gi*, and its legend says so.
 * @param {any} answer
 * @param {import('./filters.js').View} view
 */
export const seenView = (answer, view) => (view.show !== 'next' || answer.rows.some((row) => Number.isFinite(row.area_share))
  ? view : { ...view, show: 'hotspots' });

/** Share of the area so far, as a percentage. */
const shareWords = (row) => (Number.isFinite(row.area_share) ? `${figure(row.area_share * 100, 2)}%` : '[x]');

/** Place in words: the parish, or the cell where no parish is known. */
export const placeOf = (row) => row.parish || row.cell;

/**
 * The rows to list: hottest first (z, then count), by history, or highest count first. Ties keep the order of the cells.
 * @param {any[]} rows
 * @param {string} show
 */
export function topRows(rows, show) {
  const byCount = (a, b) => (b.count ?? -1) - (a.count ?? -1);
  const byZ = (a, b) => (b.z ?? -Infinity) - (a.z ?? -Infinity) || binLevel(b.bin) - binLevel(a.bin);
  const byHistory = (a, b) => rankOf(a.category) - rankOf(b.category) || steps(b) - steps(a);
  const place = (row) => row.rank ?? row.area_share * rows.length;
  const byPlace = (a, b) => place(a) - place(b);
  const first = { next: byPlace, hotspots: byZ, emerging: byHistory, counts: byCount }[show];
  const ordered = [...rows].sort((a, b) => first(a, b) || byCount(a, b) || (a.cell < b.cell ? -1 : 1));
  if (show === 'next') return ordered.slice(0, SHOWN);
  if (show === 'emerging') return ordered.filter((row) => row.category !== 'none').slice(0, SHOWN);
  return ordered.filter((row) => row.count !== 0 || (show === 'hotspots' && Number.isFinite(row.z))).slice(0, SHOWN);
}

const steps = (row) => Math.max(row.hot_steps, row.cold_steps);

/** What a table of each kind says of a cell beside place, rank and count. */
const COLUMNS = {
  next: { headers: [['Area so far', 'num']], sorted: 'Likeliest first.', figures: (row) => [[shareWords(row), 'num']] },
  hotspots: {
    headers: [['Against expected'], ['z', 'num'], ['q', 'num']], sorted: 'Sorted by z, highest first.',
    figures: (row) => [[isJudged(row) ? binShort(row.bin) : '[x]', ''], [figure(row.z, 1), 'num'], [sureness(row.q), 'num']],
  },
  counts: {
    headers: [['per km²', 'num']], sorted: 'Sorted by count, highest first.', figures: (row) => [[figure(row.rate_per_km2), 'num']],
  },
  emerging: {
    headers: [['History'], ['Steps', 'num'], ['Trend z', 'num']], sorted: 'Sorted by history, hot ones first.',
    figures: (row) => [[categoryWords(row.category), ''], [figure(steps(row)), 'num'], [figure(row.trend_z, 1), 'num']],
  },
};

/**
 * Draws the table; a button in each row selects its cell.
 * @param {HTMLTableElement} table
 * @param {any[]} rows already ordered
 * @param {string} show
 * @param {(row: any) => void} choose
 */
export function drawTable(table, rows, show, choose) {
  const kind = COLUMNS[show];
  const headers = [['Place'], ['Rank', 'num'], ['Count', 'num'], ...kind.headers];
  const caption = make('caption', '', `${show === 'emerging' || show === 'next' ? 'First' : 'Highest'} ${rows.length} cells. `);
  caption.append(make('span', 'sort-note', kind.sorted));
  const head = document.createElement('thead');
  head.append(document.createElement('tr'));
  for (const [text, shape = ''] of headers) {
    const th = make('th', shape, text);
    th.scope = 'col';
    head.firstChild.append(th);
  }
  const body = document.createElement('tbody');
  rows.forEach((row, at) => body.append(tableRow(row, at + 1, kind, choose)));
  table.replaceChildren(caption, head, body);
  makeSortable(table);
}

function tableRow(row, rank, kind, choose) {
  const tr = document.createElement('tr');
  tr.dataset.cell = row.cell;
  const th = document.createElement('th');
  th.scope = 'row';
  const button = make('button', 'row-button', placeOf(row));
  button.type = 'button';
  button.setAttribute('aria-pressed', 'false');
  button.append(' ', make('span', 'hidden-words', `rank ${rank}, show on map`));
  button.addEventListener('click', () => choose(row));
  th.append(button);
  const cells = [[String(rank), 'num'], [count(row), 'num'], ...kind.figures(row)];
  tr.append(th, ...cells.map(([text, shape]) => make('td', shape, text)));
  return tr;
}

/** Marks the row of a cell, if it is listed, and brings it into sight inside its box. */
export function markRow(table, cell) {
  for (const tr of table.tBodies[0]?.rows ?? []) {
    const chosen = tr.dataset.cell === cell;
    tr.classList.toggle('is-chosen', chosen);
    tr.querySelector('button').setAttribute('aria-pressed', String(chosen));
    const box = table.parentElement;
    if (chosen && (tr.offsetTop < box.scrollTop + 40 || tr.offsetTop + tr.offsetHeight > box.scrollTop + box.clientHeight)) {
      box.scrollTop = tr.offsetTop - 60;
    }
  }
}

/** One cell in a sentence. */
export function rowWords(row, view) {
  const what = view.group ? `${inWords(view.group).toLowerCase()} ${view.dataset}` : view.dataset;
  const counted = `${placeOf(row)}: ${count(row)} ${what}`;
  if (view.show === 'emerging') return `${counted}. ${categoryWords(row.category)}: ${row.why}. Cell ${row.cell}.`;
  if (view.show === 'next') return `${counted} in the period; the cells up to this one make up ${shareWords(row)} of the area. Cell ${row.cell}.`;
  if (view.show !== 'hotspots') return `${counted}, ${figure(row.rate_per_km2)} per km². Cell ${row.cell}.`;
  if (!isJudged(row)) return `${counted}. Not judged against expectation. Cell ${row.cell}.`;
  return `${counted}. ${binWords(row.bin)}, z\u00a0${figure(row.z, 1)}, q\u00a0${sureness(row.q)}. Cell ${row.cell}.`;
}

/** The finding in words, for the line above the map. */
export function findingWords(answer, view) {
  const total = answer.rows.reduce((sum, row) => sum + (row.count ?? 0), 0);
  const what = view.dataset;
  if (total === 0) return `No ${what} in this period and time of day.`;
  if (view.show === 'emerging') return historyFinding(answer, what);
  if (view.show === 'next') {
    const first = answer.rows.filter((row) => row.area_share <= 0.02 + 1e-9);
    const from = answer.provenance.parameters?.next_from;
    const days = from ? ` from ${dateWords(from)}` : '';
    return `The ${figure(first.length)} likeliest cells for ${what}${days} make up 2% of the area.${where(first)}`;
  }
  if (view.show !== 'hotspots') {
    const some = answer.rows.filter((row) => row.count > 0).length;
    return `${figure(total)} ${what} in ${figure(some)} of ${figure(answer.rows.length)} cells.`;
  }
  if (!answer.rows.some(isJudged)) {
    return `${figure(total)} ${what}; which cells stand out cannot be said: ${answer.provenance.undefined_reason ?? 'no z'}.`;
  }
  const hot = answer.rows.filter((row) => row.bin?.startsWith('hot'));
  if (hot.length === 0) return `No cell has clearly more ${what} around it than expected, of ${figure(answer.rows.length)} cells.`;
  const share = hot.reduce((sum, row) => sum + (row.count ?? 0), 0) / total;
  const held = answer.rows.some((row) => row.count === null) ? '' : `; they hold ${figure(share * 100)}% of ${figure(total)} ${what}`;
  return `${figure(hot.length)} of ${figure(answer.rows.length)} cells have more ${what} around them than expected${held}.`
    + where(hot);
}

/** Where most of the hot cells are, where cells have a parish. @param {any[]} hot */
function where(hot) {
  const named = hot.filter((row) => row.parish);
  return named.length === 0 ? '' : ` Most are in ${mostCommon(named.map(placeOf))}.`;
}

function mostCommon(names) {
  const times = new Map();
  for (const name of names) times.set(name, (times.get(name) ?? 0) + 1);
  return [...times].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))[0][0];
}

/** Draws the legend: the classes and how many cells each holds. */
export function drawLegend(box, answer, view, colours) {
  const classes = { next: nextClasses, hotspots: hotspotClasses, counts: countClasses, emerging: historyClasses }[view.show](colours);
  const list = document.createElement('ul');
  for (const each of classes) {
    const held = answer.rows.filter(each.holds).length;
    const item = document.createElement('li');
    item.append(swatch(each), make('span', '', each.words), make('span', 'num', figure(held)));
    item.classList.toggle('is-empty', held === 0);
    list.append(item);
  }
  const about = {
    next: 'where next', hotspots: 'against expectation', counts: 'per cell', emerging: 'by the history of each cell',
  }[view.show];
  const title = make('h2', '', `${inWords(view.dataset)} ${about}`);
  title.append(' ', make('small', '', 'and cells in each class'));
  box.replaceChildren(title, list);
  // Every map carries its score: how much a map of this method caught when it was tested.
  const score = answer.provenance.parameters?.forecast_accuracy;
  const picked = answer.provenance.parameters?.picked?.split(':')[0];
  const whose = view.show === 'next' && picked ? `the method, ${picked}` : 'the method';
  if (score && (view.show === 'hotspots' || view.show === 'next')) {
    box.append(make('p', 'small', `Forecast accuracy of ${whose}: ${score}.`));
  }
}

const METHODS = {
  next: 'the order of the method that did best when it was tested', 'gi-star': 'Gi* with the false discovery rate held',
  count: 'count', kde: 'kernel density',
};

/** What, when, from which data, by which method: the line under the finding. `what` is `viewWords`. */
export function termsWords(answer, view, what) {
  const { provenance } = answer;
  const cut = provenance.data_cut_off ? `data to ${dateWords(provenance.data_cut_off)}` : 'data cut-off not known';
  const judged = view.show === 'hotspots' || view.show === 'next';
  const method = judged ? METHODS[provenance.method] ?? provenance.method : 'count per cell';
  if (view.show === 'emerging') {
    const { definition_version: definition } = provenance.parameters;
    const how = `Gi* in space and time, definition ${definition}`;
    return `${what}; ${cut}; ${stepWords(provenance)}; ${how}; H3 resolution ${provenance.resolution}.`;
  }
  const cells = `H3 resolution ${provenance.resolution}${judged ? '' : ' in the list, by zoom on the map'}`;
  return `${what}; ${cut}; ${method}; ${cells}.`;
}

/** A hexagon as on the map. */
function swatch({ colour, edge, dashed, letter }) {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  svg.setAttribute('viewBox', '0 0 20 20');
  svg.setAttribute('aria-hidden', 'true');
  const hexagon = document.createElementNS('http://www.w3.org/2000/svg', 'path');
  const attributes = { d: 'M10 1.5l7.4 4.25v8.5L10 18.5l-7.4-4.25v-8.5z', fill: colour, stroke: edge, 'stroke-width': '1.5' };
  for (const [name, value] of Object.entries(attributes)) hexagon.setAttribute(name, value);
  if (dashed) hexagon.setAttribute('stroke-dasharray', '3 2');
  svg.append(hexagon);
  if (letter) {
    const text = document.createElementNS('http://www.w3.org/2000/svg', 'text');
    text.setAttribute('class', 'letter');
    for (const [name, value] of Object.entries({ x: '10', y: '14', 'text-anchor': 'middle' })) text.setAttribute(name, value);
    text.textContent = letter;
    svg.append(text);
  }
  return svg;
}

/** What the table leaves out and why, for the line below it. */
export function noteWords(answer, view) {
  const { provenance, rows } = answer;
  const { rows: least, rows_at_most: most } = provenance;
  const parts = [`Of ${figure(least)}${most ? ` to ${figure(most)}` : ''} records counted.`];
  const excluded = Object.entries(provenance.excluded ?? {}).filter(([, times]) => times > 0);
  if (excluded.length > 0) {
    parts.push(`Left out: ${excluded.map(([reason, times]) => `${figure(times)} ${reason.replaceAll('_', ' ')}`).join(', ')}.`);
  }
  if (view.show === 'emerging') parts.push('Each cell is judged together with the ring of cells around it and the step before.');
  if (view.show === 'hotspots') parts.push('Each cell is judged together with the ring of cells around it.');
  if (provenance.undefined_reason) parts.push(`[x] not available: ${provenance.undefined_reason}.`);
  if (rows.some((row) => row.count === null)) parts.push('[c] a small count, not shown.');
  parts.push(`Store version ${provenance.store_version}, ${provenance.generated_by}.`);
  return parts.join(' ');
}

function make(tag, className, text) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.textContent = text;
  return element;
}
