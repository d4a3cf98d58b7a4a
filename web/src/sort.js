// Sortable tables: each column header becomes a button; the caption says how the table is sorted.

const MISSING = /^(\[[a-z]\]|-|–|no date|)$/;

const MONTHS = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');

/** "5 May 2017 22:15" or "May 2017" as text that sorts by time, a period such as "May to June 2017" by its end; null if it is no date. */
function dateKey(text) {
  if (/^\d{4}-\d{2}/.test(text)) return text;
  const end = text.split(/,? to /).at(-1);
  const [, day = '', month = '', year = '', time = ''] = /^(?:(\d{1,2}) )?([A-Z][a-z]{2})[a-z]* (\d{4})(.*)$/.exec(end) ?? [];
  const at = MONTHS.indexOf(month);
  return at < 0 ? null : `${year}-${String(at + 1).padStart(2, '0')}-${day.padStart(2, '0')}${time}`;
}

/** What a cell sorts by: its number, its date, or its words. */
function keyOf(cell) {
  const text = cell.textContent.trim();
  if (MISSING.test(text)) return null;
  const date = dateKey(text);
  if (date) return { date };
  const number = Number(text.replace(/^[<>£]\s*/, '').replaceAll(',', '').replace(/\s*%.*$/, ''));
  return Number.isNaN(number) ? text : number;
}

const words = (key) => String(key.date ?? key);

const compare = (a, b) => (typeof a === 'number' && typeof b === 'number' ? a - b
  : words(a).localeCompare(words(b), 'en-GB', { numeric: true }));

/** How each kind of column is said to be sorted: upwards, downwards. */
const ORDERS = { numbers: ['lowest first', 'highest first'], dates: ['earliest first', 'latest first'], words: ['A to Z', 'Z to A'] };

/** Beside dates a bare year is one too: it ends with its last month. */
function yearsAsDates(keys) {
  if (!keys.some((key) => key?.date)) return keys;
  return keys.map((key) => (Number.isInteger(key) && key > 999 && key < 10_000 ? { date: `${key}-12-00` } : key));
}

function kindOf(keys) {
  const present = keys.filter((key) => key !== null);
  if (present.every((key) => typeof key === 'number')) return 'numbers';
  return present.every((key) => key.date) ? 'dates' : 'words';
}

/** @param {HTMLTableElement} table with one header row and one body */
export function makeSortable(table) {
  for (const th of table.tHead?.rows[0]?.cells ?? []) {
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'sort';
    button.append(...th.childNodes);
    button.addEventListener('click', () => sortBy(table, th));
    th.append(button);
  }
}

function sortBy(table, th) {
  const body = table.tBodies[0];
  const keys = yearsAsDates([...body.rows].map((row) => keyOf(row.cells[th.cellIndex])));
  const rows = [...body.rows].map((row, at) => ({ row, key: keys[at] }));
  const kind = kindOf(keys);
  const before = th.getAttribute('aria-sort');
  const upwards = before === null ? kind === 'words' : before === 'descending';
  rows.sort((a, b) => {
    if (a.key === null || b.key === null) return Number(a.key === null) - Number(b.key === null);
    return upwards ? compare(a.key, b.key) : compare(b.key, a.key);
  });
  body.append(...rows.map(({ row }) => row));
  for (const other of table.tHead.rows[0].cells) other.removeAttribute('aria-sort');
  th.setAttribute('aria-sort', upwards ? 'ascending' : 'descending');
  const note = table.caption?.querySelector('.sort-note');
  if (note) note.textContent = `Sorted by ${th.textContent.trim()}, ${ORDERS[kind][upwards ? 0 : 1]}.`;
}
