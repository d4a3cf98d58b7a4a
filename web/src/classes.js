// The classes of the map: fixed breaks, the words for them, and their colours in the light and the dark theme.
// Breaks never depend on the data shown, so that weeks, and day and night, compare.

/** Breaks of z that divide "hot at 99 %", in tenths as the tiles carry it. */
const Z_TENTHS = [50, 100];

/** Lower ends of the count classes. */
const COUNTS = [1, 2, 5, 10, 20];

/**
 * Hot: one hue in five steps; on the dark theme the brightest is the hottest. Cold: a second hue in three.
 * @typedef {{dark: boolean, land: string, sea: string, road: string, coast: string, parish: string, label: string,
 *   halo: string, hot: string[], hotEdge: string, cold: string[], coldEdge: string, none: string, chosen: string,
 *   casing: string, camera: string}} Palette
 */

/** @type {Palette} */
const LIGHT = {
  dark: false, land: '#f7f7f4', sea: '#dfe6ec', road: '#b9bfc6', coast: '#8a949e', parish: '#9aa3ad',
  label: '#33404d', halo: '#ffffff', hot: ['#fdd9b5', '#fdae6b', '#f0752b', '#c94a05', '#7f2704'], hotEdge: '#a63603',
  cold: ['#d3e3f0', '#9cc3de', '#4a90c4'], coldEdge: '#2c6a9c', none: '#c9ced4', chosen: '#1b1f24', casing: '#ffffff',
  camera: '#801650',
};

/** @type {Palette} */
const DARK = {
  dark: true, land: '#20262d', sea: '#12161b', road: '#475059', coast: '#6b7681', parish: '#59636d',
  label: '#d5dbe1', halo: '#14181d', hot: ['#5c2507', '#96400a', '#d2640f', '#f99b4a', '#ffdcb0'], hotEdge: '#e08a45',
  cold: ['#1d3a52', '#2b5f88', '#4a90c4'], coldEdge: '#7ab3dc', none: '#39424b', chosen: '#ffffff', casing: '#14181d',
  camera: '#d99bc0',
};

/** @param {boolean} dark @returns {Palette} */
export const palette = (dark) => (dark ? DARK : LIGHT);

/** Class words, from the bin that the server gives. "99" is the confidence: how sure, not how many. */
const WORDS = {
  'hot 99%': 'Far more than expected', 'hot 95%': 'More than expected', 'hot 90%': 'Perhaps more than expected',
  none: 'As expected', 'cold 90%': 'Perhaps fewer than expected', 'cold 95%': 'Fewer than expected',
  'cold 99%': 'Far fewer than expected',
};

/** @param {string | null} bin @returns {string} such as "Far more than expected (99%)" */
export function binWords(bin) {
  if (bin === null || bin === undefined) return '[x]';
  const confidence = /\d+%/.exec(bin);
  return (WORDS[bin] ?? bin) + (confidence ? ` (${confidence[0]})` : '');
}

/** @param {string | null} bin @returns {number} -99 (surely cold) to 99 (surely hot) */
export const binLevel = (bin) => (bin?.startsWith('cold') ? -1 : 1) * Number(/\d+/.exec(bin ?? '')?.[0] ?? 0);

/** `binWords`, short, for a column headed "Against expected": "Far more (99%)". @param {string | null} bin */
export const binShort = (bin) => binWords(bin).replace(' than expected', '');

/**
 * Legend of the hotspot map, hottest first.
 * @param {Palette} colours
 * @returns {{words: string, colour: string, edge: string, dashed?: boolean, holds: (row: any) => boolean}[]}
 */
export function hotspotClasses(colours) {
  const [low, high] = Z_TENTHS.map((tenths) => tenths / 10);
  const tenths = (row) => Math.round(row.z * 10) / 10;
  const hot99 = (row) => row.bin === 'hot 99%';
  const is = (bin) => (row) => row.bin === bin;
  const hot = (step, words, holds) => ({ words, colour: colours.hot[step], edge: colours.hotEdge, holds });
  const cold = (step, bin) => ({
    words: binWords(bin), colour: colours.cold[step], edge: colours.coldEdge, dashed: true, holds: is(bin),
  });
  return [
    hot(4, `${binWords('hot 99%')}, z ${high} and over`, (row) => hot99(row) && tenths(row) >= high),
    hot(3, `${binWords('hot 99%')}, z ${low} to ${high}`, (row) => hot99(row) && tenths(row) >= low && tenths(row) < high),
    hot(2, `${binWords('hot 99%')}, z under ${low}`, (row) => hot99(row) && tenths(row) < low),
    hot(1, binWords('hot 95%'), is('hot 95%')),
    hot(0, binWords('hot 90%'), is('hot 90%')),
    { words: `${WORDS.none} (no clear difference)`, colour: 'transparent', edge: colours.none, holds: (row) => row.bin === 'none' && Number.isFinite(row.z) },
    cold(0, 'cold 90%'), cold(1, 'cold 95%'), cold(2, 'cold 99%'),
  ];
}

/** Fill of a hotspot cell, a MapLibre expression over `b` (bin, -3 to 3) and `z` (tenths). */
export const hotspotFill = (colours) => ['match', ['coalesce', ['get', 'b'], 0],
  3, ['step', ['coalesce', ['get', 'z'], 0], colours.hot[2], Z_TENTHS[0], colours.hot[3], Z_TENTHS[1], colours.hot[4]],
  2, colours.hot[1], 1, colours.hot[0],
  -1, colours.cold[0], -2, colours.cold[1], -3, colours.cold[2],
  'rgba(0,0,0,0)'];

/**
 * Legend of the count maps, highest first.
 * @param {Palette} colours
 * @returns {{words: string, colour: string, edge: string, holds: (row: any) => boolean}[]}
 */
export const countClasses = (colours) => COUNTS.map((from, step) => {
  const next = COUNTS[step + 1];
  const words = !next ? `${from} or more` : next === from + 1 ? `${from}` : `${from} to ${next - 1}`;
  const holds = (row) => row.count >= from && (!next || row.count < next);
  return { words, colour: colours.hot[step], edge: colours.hotEdge, holds };
}).reverse();

/** Fill of a counted cell, a MapLibre expression over `n`. */
export const countFill = (colours) => ['step', ['get', 'n'], 'rgba(0,0,0,0)',
  ...COUNTS.flatMap((from, step) => [from, colours.hot[step]])];
