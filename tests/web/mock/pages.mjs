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

const kpi = (id, title, finding, variation, variation_word, assurance_word, rest = {}) => ({
  id, title, finding, variation, variation_word, assurance_word, unit: 'count', latest_value: '91', latest_period: 'Dec 2017',
  target_text: '', plan_refs: ['Plan 2017, aim 2'], definition: 'Crimes recorded in the month, by the date reported. Definition 1.2.',
  chart_svg: chart, notes: [],
  table: { headers: ['Month', 'Crimes', 'Mean', 'Lower limit', 'Upper limit', 'Signal'], rows: months.map((month, index) => [month, String(values[index]), '71', '48', '94', index === 23 ? 'shift' : '']) },
  ...rest,
});

const kpis = [
  kpi('recorded-crime', 'Recorded crime', 'Recorded crime has been above its mean for five months', 'concern_high', 'More than before', 'No target'),
  kpi('grade-1-in-target', 'Grade 1 attended in 10 minutes', 'Grade 1 attendance is steady and usually meets its target', 'common_cause', 'No change', 'Hit or miss',
    { unit: '%', latest_value: '88.4', target_text: 'at least 85%', notes: ['Cancelled incidents are left out (31 of 412).'] }),
  kpi('victims-in-care', 'Victims in care', 'Fewer victims are in care than in any month of 2016', 'neutral_low', 'Fewer than before', 'No target'),
  kpi('crime-in-care', 'Positive outcome rate', 'The positive outcome rate cannot be stated for December', '', 'Not enough data', 'Not known', { latest_value: '[x]', chart_svg: '' }),
];

const shiftRows = (daypart) => rowsOf({ dataset: 'crimes', from: '2017-01-01', to: '2018-01-01', daypart, group: '' })
  .filter((row) => row.b > 0).sort((a, b) => b.z - a.z).slice(0, 12)
  .map((row, index) => ({ rank: index + 1, cell: row.cell, parish: row.parish, count: row.count, expected_text: 'far more than expected (q < 0.001)', bin: row.bin, why: 'Mostly violence and public order, 22:00-02:00 (Fri night)', lat: row.lat.toFixed(5), lon: row.lon.toFixed(5) }));

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
  reports: () => ({ editions: [{ name: 'Authority 2017-Q4', period: '1 Oct 2017 to 31 Dec 2017', href: '/report', built_on: '15 Jan 2018' }] }),
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
  start: 'Start', map: 'Hotspot map', kpis: 'KPIs', patrol: 'Patrol', reports: 'Reports', anpr: 'ANPR', data: 'Data', quality: 'Data quality', audit: 'Audit',
};
