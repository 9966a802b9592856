// A PNG of 8 bits a channel made small: at most 256 colours, those that stand nearest.
//
// Median cut (Heckbert, "Color image quantization for frame buffer display", 1982): the box
// of colours with the widest side is halved until there are enough of them. Screens are flat,
// so it is the edges of letters that share a colour, and nobody sees it.
import zlib from 'node:zlib';

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
const RGB = 2;
const RGBA = 6;
const INDEXED = 3;

function* chunks(png) {
  for (let at = SIGNATURE.length; at < png.length; ) {
    const n = png.readUInt32BE(at);
    yield { type: png.toString('latin1', at + 4, at + 8), data: png.subarray(at + 8, at + 8 + n) };
    at += n + 12;
  }
}

const paeth = (a, b, c) => {
  const [pa, pb, pc] = [Math.abs(b - c), Math.abs(a - c), Math.abs(a + b - 2 * c)];
  return pa <= pb && pa <= pc ? a : pb <= pc ? b : c;
};

/** What a line's filter added to each byte (PNG, section 9.2). */
const predicted = [
  () => 0,
  (a) => a,
  (a, b) => b,
  (a, b) => (a + b) >> 1,
  paeth,
];

/** Width, height and one number 0xrrggbb a pixel. */
export function decode(png) {
  let width, height, size;
  const parts = [];
  for (const { type, data } of chunks(png)) {
    if (type === 'IHDR') {
      [width, height] = [data.readUInt32BE(0), data.readUInt32BE(4)];
      size = { [RGB]: 3, [RGBA]: 4 }[data[9]];
      if (data[8] !== 8 || !size || data[12] !== 0) throw new Error('a PNG of another kind than browsers make');
    }
    if (type === 'IDAT') parts.push(data);
  }
  const raw = zlib.inflateSync(Buffer.concat(parts));
  const line = width * size;
  const pixels = new Uint32Array(width * height);
  for (let y = 0; y < height; y++) {
    const filter = predicted[raw[y * (line + 1)]];
    const at = y * (line + 1) + 1;
    for (let x = 0; x < line; x++) {
      const a = x >= size ? raw[at + x - size] : 0;
      const b = y > 0 ? raw[at + x - line - 1] : 0;
      const c = x >= size && y > 0 ? raw[at + x - line - 1 - size] : 0;
      raw[at + x] = (raw[at + x] + filter(a, b, c)) & 255;
    }
    for (let x = 0; x < width; x++) {
      const p = at + x * size;
      pixels[y * width + x] = (raw[p] << 16) | (raw[p + 1] << 8) | raw[p + 2];
    }
  }
  return { width, height, pixels };
}

const channel = (colour, i) => (colour >> (16 - 8 * i)) & 255;

/** The widest side of a box of [colour, count], and how wide it is. */
function widest(box) {
  let best = { side: 0, width: -1 };
  for (let side = 0; side < 3; side++) {
    let [low, high] = [255, 0];
    for (const [colour] of box) {
      low = Math.min(low, channel(colour, side));
      high = Math.max(high, channel(colour, side));
    }
    if (high - low > best.width) best = { side, width: high - low };
  }
  return best;
}

/** In two, with about as many pixels in each. */
function halve(box, side) {
  box.sort((a, b) => channel(a[0], side) - channel(b[0], side));
  const all = box.reduce((sum, [, n]) => sum + n, 0);
  let [at, sum] = [0, 0];
  while (at < box.length - 1 && sum < all / 2) sum += box[at++][1];
  at = Math.max(at, 1);
  return [box.slice(0, at), box.slice(at)];
}

/** The colour that most of a box has: flat areas keep theirs to the bit. */
const colourOf = (box) => box.reduce((most, one) => (one[1] > most[1] ? one : most))[0];

/** [palette, Map colour -> its number]. */
function quantize(pixels) {
  const counts = new Map();
  for (const colour of pixels) counts.set(colour, (counts.get(colour) ?? 0) + 1);
  const boxes = [{ box: [...counts], ...widest([...counts]) }];
  while (boxes.length < 256) {
    boxes.sort((a, b) => b.width - a.width);
    const { box, side, width } = boxes[0];
    if (width <= 0) break;
    boxes.splice(0, 1, ...halve(box, side).map((half) => ({ box: half, ...widest(half) })));
  }
  const numbers = new Map();
  boxes.forEach(({ box }, i) => box.forEach(([colour]) => numbers.set(colour, i)));
  return [boxes.map(({ box }) => colourOf(box)), numbers];
}

const crcs = Array.from({ length: 256 }, (_, n) => {
  for (let k = 0; k < 8; k++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1;
  return n >>> 0;
});
const crc = (bytes) => (bytes.reduce((c, byte) => crcs[(c ^ byte) & 255] ^ (c >>> 8), 0xffffffff) ^ 0xffffffff) >>> 0;

function chunk(type, data) {
  const out = Buffer.alloc(data.length + 12);
  out.writeUInt32BE(data.length, 0);
  out.write(type, 4, 'latin1');
  data.copy(out, 8);
  out.writeUInt32BE(crc(out.subarray(4, -4)), data.length + 8);
  return out;
}

/** The same picture, small. */
export function shrink(png) {
  const { width, height, pixels } = decode(png);
  const [palette, numbers] = quantize(pixels);
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, INDEXED, 0, 0, 0], 8);
  const raw = Buffer.alloc((width + 1) * height);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) raw[y * (width + 1) + 1 + x] = numbers.get(pixels[y * width + x]);
  const colours = Buffer.from(palette.flatMap((c) => [0, 1, 2].map((i) => channel(c, i))));
  return Buffer.concat([
    SIGNATURE,
    chunk('IHDR', head),
    chunk('PLTE', colours),
    chunk('IDAT', zlib.deflateSync(raw, { level: 9, memLevel: 9 })),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}
