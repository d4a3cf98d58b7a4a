// The list beside the map: the same answer in words and figures, and the legend with its provenance.
import { binLevel, binShort, binWords, countClasses, hotspotClasses, nextClasses } from './classes.js';
import { dateWords, inWords } from './filters.js';
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

/** Whether rows are in the order of the method that a test picked. @param {any[]} rows */
const isNext = (rows) => rows.some((row) => Number.isFinite(row.area_share));

/** Share of the area so far, as a percentage. */
const shareWords = (row) => (Number.isFinite(row.area_share) ? `${figure(row.area_share * 100, 2)}%` : '[x]');

/** Place in words: the parish, or the cell where no parish is known. */
export const placeOf = (row) => row.parish || row.cell;

/**
 * The rows to list: hottest first (z, then count), or highest count first. Ties keep the order of the cells.
 * @param {any[]} rows
 * @param {boolean} hotspots
 */
export function topRows(rows, hotspots) {
  if (hotspots && isNext(rows)) {
    const place = (row) => row.rank ?? row.area_share * rows.length;
    return [...rows].sort((a, b) => place(a) - place(b) || (a.cell < b.cell ? -1 : 1)).slice(0, SHOWN);
  }
  const byCount = (a, b) => (b.count ?? -1) - (a.count ?? -1);
  const byZ = (a, b) => (b.z ?? -Infinity) - (a.z ?? -Infinity) || binLevel(b.bin) - binLevel(a.bin);
  const ordered = [...rows].sort((a, b) => (hotspots ? byZ(a, b) || byCount(a, b) : byCount(a, b))
    || (a.cell < b.cell ? -1 : 1));
  return ordered.filter((row) => row.count !== 0 || (hotspots && Number.isFinite(row.z))).slice(0, SHOWN);
}

/**
 * Draws the table; a button in each row selects its cell.
 * @param {HTMLTableElement} table
 * @param {any[]} rows already ordered
 * @param {boolean} hotspots
 * @param {(row: any) => void} choose
 */
export function drawTable(table, rows, hotspots, choose) {
  const next = hotspots && isNext(rows);
  const headers = next ? [['Place'], ['Rank', 'num'], ['Count', 'num'], ['Area so far', 'num']] : hotspots
    ? [['Place'], ['Rank', 'num'], ['Count', 'num'], ['Against expected'], ['z', 'num'], ['q', 'num']]
    : [['Place'], ['Rank', 'num'], ['Count', 'num'], ['per km²', 'num']];
  const caption = make('caption', '', `Highest ${rows.length} cells. `);
  caption.append(make('span', 'sort-note', next ? 'Likeliest first.' : hotspots ? 'Sorted by z, highest first.' : 'Sorted by count, highest first.'));
  const head = document.createElement('thead');
  head.append(document.createElement('tr'));
  for (const [text, kind = ''] of headers) {
    const th = make('th', kind, text);
    th.scope = 'col';
    head.firstChild.append(th);
  }
  const body = document.createElement('tbody');
  rows.forEach((row, at) => body.append(tableRow(row, at + 1, hotspots, choose)));
  table.replaceChildren(caption, head, body);
  makeSortable(table);
}

function tableRow(row, rank, hotspots, choose) {
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
  const figures = hotspots && isNext([row]) ? [[shareWords(row), 'num']] : hotspots
    ? [[isJudged(row) ? binShort(row.bin) : '[x]', ''], [figure(row.z, 1), 'num'], [sureness(row.q), 'num']]
    : [[figure(row.rate_per_km2), 'num']];
  const cells = [[String(rank), 'num'], [count(row), 'num'], ...figures];
  tr.append(th, ...cells.map(([text, kind]) => make('td', kind, text)));
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
  if (view.show !== 'hotspots') return `${counted}, ${figure(row.rate_per_km2)} per km². Cell ${row.cell}.`;
  if (isNext([row])) return `${counted} in the period; the likeliest cells up to this one make up ${shareWords(row)} of the area. Cell ${row.cell}.`;
  if (!isJudged(row)) return `${counted}. Not judged against expectation. Cell ${row.cell}.`;
  return `${counted}. ${binWords(row.bin)}, z\u00a0${figure(row.z, 1)}, q\u00a0${sureness(row.q)}. Cell ${row.cell}.`;
}

/** The finding in words, for the line above the map. */
export function findingWords(answer, view) {
  const total = answer.rows.reduce((sum, row) => sum + (row.count ?? 0), 0);
  const what = view.dataset;
  if (total === 0) return `No ${what} in this period and time of day.`;
  if (view.show !== 'hotspots') {
    const some = answer.rows.filter((row) => row.count > 0).length;
    return `${figure(total)} ${what} in ${figure(some)} of ${figure(answer.rows.length)} cells.`;
  }
  if (isNext(answer.rows)) {
    const first = answer.rows.filter((row) => row.area_share <= 0.02 + 1e-9);
    const from = answer.provenance.parameters?.next_from;
    return `The ${figure(first.length)} likeliest cells for ${what}${from ? ` from ${dateWords(from)}` : ''} make up 2% of the area.${where(first)}`;
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
  const hotspots = view.show === 'hotspots';
  const next = hotspots && isNext(answer.rows);
  const classes = next ? nextClasses(colours) : hotspots ? hotspotClasses(colours) : countClasses(colours);
  const list = document.createElement('ul');
  for (const each of classes) {
    const held = answer.rows.filter(each.holds).length;
    const item = document.createElement('li');
    item.append(swatch(each), make('span', '', each.words), make('span', 'num', figure(held)));
    item.classList.toggle('is-empty', held === 0);
    list.append(item);
  }
  const title = make('h2', '', next ? `Where next: ${inWords(view.dataset).toLowerCase()}` : hotspots ? `${inWords(view.dataset)} against expectation` : `${inWords(view.dataset)} per cell`);
  title.append(' ', make('small', '', 'and cells in each class'));
  const said = hotspots && answer.provenance.parameters?.forecast_accuracy;
  const method = next ? answer.provenance.parameters?.picked?.split(':')[0] : METHODS[answer.provenance.method];
  box.replaceChildren(title, list, ...(said ? [make('p', 'small', `${method ?? answer.provenance.method}: ${said}.`)] : []));
}

const METHODS = { next: 'the method that did best when it was tested', 'gi-star': 'Gi* with the false discovery rate held', count: 'count', kde: 'kernel density' };

/** What, when, from which data, by which method: the line under the finding. `what` is `viewWords`. */
export function termsWords(answer, view, what) {
  const { provenance } = answer;
  const cut = provenance.data_cut_off ? `data to ${dateWords(provenance.data_cut_off)}` : 'data cut-off not known';
  const method = view.show === 'hotspots' ? METHODS[provenance.method] ?? provenance.method : 'count per cell';
  const cells = `H3 resolution ${provenance.resolution}${view.show === 'hotspots' ? '' : ' in the list, by zoom on the map'}`;
  return `${what}; ${cut}; ${method}; ${cells}.`;
}

/** A hexagon as on the map. */
function swatch({ colour, edge, dashed }) {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  svg.setAttribute('viewBox', '0 0 20 20');
  svg.setAttribute('aria-hidden', 'true');
  const hexagon = document.createElementNS('http://www.w3.org/2000/svg', 'path');
  const attributes = { d: 'M10 1.5l7.4 4.25v8.5L10 18.5l-7.4-4.25v-8.5z', fill: colour, stroke: edge, 'stroke-width': '1.5' };
  for (const [name, value] of Object.entries(attributes)) hexagon.setAttribute(name, value);
  if (dashed) hexagon.setAttribute('stroke-dasharray', '3 2');
  svg.append(hexagon);
  return svg;
}

/** What the table leaves out and why, for the line below it. */
export function noteWords(answer, view) {
  const { provenance, rows } = answer;
  const parts = [`Of ${figure(provenance.rows)} records counted.`];
  const excluded = Object.entries(provenance.excluded ?? {}).filter(([, times]) => times > 0);
  if (excluded.length > 0) {
    parts.push(`Left out: ${excluded.map(([reason, times]) => `${figure(times)} ${reason.replaceAll('_', ' ')}`).join(', ')}.`);
  }
  if (view.show === 'hotspots' && !isNext(rows)) parts.push('Each cell is judged together with the ring of cells around it.');
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
