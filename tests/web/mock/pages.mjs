// Contexts of the server-drawn pages, as the real server gives them.
import { cameras, rowsOf } from './island.mjs';

export const about = {
  name: 'States of Jersey Police', version: '0.1.0', store_version: 7, data_to: '2017-12-31', bounds: [-2.26, 49.16, -2.0, 49.27],
  study_area: 'jersey', role: 'analyst', synthetic: true,
  datasets: [
    { name: 'stops', rows: 800, located: 790, month_precision: 0, first_on: '2015-01-02', last_on: '2017-12-30', groups: [] },
    { name: 'crimes', rows: 9120, located: 9004, month_precision: 0, first_on: '2015-01-01', last_on: '2017-12-31', groups: ['burglary', 'criminal-damage', 'public-order', 'violence'] },
    { name: 'incidents', rows: 61344, located: 60120, month_precision: 0, first_on: '2015-01-01', last_on: '2017-12-31', groups: ['alarm', 'domestic', 'road-traffic-collision'] },
  ],
  dayparts: [
    { name: 'day', label: 'Day 07:00-19:00' }, { name: 'night', label: 'Night 19:00-07:00' },
    { name: 'nte', label: 'Night-time economy 21:00-04:00, set days' },
  ],
};

const months = Array.from({ length: 24 }, (_, index) => `${2016 + Math.floor(index / 12)}-${String(index % 12 + 1).padStart(2, '0')}`);
const values = months.map((_, index) => 62 + ((index * 37) % 23) + (index > 18 ? 14 : 0));

const line = values.map((value, index) => `${index ? 'L' : 'M'}${60 + index * 26} ${260 - value * 2}`).join('');
const chart = `<svg viewBox="0 0 760 320" width="760" height="320" xmlns="http://www.w3.org/2000/svg" role="img"><title>Offences a month, 2016 and 2017</title>
<rect width="760" height="320" fill="#ffffff"/><path d="M60 260H700" stroke="#6e7883"/><path d="M60 110H700M60 150H700" stroke="#12436D" stroke-dasharray="6 4"/>
<path d="${line}" fill="none" stroke="#12436D" stroke-width="2"/><text x="64" y="284" font-size="14" font-family="sans-serif" fill="#1b1f24">Jan 2016</text>
<text x="600" y="284" font-size="14" font-family="sans-serif" fill="#1b1f24">Dec 2017</text></svg>`;

const spark = `<svg class="spark" viewBox="0 0 120 28" width="120" height="28" xmlns="http://www.w3.org/2000/svg" aria-hidden="true">
<path d="${values.map((value, index) => `${index ? 'L' : 'M'}${4 + index * 4.8} ${30 - value / 4}`).join('')}" fill="none" stroke="#12436D"/></svg>`;

const kpi = (id, title, finding, variation, variation_word, assurance_word, rest = {}) => ({
  id, title, finding, variation, variation_word, assurance_word, unit: 'count', latest_value: '91', latest_period: 'Dec 2017',
  target_text: '', plan_refs: ['Plan 2017, aim 2'], definition: 'Crimes recorded in the month, by the date reported. Definition 1.2.',
  chart_svg: chart, spark_svg: spark, history: [], assurance: '', notes: [],
  table: { headers: ['Month', 'Crimes', 'Mean', 'Lower limit', 'Upper limit', 'Signal'], rows: months.map((month, index) => [month, String(values[index]), '71', '48', '94', index === 23 ? 'shift' : '']) },
  ...rest,
});

const kpis = [
  kpi('recorded-crime', 'Recorded crime', 'Recorded crime has been above its mean for five months', 'concern_high', 'More than before', 'No target'),
  kpi('grade-1-in-target', 'Grade 1 attended in 10 minutes', 'Grade 1 attendance is steady and usually meets its target', 'common_cause', 'No change', 'Hit or miss',
    { unit: '%', latest_value: '88.4', target_text: 'at least 85%', assurance: 'inconsistent', history: ['From 1 January 2016: at least 80%.', 'From 1 January 2017: at least 85%.'], notes: ['Cancelled incidents are left out (31 of 412).'] }),
  kpi('victims-in-care', 'Victims in care', 'Fewer victims are in care than in any month of 2016', 'neutral_low', 'Fewer than before', 'No target'),
  kpi('crime-in-care', 'Positive outcome rate', 'The positive outcome rate cannot be stated for December', '', 'Not enough data', 'Not known', { latest_value: '[x]', chart_svg: '' }),
  kpi('budget', 'Budget spent', 'Spending stays within the budget', '', 'Not enough data', 'Not known', { latest_period: '2017', chart_svg: '' }),
  kpi('surveys', 'Trust in the police', 'Trust is where it was', 'common_cause', 'No change', 'No target', { latest_period: 'October to December 2016' }),
];

const shiftRows = (daypart) => rowsOf({ dataset: 'crimes', from: '2017-01-01', to: '2018-01-01', daypart, group: '' })
  .filter((row) => row.b > 0).sort((a, b) => b.z - a.z).slice(0, 12)
  .map((row, index) => ({ rank: index + 1, cell: row.cell, parish: row.parish, count: row.count, expected_text: 'far more than expected (q < 0.001)', bin: row.bin, why: 'Mostly violence and public order, 22:00-02:00 (Fri night)', lat: row.lat.toFixed(5), lon: row.lon.toFixed(5) }));

const edition = (id, state, shape, words, signed) => ({
  id, href: `/report/${id}`, audience: id.split('-')[0], period: '2017-Q4', state, shape, words, can_sign: state === 'draft', store_version: 7,
  history: [{ words: 'built', by: 'A. Analyst', on: '15 January 2018', note: '' }, ...signed],
  downloads: [['report.pdf', 'PDF'], ['report.xlsx', 'XLSX'], ['report.ods', 'ODS'], ['tables.json', 'table list'], ['manifest.json', 'manifest']]
    .map(([file, label]) => ({ href: `/report/${id}/${file}`, label })),
});

const QUESTIONS = {
  trend: 'Trend', 'local-moran': 'Clusters and outliers', kde: 'Density', clusters: 'Knots of points', concentration: 'Concentration',
  change: 'Change', emerging: 'Emerging', hours: 'Hours of the week', evaluate: 'Forecast accuracy', forecast: 'Forecast',
  'near-repeat': 'Near repeats', scan: 'Clusters in time',
};
/** One question with everything that any question shows, the fields of densities among it. */
const analysis = {
  questions: Object.entries(QUESTIONS).map(([name, title]) => ({ name, title, href: `/analysis?question=${name}`, current: name === 'kde' })),
  about_question: 'Where do records lie closest together, as a surface of one bandwidth?',
  asked: { question: 'kde', dataset: 'crimes', group: '', from: '2017-01-01', to: '2018-01-01', daypart: '' },
  datasets: about.datasets.map(({ name, groups }) => ({ name, label: name, groups })), dayparts: about.dayparts, groups: about.datasets[1].groups,
  density: { kernels: ['quartic', 'gaussian'], kernel: 'quartic', bandwidth: 300, joins: ['ratio', 'difference'], join: 'ratio', against_group: '' },
  answer: {
    finding: 'Crimes lie closest together in St Helier, 412 a square kilometre',
    pictures: [{ label: 'Density of crimes', svg: chart }],
    tables: [{
      label: 'Densest cells', note: 'Densest first.', headers: ['Cell', 'Parish', 'A square kilometre'],
      rows: [['89186280003ffff', 'St Helier', '412'], ['89186280007ffff', 'St Helier', '380'], ['8918628000bffff', 'St Brelade', '96']],
    }],
    notes: ['Records without a position are left out (116).'],
  },
  provenance: [['Question', 'kde'], ['Data to', '31 December 2017'], ['Study area', about.study_area], ['Store version', '7']],
  refusal: '',
};

const planRow = (ref, row, shape, standing, due, title, rest = {}) => ({
  ref, row, part: '', title, objective: 'Keeping people safe', owner: 'Chief Inspector Operations', due, shape, standing, said: 'done',
  evidence: 'synthetic minute 733', benefit: '', kpis: ['M06', 'M17'], ...rest,
});
const choices = (names) => names.map((name) => ({ value: name.toLowerCase().replaceAll(' ', '-'), label: name, on: false }));
const plan = {
  plan: '2017 Policing Plan', on_text: '31 December 2017', on_reason: 'the last day of the records', made_up: true,
  finding: '65 of 90 deliverables are done, 9 are late, 14 are due within a month', shown: 4, deliverables: 90, references: 65,
  facts: [['▲', 'Late', 9], ['◆', 'Due soon', 14], ['○', 'Ahead', 1], ['–', 'No date', 1], ['■', 'Stopped', 0], ['◐', 'Done late', 3], ['●', 'Done', 62]]
    .map(([shape, label, value]) => ({ shape, label, value: String(value) })),
  chosen: { on: '', due: '' }, owners: choices(['Chief Inspector Operations', 'Crime Reduction Officer and Internet Investigation Officer']),
  standings: choices(['late', 'due soon', 'ahead', 'no date', 'stopped', 'done late', 'done']), quarters: choices(['2017-Q1', '2017-Q2', '2017-Q3', '2017-Q4']),
  rows: [
    planRow('3.1.1.1', 1, '●', 'done 27 March 2017', '31 March 2017', 'Patrol strategy for the day, in step with THRIVE'),
    planRow('3.1.1.2', 1, '▲', 'late', 'all year, to 31 December 2017', 'High-visibility patrols in the night-time economy', { said: 'under way (28 January 2017)' }),
    planRow('3.1.1.2', 4, '–', 'no date', 'no date', 'Support of an alcohol-awareness programme', { evidence: '', part: 'second part' }),
    planRow('3.2.1', 1, '◆', 'due soon', '15 January 2018', 'Joint safety strategies with partners', { kpis: [] }),
  ],
  findings: [
    { kind: 'two dates', verdict: 'open', text: '3.1.1.2, row 4: the text and the table name different quarters.' },
    { kind: 'no owner', verdict: 'open', text: '3.2.1: nobody is named who delivers it.' },
  ],
};

/** Context of each page, without what every page has. */
export const pages = {
  start: () => ({
    cards: [
      { href: '/map', title: 'Map', text: 'Where crimes and incidents are more than expected.' },
      { href: '/kpis', title: 'KPIs', text: 'The measures of the policing plan, with their limits.' },
      { href: '/patrol', title: 'Patrol', text: 'Places to be, for the day and the night shift.' },
      { href: '/reports', title: 'Reports', text: 'Editions for the Authority.' },
      { href: '/anpr', title: 'ANPR', text: 'Traffic by camera and hour, never a plate.' },
      { href: '/data', title: 'Data', text: 'What was loaded, and what was refused.' },
    ],
    facts: [{ label: 'Crimes', value: '9,120' }, { label: 'Incidents', value: '61,344' }, { label: 'Data to', value: '31 Dec 2017' }, { label: 'Store version', value: '7' }],
  }),
  map: () => ({}),
  kpis: () => ({ kpis, warnings: [{ title: 'Late data.', text: 'December may still grow: one crime in ten is recorded more than a week after it is reported.' }] }),
  patrol: () => ({
    note: 'Hotspots of crimes in the last 12 months, by the shift they fall in. A list of places, not a plan of visits.',
    shifts: [
      { name: 'day', label: 'Day shift 07:00-19:00', period_text: '1 Jan 2017 to 31 Dec 2017', rows: shiftRows('day'), svg: '' },
      { name: 'night', label: 'Night shift 19:00-07:00', period_text: '1 Jan 2017 to 31 Dec 2017', rows: shiftRows('night'), svg: '' },
    ],
  }),
  analysis: () => analysis,
  plan: () => plan,
  reports: () => ({
    may_sign: true, periods: ['2017-Q4', '2017-Q3', '2017-Q2', '2017-Q1'],
    editions: [
      edition('authority-2017-Q4-2', 'draft', '○', 'Draft: not signed.', []),
      edition('authority-2017-Q4-1', 'final', '●', 'Final: signed.', [
        { words: 'signed as provisional', by: 'A. Analyst', on: '16 January 2018', note: 'records of late December are still expected' },
        { words: 'signed as final', by: 'A. Analyst', on: '30 January 2018', note: '' },
      ]),
      edition('public-2017-Q4-1', 'withdrawn', '✕', 'Withdrawn: not to be used.', [
        { words: 'withdrawn', by: 'A. Analyst', on: '2 February 2018', note: 'a figure was wrong' },
      ]),
    ],
  }),
  anpr: () => ({
    period_text: '1 Dec 2017 to 31 Dec 2017', svg: chart,
    cameras: cameras.map((camera, index) => ({ camera_id: camera.camera_id, name: camera.name, reads: String(12034 - index * 731), last_read: '31 Dec 2017 23:58', state: camera.live ? 'live' : 'silent for 9 days' })),
    table: { headers: ['Hour', ...cameras.map((camera) => camera.camera_id)], rows: ['00', '06', '12', '18'].map((hour) => [`${hour}:00`, ...cameras.map((_, index) => String(120 + index * 13))]) },
  }),
  data: () => ({
    loads: [{ version: 7, loaded_at: '15 Jan 2018 09:12', feed: 'jersey-crimes', files: 'crimes.csv.gz', rows_in: '9,130', accepted: '9,120', revised: '0', unchanged: '0', duplicate: '2', withheld: '0', rejected: '8', rejected_by: [['bad_time', 5], ['unknown_code', 3]] },
      { version: 6, loaded_at: '15 Jan 2018 09:11', feed: 'jersey-incidents', files: 'incidents.csv.gz', rows_in: '61,344', accepted: '61,344', revised: '0', unchanged: '0', duplicate: '0', withheld: '0', rejected: '0', rejected_by: [] }],
  }),
  quality: () => ({
    empty_tables: 'Collisions', reconciliation: '1 load read as many rows as the source stated; for 1 load it did not say.',
    tables: [{
      id: 'crimes', name: 'Crimes', finding: 'Crimes: 2 of 3 columns are complete; flags is filled least (23.5%)', svg: chart,
      facts: [{ label: 'Records', value: '9,120' }, { label: 'With a position', value: '98.7%' }, { label: 'Crowded points', value: '2' }, { label: 'Records at them', value: '61 (0.7% of located)' }],
      columns: { headers: ['Column', 'Filled', 'Missing', 'Share filled'], rows: [['crime_id', '9,120', '0', '100.0%'], ['flags', '2,143', '6,977', '23.5%'], ['position', '9,004', '116', '98.7%']] },
      delays: { headers: ['From, to', 'Records', 'Median', '90th percentile', 'Backwards', 'Not known'], rows: [['event to record', '9,119', '8.6 hours', '10.1 days', '1', '0']] },
      places: { headers: ['What was noted', 'Records', 'Share'], rows: [['without a position: no location', '116', '1.3%'], ['outside areas', '4', '<0.1%']] },
    }],
    rejects: { headers: ['Feed and reason', 'Rows', 'Share of rows read'], rows: [['jersey-crimes: bad time', '5', '0.1%']] },
    loads: [
      { load_id: 2, feed: 'jersey-crimes', loaded_at: '15 January 2018', rows_in: '9,130', accepted: '9,120', revised: '0', unchanged: '0', duplicate: '2', withheld: '0', rejected: '8', stated: '● 9,130, agrees' },
      { load_id: 1, feed: 'jersey-incidents', loaded_at: '15 January 2018', rows_in: '61,344', accepted: '61,344', revised: '0', unchanged: '0', duplicate: '0', withheld: '0', rejected: '0', stated: '– not stated' },
    ],
  }),
  audit: () => ({ rows: [{ at: '15 Jan 2018 09:20:11', who: 'analyst', role: 'analyst', action: 'ask', subject: 'hotspots crimes', purpose: '', reference: '', outcome: 'allowed', rows: '1,188' }] }),
};

export const titles = {
  start: 'Start', map: 'Hotspot map', analysis: 'Analysis', kpis: 'KPIs', plan: 'Policing plan', patrol: 'Patrol', reports: 'Reports', anpr: 'ANPR', data: 'Data', quality: 'Data quality', audit: 'Audit',
};
