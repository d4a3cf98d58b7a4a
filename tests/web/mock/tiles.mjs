// Vector tiles of the layers, cut on request.
import { GeoJSONVT } from '@maplibre/geojson-vt';
import { fromGeojsonVt } from '@maplibre/vt-pbf';
import { cameras, cells, coast, countsAt, filterOf, historiesOf, hotspotsOf, parishes, places, roads } from './island.mjs';

const feature = (type, coordinates, properties) => ({ type: 'Feature', properties, geometry: { type, coordinates } });
const collection = (features) => ({ type: 'FeatureCollection', features });
const points = (all) => collection(all.map(({ at, ...properties }) => feature('Point', at, properties)));

const fixed = {
  base: {
    coast,
    roads: collection(roads.map((road) => feature('LineString', road.line, { class: road.class }))),
    places: points([{ name: 'Gorey', at: [-2.024, 49.199] }, { name: 'St Aubin', at: [-2.17, 49.188] }]),
  },
  areas: {
    areas: collection(parishes.features.map(({ geometry, properties }) => (
      { type: 'Feature', geometry, properties: { name: properties.parish, code: properties.parish_code } }))),
    areas_label: points(places.map(({ name, at }) => ({ name, at }))),
  },
  cameras: { cameras: points(cameras) },
};

function layersOf(layer, zoom, query) {
  if (fixed[layer]) return fixed[layer];
  const filter = filterOf(query);
  if (layer === 'hotspots') {
    return { hotspots: collection(hotspotsOf(query).map(({ i, count, z, b }, index) => feature('Polygon', [cells[index].boundary],
      { n: count, b, i, ...(z === null ? {} : { z: Math.round(z * 10) }) }))) };
  }
  if (layer === 'emerging') {
    return { emerging: collection(historiesOf(filter).map(({ category, count, hot_steps: hot, cold_steps: cold }, i) => (
      feature('Polygon', [cells[i].boundary], { category, n: count, hot, cold, i })))) };
  }
  if (layer === 'crimes' || layer === 'incidents') {
    const resolution = zoom <= 9 ? 7 : zoom === 10 ? 8 : zoom <= 12 ? 9 : 10;
    const counts = countsAt({ ...filter, dataset: layer }, resolution);
    return { [layer]: collection(counts.map(({ n, boundary }) => feature('Polygon', [boundary], { n }))) };
  }
  return null;
}

const indexes = new Map();

/** @returns {Uint8Array | null | undefined} bytes; null when empty; undefined when there is no such layer */
export function tile(layer, zoom, x, y, query) {
  const key = `${layer}?${query}${fixed[layer] || layer === 'hotspots' || layer === 'emerging' ? '' : zoom}`;
  if (!indexes.has(key)) {
    const layers = layersOf(layer, zoom, query);
    if (!layers) return undefined;
    indexes.set(key, Object.entries(layers).map(([name, data]) => (
      [name, new GeoJSONVT(data, { maxZoom: 14, indexMaxZoom: 0, buffer: 128, extent: 4096, tolerance: 1 })])));
  }
  const cut = indexes.get(key).map(([name, index]) => [name, index.getTile(zoom, x, y)]).filter(([, each]) => each?.features.length);
  return cut.length === 0 ? null : fromGeojsonVt(Object.fromEntries(cut), { version: 2 });
}
