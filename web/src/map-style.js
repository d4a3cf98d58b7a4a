// The map's style as a plain function of what is shown: MapLibre compares it with the last one and changes the difference.
import { countFill, hotspotFill, palette } from './classes.js';
import { apiParams } from './filters.js';
import { historyLayers } from './histories.js';

/** Tiles are made up to this zoom and stretched beyond it. */
const TILE_ZOOM = 14;

/** Labels are drawn from the reader's own fonts: the style has no `glyphs` to fetch. The weight is read off the first name. */
const FONT = ['Noto Sans', 'sans-serif'];
const BOLD = ['Noto Sans Bold', 'sans-serif'];

/** Datasets with tiles of counts by zoom; others show the counts of the hotspot cells. */
const COUNTED = ['crimes', 'incidents'];

/** @param {string} layer @param {URLSearchParams} [params] */
function tiles(layer, params) {
  const query = params ? `?${params}` : '';
  return { type: 'vector', tiles: [`${location.origin}/tiles/${layer}/{z}/{x}/{y}.mvt${query}`], maxzoom: TILE_ZOOM };
}

/**
 * @typedef {{lat: number, lon: number, index: number}} Chosen the selected cell: its centre, and its place in the answer,
 *   which the hotspot tiles carry as `i`
 */

/**
 * The whole style.
 * @param {import('./filters.js').View} view
 * @param {boolean} dark
 * @param {Chosen | null} chosen
 * @returns {object} a MapLibre style
 */
export function mapStyle(view, dark, chosen) {
  const colours = palette(dark);
  const hotspots = view.show === 'hotspots' || view.show === 'next';
  const emerging = view.show === 'emerging';
  const dataLayer = emerging ? 'emerging' : !hotspots && COUNTED.includes(view.dataset) ? view.dataset : 'hotspots';
  const outlined = chosen !== null && (emerging || dataLayer === 'hotspots');

  const sources = {
    base: tiles('base'),
    areas: tiles('areas'),
    data: tiles(dataLayer, apiParams(view)),
    chosen: { type: 'geojson', data: points(chosen && !outlined ? [chosen] : []) },
  };
  if (view.cameras) sources.cameras = tiles('cameras');

  const outline = (id, colour, width) => ({
    id, type: 'line', source: 'data', 'source-layer': dataLayer, filter: ['==', ['get', 'i'], outlined ? chosen.index : -1],
    layout: { 'line-join': 'round' }, paint: { 'line-color': colour, 'line-width': width },
  });
  const ring = (id, colour, width) => ({
    id, type: 'circle', source: 'chosen',
    paint: {
      'circle-color': 'rgba(0,0,0,0)', 'circle-stroke-color': colour, 'circle-stroke-width': width,
      'circle-radius': ['interpolate', ['exponential', 2], ['zoom'], 9, 8, 12, 16, 15, 120],
    },
  });

  return {
    version: 8,
    sources,
    layers: [
      { id: 'sea', type: 'background', paint: { 'background-color': colours.sea } },
      { id: 'land', type: 'fill', source: 'base', 'source-layer': 'coast', paint: { 'fill-color': colours.land } },
      ...dataLayers(view.show, dataLayer, colours),
      {
        id: 'roads', type: 'line', source: 'base', 'source-layer': 'roads', layout: { 'line-join': 'round', 'line-cap': 'round' },
        paint: {
          'line-color': colours.road,
          'line-opacity': ['match', ['get', 'class'], 'main', 0.9, 'secondary', 0.7, 0.45],
          'line-width': ['interpolate', ['linear'], ['zoom'],
            9, ['match', ['get', 'class'], 'main', 1, 'secondary', 0.5, 0.15],
            14, ['match', ['get', 'class'], 'main', 4, 'secondary', 2.5, 1.5]],
        },
      },
      {
        id: 'parishes', type: 'line', source: 'areas', 'source-layer': 'areas',
        paint: { 'line-color': colours.parish, 'line-width': 1, 'line-dasharray': [3, 2] },
      },
      { id: 'coast', type: 'line', source: 'base', 'source-layer': 'coast', paint: { 'line-color': colours.coast, 'line-width': 1.2 } },
      ...(view.cameras ? [cameraLayer(colours)] : []),
      label('parish-names', 'areas', 'areas_label', { 'text-font': BOLD, 'text-size': 12 }, colours),
      { ...label('place-names', 'base', 'places', { 'text-font': FONT, 'text-size': 12 }, colours), minzoom: 12 },
      outline('chosen-casing', colours.casing, 6), outline('chosen-line', colours.chosen, 3),
      ring('chosen-ring-casing', colours.casing, 6), ring('chosen-ring', colours.chosen, 3),
    ],
  };
}

/** The layers that speak. */
function dataLayers(show, layer, colours) {
  if (show === 'emerging') return historyLayers(layer, colours, BOLD);
  return show === 'hotspots' || show === 'next' ? hotspotLayers(layer, colours) : countLayers(layer, colours);
}

/** Hot cells have a full edge, cold ones a dashed edge, the others a faint one: colour never speaks alone. */
function hotspotLayers(layer, colours) {
  const edge = (id, filter, paint) => ({ id, type: 'line', source: 'data', 'source-layer': layer, filter, paint });
  const bin = ['coalesce', ['get', 'b'], 0];
  return [
    {
      id: 'data', type: 'fill', source: 'data', 'source-layer': layer,
      paint: { 'fill-color': hotspotFill(colours), 'fill-opacity': 0.85 },
    },
    { ...edge('data-none', ['==', bin, 0], { 'line-color': colours.none, 'line-width': 0.5 }), minzoom: 9 },
    edge('data-cold', ['<', bin, 0], { 'line-color': colours.coldEdge, 'line-width': 0.9, 'line-dasharray': [3, 2] }),
    edge('data-hot', ['>', bin, 0], { 'line-color': colours.hotEdge, 'line-width': 0.9 }),
  ];
}

function countLayers(layer, colours) {
  const some = ['>', ['coalesce', ['get', 'n'], 0], 0];
  const at = { source: 'data', 'source-layer': layer, filter: some };
  return [
    { id: 'data', type: 'fill', ...at, paint: { 'fill-color': countFill(colours), 'fill-opacity': 0.85 } },
    { id: 'data-edge', type: 'line', ...at, paint: { 'line-color': colours.hotEdge, 'line-width': 0.6 } },
  ];
}

/** Live cameras are filled, others hollow. */
function cameraLayer(colours) {
  const live = ['==', ['get', 'live'], 1];
  return {
    id: 'cameras', type: 'circle', source: 'cameras', 'source-layer': 'cameras',
    paint: {
      'circle-radius': 5, 'circle-color': ['case', live, colours.camera, colours.halo],
      'circle-stroke-color': ['case', live, colours.halo, colours.camera], 'circle-stroke-width': 2,
    },
  };
}

function label(id, source, sourceLayer, layout, colours) {
  return {
    id, type: 'symbol', source, 'source-layer': sourceLayer,
    layout: { 'text-field': ['get', 'name'], 'text-max-width': 8, 'text-padding': 4, ...layout },
    paint: { 'text-color': colours.label, 'text-halo-color': colours.halo, 'text-halo-width': 1.6 },
  };
}

const points = (all) => ({
  type: 'FeatureCollection',
  features: all.map(({ lat, lon }) => ({ type: 'Feature', properties: {}, geometry: { type: 'Point', coordinates: [lon, lat] } })),
});
