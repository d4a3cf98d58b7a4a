// What every page does: sortable tables, the current page in sight, signing out, and details opened for print.
import { makeSortable } from './sort.js';

for (const table of document.querySelectorAll('table.sortable')) makeSortable(table);

// On a phone the list of pages scrolls sideways: the current one comes into sight.
document.querySelector('nav [aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'center' });

document.getElementById('sign-out')?.addEventListener('click', async () => {
  await fetch('/api/v1/session', { method: 'DELETE' }).catch(() => undefined);
  location.assign('/');
});

addEventListener('beforeprint', () => {
  for (const details of document.querySelectorAll('details')) details.open = true;
});
