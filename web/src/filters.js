// The state of the map page: read from the address, shown in the form, written back to the address.

/**
 * What the page shows. Dates are island dates; `to` is the day after the last.
 * @typedef {{dataset: string, show: 'next' | 'hotspots' | 'counts' | 'emerging', from: string, to: string, daypart: string, group: string,
 *   step: string, cameras: boolean}} View
 */

/** What can be shown, the usual first. */
const SHOWS = ['next', 'hotspots', 'counts', 'emerging'];

/** The method asked for; where next is the server's own choice: what a kept test picked, else Gi*. */
const METHODS = { hotspots: 'gi-star', counts: 'count' };
const showOf = (text) => (SHOWS.includes(text) ? text : SHOWS[0]);

/** Steps of a history; where days are not known, months. */
const STEPS = ['28d', 'week', 'month'];
const stepOf = (text, dataset) => (dataset?.month_precision > 0 ? 'month' : STEPS.includes(text) ? text : STEPS[0]);

/** Datasets that people mean first. */
const USUAL = ['incidents', 'crimes'];

/** @param {string} on ISO date @param {number} days @param {number} [years] @returns {string} ISO date */
function shifted(on, days, years = 0) {
  const date = new Date(`${on.slice(0, 10)}T00:00:00Z`);
  date.setUTCFullYear(date.getUTCFullYear() + years);
  date.setUTCDate(date.getUTCDate() + days);
  return date.toISOString().slice(0, 10);
}

/** @param {string} code such as `criminal-damage` @returns {string} */
export const inWords = (code) => code.charAt(0).toUpperCase() + code.slice(1).replaceAll('-', ' ');

/** @param {string} on ISO date @returns {string} such as "5 May 2017" */
export const dateWords = (on) => new Intl.DateTimeFormat('en-GB', {
  day: 'numeric', month: 'short', year: 'numeric', timeZone: 'UTC',
}).format(new Date(`${on.slice(0, 10)}T00:00:00Z`));

/** @param {View} view @returns {string} such as "1 Jan 2017 to 31 Dec 2017" */
export const periodWords = (view) => `${dateWords(view.from)} to ${dateWords(shifted(view.to, -1))}`;

/** The datasets of `about` that hold something to map, the usual ones first. */
export const mappable = (about) => about.datasets.filter((each) => each.located > 0 && each.last_on)
  .sort((a, b) => USUAL.indexOf(b.name) - USUAL.indexOf(a.name));

/** @param {string} on ISO date @returns {string} the first of its month, moved by some months */
function monthOf(on, months = 0) {
  const date = new Date(`${on.slice(0, 7)}-01T00:00:00Z`);
  date.setUTCMonth(date.getUTCMonth() + months);
  return date.toISOString().slice(0, 10);
}

/**
 * The last year of a dataset. Where days are not known, whole months: the server refuses anything finer.
 * @param {any} dataset of `about`
 * @param {string} [until] the day after the last, if it is fixed already
 * @returns {{from: string, to: string}}
 */
export function lastYear(dataset, until) {
  const byMonth = dataset.month_precision > 0;
  const to = until || (byMonth ? monthOf(dataset.last_on, 1) : shifted(dataset.last_on, 1));
  const yearBefore = shifted(to, 0, -1);
  const first = byMonth ? monthOf(dataset.first_on) : dataset.first_on.slice(0, 10);
  return { from: yearBefore > first ? yearBefore : first, to };
}

/**
 * The view that an address asks for; what it leaves out is the last year of the first dataset, all groups, all day.
 * @param {URLSearchParams} query
 * @param {any} about answer of /api/v1/about
 * @returns {View}
 */
export function viewOf(query, about) {
  const datasets = mappable(about);
  const dataset = datasets.find((each) => each.name === query.get('dataset')) ?? datasets[0];
  const { from, to } = lastYear(dataset, query.get('to'));
  const group = query.get('group') ?? '';
  return {
    dataset: dataset.name, show: showOf(query.get('show')), from: query.get('from') || from, to,
    daypart: query.get('daypart') ?? '', group: dataset.groups.includes(group) ? group : '',
    step: stepOf(query.get('step'), dataset), cameras: query.has('cameras'),
  };
}

/** Parameters of the API and of the tiles for a view. @param {View} view */
export function apiParams(view) {
  const params = new URLSearchParams({ dataset: view.dataset, from: view.from, to: view.to });
  if (view.daypart) params.set('daypart', view.daypart);
  if (view.group) params.set('group', view.group);
  if (view.show === 'emerging') params.set('step', view.step);
  if (METHODS[view.show]) params.set('method', METHODS[view.show]);
  return params;
}

/** Where the answer to a view is asked for. @param {View} view @returns {string} */
export const apiPath = (view) => `/api/v1/${view.show === 'emerging' ? 'emerging' : 'hotspots'}`;

/** The page's own address for a view. @param {View} view @returns {string} */
export function addressOf(view) {
  const params = apiParams(view);
  params.delete('method');
  if (view.show !== SHOWS[0]) params.set('show', view.show);
  if (view.cameras) params.set('cameras', '1');
  return `/map?${params}`;
}

/** Fills the form's choices and sets them to the view. */
export function fillForm(form, about, view) {
  const { dataset } = form.elements;
  dataset.replaceChildren(...mappable(about).map((each) => new Option(inWords(each.name), each.name)));
  dataset.value = view.dataset;
  fillGroups(form, about, view.group);
  form.elements.from.value = view.from;
  form.elements.to.value = view.to;
  form.elements.show.value = view.show;
  form.elements.step.value = view.step;
  form.elements.cameras.checked = view.cameras;
  const dayparts = form.querySelector('#dayparts');
  for (const daypart of about.dayparts) {
    const label = dayparts.querySelector('label').cloneNode(true);
    Object.assign(label.querySelector('input'), { value: daypart.name, checked: false });
    label.querySelector('span').textContent = daypart.label;
    dayparts.append(label);
  }
  form.elements.daypart.value = view.daypart;
}

/** Another dataset: its groups, and its last year if the dates chosen before say nothing about it. */
export function datasetChanged(form, about) {
  fillGroups(form, about, '');
  const { dataset, from, to } = form.elements;
  const chosen = about.datasets.find((each) => each.name === dataset.value);
  form.elements.step.value = stepOf(form.elements.step.value, chosen);
  if (chosen.month_precision > 0 || from.value > chosen.last_on || to.value <= chosen.first_on) {
    const period = lastYear(chosen);
    from.value = period.from;
    to.value = period.to;
  }
}

/** Offers the groups of the chosen dataset. */
function fillGroups(form, about, chosen) {
  const { dataset, group } = form.elements;
  const groups = about.datasets.find((each) => each.name === dataset.value)?.groups ?? [];
  group.replaceChildren(new Option('All groups', ''), ...groups.map((code) => new Option(inWords(code), code)));
  group.value = groups.includes(chosen) ? chosen : '';
  group.disabled = groups.length === 0;
}

/** The view that the form shows. @returns {View} */
export function viewFromForm(form) {
  const data = new FormData(form);
  const text = (name) => String(data.get(name) ?? '');
  return {
    dataset: text('dataset'), show: showOf(text('show')), from: text('from'),
    to: text('to'), daypart: text('daypart'), group: text('group'), step: text('step') || STEPS[0],
    cameras: data.has('cameras'),
  };
}

/** One line that says what is shown. @param {View} view */
export function viewWords(view, about) {
  const daypart = about.dayparts.find((each) => each.name === view.daypart);
  const what = view.group ? `${inWords(view.dataset)}: ${inWords(view.group).toLowerCase()}` : inWords(view.dataset);
  return `${what}, ${(daypart?.label ?? view.daypart) || 'all day'}, ${periodWords(view)}`;
}
