// The classes of the map: fixed breaks, the words for them, and their colours in the light and the dark theme.
// Breaks never depend on the data shown, so that weeks, and day and night, compare. The light theme's hot and cold colours
// are those of src/render/palette.rs, so that page and report agree.

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
  dark: false, land: '#f5f3ee', sea: '#e4ecf2', road: '#b9bfc6', coast: '#8a949e', parish: '#9aa3ad',
  label: '#33404d', halo: '#ffffff', hot: ['#fde0c8', '#fbb985', '#f07f3c', '#c44a0a', '#7f2704'], hotEdge: '#9c3804',
  cold: ['#b9d0e6', '#5e93c4', '#12436d'], coldEdge: '#12436d', none: '#c9ced4', chosen: '#1b1f24', casing: '#ffffff',
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

/** Class words, from the bin that the server gives: which way, and how sure. @param {string} bin such as "hot 99%" */
export function binWords(bin) {
  if (bin === 'none') return 'No clear difference';
  return `${bin.startsWith('hot') ? 'More' : 'Fewer'} than expected, ${Math.abs(binLevel(bin))}% sure`;
}

/** @param {string} bin @returns {number} -99 (surely cold) to 99 (surely hot) */
export const binLevel = (bin) => (bin.startsWith('cold') ? -1 : 1) * Number(/\d+/.exec(bin)?.[0] ?? 0);

/** `binWords`, short, for a column headed "Against expected": "More, 99% sure". @param {string} bin */
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
    { words: binWords('none'), colour: 'transparent', edge: colours.none, holds: (row) => row.bin === 'none' && Number.isFinite(row.z) },
    cold(0, 'cold 90%'), cold(1, 'cold 95%'), cold(2, 'cold 99%'),
  ];
}

/** Upper ends of the classes of a map of where next, as shares of the area. The server's are the same. */
const NEXT = [[0, 0.01, 'Likeliest 1% of the area'], [0.01, 0.02, '1 to 2% of the area'], [0.02, 0.05, '2 to 5% of the area']];

/**
 * Legend of a map of where next, likeliest first; in the colours that `hotspotFill` gives its classes.
 * @param {Palette} colours
 */
export const nextClasses = (colours) => NEXT.map(([from, to, words], at) => ({
  words, colour: colours.hot[2 - at], edge: colours.hotEdge,
  holds: (row) => row.area_share > from + 1e-9 && row.area_share <= to + 1e-9,
}));

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
export const countFill = (colours) => ['step', ['coalesce', ['get', 'n'], 0], 'rgba(0,0,0,0)',
  ...COUNTS.flatMap((from, step) => [from, colours.hot[step]])];
