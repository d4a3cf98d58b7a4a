// Sortable tables: each column header becomes a button; the caption says how the table is sorted.

const MISSING = /^(\[[a-z]\]|-|–|)$/;

/** What a cell sorts by: its time, its number, or its words. */
function keyOf(cell) {
  const time = cell.querySelector('time');
  const text = (cell.dataset.sort ?? time?.dateTime ?? cell.textContent).trim();
  if (MISSING.test(text)) return null;
  const number = Number(text.replace(/^[<>£]\s*/, '').replaceAll(',', '').replace(/\s*%.*$/, ''));
  return Number.isNaN(number) ? text : number;
}

const compare = (a, b) => (typeof a === 'number' && typeof b === 'number' ? a - b
  : String(a).localeCompare(String(b), 'en-GB', { numeric: true }));

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
  const rows = [...body.rows].map((row) => ({ row, key: keyOf(row.cells[th.cellIndex]) }));
  const numbers = rows.every(({ key }) => key === null || typeof key === 'number');
  const before = th.getAttribute('aria-sort');
  const upwards = before === null ? !numbers : before === 'descending';
  rows.sort((a, b) => {
    if (a.key === null || b.key === null) return Number(a.key === null) - Number(b.key === null);
    return upwards ? compare(a.key, b.key) : compare(b.key, a.key);
  });
  body.append(...rows.map(({ row }) => row));
  for (const other of table.tHead.rows[0].cells) other.removeAttribute('aria-sort');
  th.setAttribute('aria-sort', upwards ? 'ascending' : 'descending');
  const note = table.caption?.querySelector('.sort-note');
  const order = numbers ? (upwards ? 'lowest first' : 'highest first') : (upwards ? 'A to Z' : 'Z to A');
  if (note) note.textContent = `Sorted by ${th.textContent.trim()}, ${order}.`;
}
