// Reading a screenshot: a small PNG decoder (8 bits a channel, not interlaced, as Chromium writes) and what tests ask of it.
import { inflateSync } from 'node:zlib';

/** @param {Buffer} png @returns {{width: number, height: number, channels: number, data: Uint8Array}} */
export function decode(png) {
  const width = png.readUInt32BE(16);
  const height = png.readUInt32BE(20);
  const channels = { 2: 3, 6: 4 }[png[25]];
  if (png[24] !== 8 || !channels || png[28] !== 0) throw new Error('not an 8-bit, non-interlaced RGB or RGBA PNG');
  const parts = [];
  for (let at = 8; at < png.length;) {
    const length = png.readUInt32BE(at);
    if (png.toString('latin1', at + 4, at + 8) === 'IDAT') parts.push(png.subarray(at + 8, at + 8 + length));
    at += length + 12;
  }
  const raw = inflateSync(Buffer.concat(parts));
  const stride = width * channels;
  const data = new Uint8Array(stride * height);
  for (let y = 0; y < height; y += 1) {
    const filter = raw[y * (stride + 1)];
    for (let x = 0; x < stride; x += 1) {
      const left = x >= channels ? data[y * stride + x - channels] : 0;
      const up = y > 0 ? data[(y - 1) * stride + x] : 0;
      const corner = x >= channels && y > 0 ? data[(y - 1) * stride + x - channels] : 0;
      data[y * stride + x] = raw[y * (stride + 1) + 1 + x] + [0, left, up, (left + up) >> 1, paeth(left, up, corner)][filter];
    }
  }
  return { width, height, channels, data };
}

function paeth(left, up, corner) {
  const guess = left + up - corner;
  const [l, u, c] = [Math.abs(guess - left), Math.abs(guess - up), Math.abs(guess - corner)];
  return l <= u && l <= c ? left : u <= c ? up : corner;
}

/** Mean and variance of the brightness (0-255), and how many colours cover at least 0.05 % of the picture. */
export function measure({ width, height, channels, data }) {
  const colours = new Map();
  let sum = 0;
  let squares = 0;
  for (let at = 0; at < data.length; at += channels) {
    const light = (data[at] + data[at + 1] + data[at + 2]) / 3;
    sum += light;
    squares += light * light;
    const colour = (data[at] << 16) | (data[at + 1] << 8) | data[at + 2];
    colours.set(colour, (colours.get(colour) ?? 0) + 1);
  }
  const n = width * height;
  const mean = sum / n;
  return { mean, variance: squares / n - mean * mean, colours: [...colours.values()].filter((times) => times > n / 2000).length };
}

/** Share of pixels that differ by more than 8 in a channel. */
export function difference(a, b) {
  if (a.width !== b.width || a.height !== b.height) return 1;
  let differing = 0;
  for (let at = 0; at < a.data.length; at += a.channels) {
    if ([0, 1, 2].some((channel) => Math.abs(a.data[at + channel] - b.data[at + channel]) > 8)) differing += 1;
  }
  return differing / (a.width * a.height);
}
