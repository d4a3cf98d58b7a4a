// Histories of cells on the map: every category in words, with a letter and an edge, so that colour never speaks alone.
// Colours and order are those of src/render/emerging.rs.

/** Category, letter on the map, what it means, step of the colour ramp: dark is new, light comes and goes. */
const PATTERNS = [
  ['new', 'N', 'in the last step for the first time', 'dark'],
  ['consecutive', 'C', 'one run of steps up to the last, none before', 'middle'],
  ['intensifying', 'I', 'nearly always, and stronger', 'middle'],
  ['persistent', 'P', 'nearly always, no trend', 'middle'],
  ['diminishing', 'D', 'nearly always, and weaker', 'middle'],
  ['sporadic', 'S', 'on and off, and in the last step', 'light'],
  ['oscillating', 'O', 'in the last step, once the opposite', 'light'],
  ['historical', 'H', 'nearly always, but not in the last step', 'light'],
];

/** Places in the hot and the cold ramp of the palette. */
const TONES = { dark: [4, 2], middle: [2, 1], light: [1, 0] };

const KINDS = ['hot', 'cold'].flatMap((side) => PATTERNS.map(([word, letter, about, tone]) => (
  { category: `${word} ${side}`, letter, about, side, tone: TONES[tone][side === 'hot' ? 0 : 1] })));

/** Place of a category in the order in which it deserves a look; what has none comes last. @param {string} category */
export const rankOf = (category) => {
  const place = KINDS.findIndex((kind) => kind.category === category);
  return place === -1 ? KINDS.length : place;
};

const capital = (words) => words.charAt(0).toUpperCase() + words.slice(1);
const colourOf = (kind, colours) => (kind.side === 'hot' ? colours.hot : colours.cold)[kind.tone];

/** `New hot`, or that there is none. @param {string} category */
export const categoryWords = (category) => (category === 'none' ? 'No pattern' : capital(category));

/**
 * Legend of the histories, hot ones first.
 * @param {import('./classes.js').Palette} colours
 */
export const historyClasses = (colours) => [
  ...KINDS.map((kind) => ({
    words: `${capital(kind.category)}: ${kind.about}`, letter: kind.letter, colour: colourOf(kind, colours),
    edge: kind.side === 'hot' ? colours.hotEdge : colours.coldEdge, dashed: kind.side === 'cold',
    holds: (row) => row.category === kind.category,
  })),
  { words: 'No pattern', colour: 'transparent', edge: colours.none, holds: (row) => row.category === 'none' },
];

const CATEGORY = ['coalesce', ['get', 'category'], 'none'];
const SIDE = (side) => ['in', ` ${side}`, CATEGORY];

/** Layers of the histories: fill by category, edge by side, a letter where cells are large enough to hold one. */
export function historyLayers(layer, colours, font) {
  const at = { source: 'data', 'source-layer': layer };
  const edge = (id, filter, paint) => ({ id, type: 'line', ...at, filter, paint });
  const some = ['!=', CATEGORY, 'none'];
  return [
    {
      id: 'data', type: 'fill', ...at,
      paint: {
        'fill-color': ['match', CATEGORY, ...KINDS.flatMap((kind) => [kind.category, colourOf(kind, colours)]), 'rgba(0,0,0,0)'],
        'fill-opacity': 0.85,
      },
    },
    { ...edge('data-none', ['==', CATEGORY, 'none'], { 'line-color': colours.none, 'line-width': 0.5 }), minzoom: 9 },
    edge('data-cold', SIDE('cold'), { 'line-color': colours.coldEdge, 'line-width': 0.9, 'line-dasharray': [3, 2] }),
    edge('data-hot', SIDE('hot'), { 'line-color': colours.hotEdge, 'line-width': 0.9 }),
    {
      id: 'data-letters', type: 'symbol', ...at, filter: some, minzoom: 11,
      layout: {
        'text-field': ['match', CATEGORY, ...KINDS.flatMap((kind) => [kind.category, kind.letter]), ''],
        'text-font': font, 'text-size': ['interpolate', ['linear'], ['zoom'], 11, 10, 14, 18], 'text-padding': 0,
      },
      paint: { 'text-color': colours.label, 'text-halo-color': colours.halo, 'text-halo-width': 1.6 },
    },
  ];
}

/** How many cells became hot of late, and how many have another history. @param {any} answer @param {string} what */
export function historyFinding(answer, what) {
  const with_ = (test) => answer.rows.filter((row) => test(row.category)).length;
  const notable = with_((category) => category !== 'none');
  const young = with_((category) => ['new hot', 'consecutive hot', 'intensifying hot'].includes(category));
  const cells = (n) => (n === 1 ? '1 cell' : `${n.toLocaleString('en-GB')} cells`);
  const reason = answer.provenance.undefined_reason;
  if (notable === 0 && reason) return `Where ${what} emerge cannot be said: ${reason}.`;
  if (notable === 0) return `No cell of ${answer.rows.length.toLocaleString('en-GB')} has a history of ${what} that stands out.`;
  if (young === 0) return `No new hot spot of ${what}; ${cells(notable)} with another history.`;
  const others = notable === young ? '' : `; ${cells(notable - young)} with another history`;
  return `${cells(young)} newly or ever more hot with ${what}${others}.`;
}

/** Steps in words: "13 steps of 28 days". @param {any} provenance */
export function stepWords({ parameters }) {
  const count = parameters.steps.split(' from ')[0];
  if (parameters.step === 'week' || parameters.step === 'month') return `${count} ${parameters.step}s`;
  return `${count} steps of ${parameters.step.replace('d', '')} days`;
}
