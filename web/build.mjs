// Copies the page's assets into one flat folder: our modules and styles, and the unmodified files of MapLibre GL.
// Usage: node build.mjs OUT
import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const web = dirname(fileURLToPath(import.meta.url));
const out = process.argv[2];
if (!out) {
  console.error('usage: node build.mjs OUT');
  process.exit(2);
}

const maplibre = ['maplibre-gl.mjs', 'maplibre-gl-worker.mjs', 'maplibre-gl.css']
  .map((file) => join('node_modules/maplibre-gl/dist', file));
const modules = (await readdir(join(web, 'src'))).filter((file) => file.endsWith('.js')).sort()
  .map((file) => join('src', file));

await mkdir(out, { recursive: true });
for (const file of [...maplibre, ...modules, 'style.css', 'icon.svg']) {
  await copyFile(join(web, file), join(out, basename(file)));
}
await writeFile(join(out, 'third-party-licences.txt'), await licences());

/** The licence of every package whose code is in the copied files: MapLibre GL is a bundle of its dependencies. */
async function licences() {
  const lock = JSON.parse(await readFile(join(web, 'package-lock.json'), 'utf8'));
  const parts = ['Third-party code in the pages of vigie, with the licence of each package.\n'];
  for (const [folder, entry] of Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (!folder || entry.dev || folder.includes('@types/')) continue;
    const name = folder.replace(/^.*node_modules\//, '');
    const files = (await readdir(join(web, folder))).filter((file) => /^(licen[cs]e|copying|notice)/i.test(file)).sort();
    const texts = await Promise.all(files.map((file) => readFile(join(web, folder, file), 'utf8')));
    parts.push(`${'='.repeat(78)}\n${name} ${entry.version} (${entry.license ?? 'see below'})\n\n${texts.join('\n').trim()}\n`);
  }
  return parts.join('\n');
}
