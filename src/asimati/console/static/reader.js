// Reads a QR code on a picture, in a worker beside the page: what the door's camera sees is read here, with or without
// a network, in browsers that cannot read codes themselves. Versions 1 to 20 of ISO/IEC 18004 (a ticket is version 8).
//
// The way: what is darker than its surroundings; three eyes by their 1:1:3:1:1; the fourth corner where the patterns
// that every code has (alignment, timing) fit best, so that a ticket held askew is read; then bits, Reed-Solomon, text.
"use strict";

const MOST = 20; // the greatest version looked for
const CLEAR = 24; // how much darker or lighter than around it a spot is that leaves no doubt, of 255

// --- light and dark ------------------------------------------------------------------------------------------------

// A picture as brightness, and how bright it is around each spot (the mean of a square of 2 * reach + 1).
function grey(rgba, width, height) {
  const light = new Uint8Array(width * height);
  for (let i = 0, j = 0; i < light.length; i++, j += 4) light[i] = (rgba[j] * 77 + rgba[j + 1] * 151 + rgba[j + 2] * 28) >> 8;
  return { light, width, height };
}

// `soft` takes each spot together with its neighbours that far away, which calms a noisy picture and dulls a sharp one.
function darkness({ light, width, height }, reach, soft) {
  const sums = new Float64Array((width + 1) * (height + 1));
  for (let y = 0; y < height; y++) {
    let row = 0;
    for (let x = 0; x < width; x++) {
      row += light[y * width + x];
      sums[(y + 1) * (width + 1) + x + 1] = sums[y * (width + 1) + x + 1] + row;
    }
  }
  const mean = (x, y, far) => {
    const left = Math.max(0, x - far), right = Math.min(width, x + far + 1);
    const top = Math.max(0, y - far), bottom = Math.min(height, y + far + 1), row = width + 1;
    return (sums[bottom * row + right] - sums[bottom * row + left] - sums[top * row + right] + sums[top * row + left]) / ((bottom - top) * (right - left));
  };
  const dark = new Float32Array(width * height); // -1 surely light … 1 surely dark
  for (let y = 0, i = 0; y < height; y++)
    for (let x = 0; x < width; x++, i++) {
      const here = soft ? mean(x, y, soft) : light[i];
      dark[i] = Math.max(-1, Math.min(1, (mean(x, y, reach) - 2 - here) / CLEAR));
    }
  return { dark, width, height, at: (x, y) => (x >= 0 && y >= 0 && x < width && y < height ? dark[(y | 0) * width + (x | 0)] : -1) };
}

// --- the three eyes ------------------------------------------------------------------------------------------------

const like = (runs) => {
  const module = (runs[0] + runs[1] + runs[2] + runs[3] + runs[4]) / 7;
  return module >= 1 && runs.every((run, i) => Math.abs(run - module * (i === 2 ? 3 : 1)) < module * (i === 2 ? 1.2 : 0.7));
};

// From a dark spot to both sides along x or y: the five runs through an eye, and its middle on that line.
function across(seen, x, y, dx, dy) {
  const runs = [0, 0, 0, 0, 0], limit = Math.max(seen.width, seen.height);
  let ends = 0;
  for (const way of [1, -1]) {
    let px = way === 1 ? x : x - dx, py = way === 1 ? y : y - dy;
    for (let part = 0; part < 3; part++) {
      const dark = part !== 1, run = 2 + way * part;
      let steps = 0;
      while (px >= 0 && py >= 0 && px < seen.width && py < seen.height && seen.at(px, py) > 0 === dark && steps++ < limit) {
        runs[run]++;
        px += way * dx;
        py += way * dy;
      }
      if (!runs[run]) return null;
      if (part === 0) ends += dx ? px : py;
    }
  }
  return like(runs) ? { middle: (ends + 1) / 2, module: (runs[0] + runs[1] + runs[2] + runs[3] + runs[4]) / 7 } : null;
}

function eyes(seen) {
  const found = [];
  for (let y = 0; y < seen.height; y++) {
    let runs = [], start = 0, dark = false;
    for (let x = 0; x <= seen.width; x++) {
      const now = x < seen.width && seen.dark[y * seen.width + x] > 0;
      if (now === dark && x < seen.width) continue;
      if (dark || runs.length) runs.push(x - start);
      start = x;
      if (dark && runs.length >= 5) {
        const five = runs.slice(-5);
        if (like(five)) look(seen, x - five[4] - five[3] - five[2] / 2, y, found);
      }
      if (runs.length > 9) runs = runs.slice(-6);
      dark = now;
    }
  }
  return found.filter((eye) => eye.times > 1).sort((a, b) => b.times - a.times).slice(0, 14);
}

function look(seen, x, y, found) {
  const down = across(seen, Math.floor(x), y, 0, 1);
  if (!down) return;
  const over = across(seen, Math.floor(x), Math.floor(down.middle), 1, 0);
  if (!over) return;
  const eye = { x: over.middle, y: down.middle, module: (over.module + down.module) / 2, times: 1 };
  const known = found.find((one) => Math.hypot(one.x - eye.x, one.y - eye.y) < 2.5 * one.module);
  if (!known) return void found.push(eye);
  for (const part of ["x", "y", "module"]) known[part] = (known[part] * known.times + eye[part]) / (known.times + 1);
  known.times++;
}

// How long a module is at an eye in a direction: its ring ends 3.5 modules from the middle on each side.
function moduleAlong(seen, eye, toward) {
  const far = Math.hypot(toward.x, toward.y), dx = toward.x / far, dy = toward.y / far;
  let whole = 0;
  for (const way of [1, -1]) {
    let step = 0, changes = 0, was = true;
    while (changes < 3 && step < far) {
      step += 0.5;
      const now = seen.at(eye.x + way * step * dx, eye.y + way * step * dy) > 0;
      if (now !== was) changes++;
      was = now;
    }
    whole += step;
  }
  return whole / 7;
}

// Each three eyes that can be a code's, the likeliest first: corner, the one to its right, the one below it.
function threes(seen, found) {
  const able = [];
  for (const corner of found)
    for (const a of found)
      for (const b of found) {
        if (a === corner || b === corner || a === b) continue;
        const ax = a.x - corner.x, ay = a.y - corner.y, bx = b.x - corner.x, by = b.y - corner.y;
        if (ax * by - ay * bx <= 0) continue; // seen from the front, the left eye below is clockwise of the right one
        const al = Math.hypot(ax, ay), bl = Math.hypot(bx, by);
        const lean = Math.abs(ax * bx + ay * by) / (al * bl), uneven = Math.abs(Math.log(al / bl));
        const sizes = [corner.module, a.module, b.module];
        const spread = Math.log(Math.max(...sizes) / Math.min(...sizes));
        if (lean > 0.8 || uneven > 0.9 || spread > 1) continue;
        const seldom = [corner, a, b].reduce((sum, eye) => sum - Math.min(1, eye.times / (1.5 * eye.module)), 3);
        able.push({ corner, right: a, below: b, doubt: lean + uneven / 2 + spread / 2 + 1.5 * seldom });
      }
  return able.sort((a, b) => a.doubt - b.doubt).slice(0, 8);
}

// --- the plane of the code -----------------------------------------------------------------------------------------

// The map from modules to the picture that takes the middles of the four eyes (the fourth is thought) to four points.
function plane(size, [p, q, r, s]) {
  const dx1 = q.x - s.x, dx2 = r.x - s.x, dx3 = p.x - q.x + s.x - r.x;
  const dy1 = q.y - s.y, dy2 = r.y - s.y, dy3 = p.y - q.y + s.y - r.y;
  const whole = dx1 * dy2 - dx2 * dy1, span = size - 7;
  const g = (dx3 * dy2 - dx2 * dy3) / whole, h = (dx1 * dy3 - dx3 * dy1) / whole;
  const a = q.x - p.x + g * q.x, b = r.x - p.x + h * r.x, d = q.y - p.y + g * q.y, e = r.y - p.y + h * r.y;
  return { a, b, c: p.x, d, e, f: p.y, g, h, span };
}

// How dark the picture is at a place in modules.
function sample(seen, { a, b, c, d, e, f, g, h, span }, column, row) {
  const u = (column - 3.5) / span, v = (row - 3.5) / span, depth = g * u + h * v + 1;
  return seen.at((a * u + b * v + c) / depth, (d * u + e * v + f) / depth);
}

function alignments(version) {
  if (version === 1) return [];
  const many = Math.floor(version / 7) + 2, size = 17 + 4 * version;
  const step = Math.ceil((version * 4 + 4) / (many * 2 - 2)) * 2;
  const places = [6, ...Array.from({ length: many - 1 }, (_, i) => size - 7 - (many - 2 - i) * step)];
  return places.flatMap((row) => places.map((column) => [column, row])).filter(
    ([column, row]) => !((column === 6 && (row === 6 || row === size - 7)) || (row === 6 && column === size - 7)));
}

// What every code of a version shows alike: columns and rows of modules, and whether they are dark (1) or light (-1).
const patterns = new Map();
function pattern(version) {
  if (patterns.has(version)) return patterns.get(version);
  const size = 17 + 4 * version, coarse = [], eyesOf = [];
  for (let i = 8; i < size - 8; i++) coarse.push([i, 6, i % 2 ? -1 : 1], [6, i, i % 2 ? -1 : 1]);
  for (const [column, row] of alignments(version))
    for (let y = -2; y <= 2; y++) for (let x = -2; x <= 2; x++)
      coarse.push([column + x, row + y, Math.max(Math.abs(x), Math.abs(y)) === 1 ? -1 : 1]);
  for (const [left, top] of [[0, 0], [size - 7, 0], [0, size - 7]])
    for (let y = 0; y < 7; y++) for (let x = 0; x < 7; x++) {
      const ring = Math.max(Math.abs(x - 3), Math.abs(y - 3));
      eyesOf.push([left + x, top + y, ring === 2 ? -1 : 1]);
    }
  const made = { size, coarse: Float32Array.from(coarse.flat()), whole: Float32Array.from([...coarse, ...eyesOf].flat()) };
  patterns.set(version, made);
  return made;
}

function fits(seen, map, modules) {
  let sum = 0;
  for (let i = 0; i < modules.length; i += 3) sum += modules[i + 2] * sample(seen, map, modules[i] + 0.5, modules[i + 1] + 0.5);
  return (3 * sum) / modules.length;
}

// Where the fourth corner is thought to be. An eye farther away is smaller: its area goes with the third power of how
// far it is, and how far the fourth is follows from the three, since the sheet is flat.
function fourth({ corner, right, below }, areas, version) {
  if (version === 1) areas = [1, 1, 1]; // too small for a guess to be better than none
  const [c, r, b] = areas.map((area) => Math.cbrt(1 / area)), far = Math.max(r + b - c, c / 3);
  return { x: (right.x * r + below.x * b - corner.x * c) / far, y: (right.y * r + below.y * b - corner.y * c) / far };
}

// The four corners at which the known patterns fit best: the fourth is sought around where it is thought, then all four
// are moved a little.
function fitted(seen, { corner, right, below }, version, module, thought) {
  const { size, coarse, whole } = pattern(version);
  let best = { fit: -1 };
  const reach = version === 1 ? 0 : Math.min(9, Math.ceil(size / 5));
  const ux = (right.x - corner.x) / (size - 7), uy = (right.y - corner.y) / (size - 7);
  const vx = (below.x - corner.x) / (size - 7), vy = (below.y - corner.y) / (size - 7);
  for (let i = -reach; i <= reach; i++)
    for (let j = -reach; j <= reach; j++) {
      const points = [corner, right, below, { x: thought.x + i * ux + j * vx, y: thought.y + i * uy + j * vy }];
      const fit = fits(seen, plane(size, points), coarse);
      if (fit > best.fit) best = { fit, points };
    }
  if (!best.points) return best;
  best = { fit: fits(seen, plane(size, best.points), whole), points: best.points };
  for (const step of [0.6, 0.3, 0.15])
    for (let round = 0; round < 2; round++)
      for (const which of [3, 0, 1, 2])
        for (const [i, j] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
          const points = best.points.map((point, n) => (n === which ? { x: point.x + i * step * module, y: point.y + j * step * module } : point));
          const fit = fits(seen, plane(size, points), whole);
          if (fit > best.fit) best = { fit, points };
        }
  return { ...best, version };
}

// --- bits ----------------------------------------------------------------------------------------------------------

const bitsOf = (value) => { let many = 0; for (; value; value &= value - 1) many++; return many; };

// The 32 format words: level and mask with their ten bits of correction, masked as on the code.
const FORMATS = Array.from({ length: 32 }, (_, data) => {
  let rest = data << 10;
  for (let bit = 14; bit >= 10; bit--) if (rest & (1 << bit)) rest ^= 0x537 << (bit - 10);
  return ((data << 10) | rest) ^ 0x5412;
});
const LEVELS = ["M", "L", "H", "Q"]; // by their two bits

function formatOf(dark, size) {
  const first = [], second = [];
  for (let i = 0; i < 15; i++) {
    const [x, y] = i < 6 ? [i, 8] : i === 6 ? [7, 8] : i === 7 ? [8, 8] : i === 8 ? [8, 7] : [8, 14 - i];
    first.push(dark(x, y));
    second.push(i < 7 ? dark(8, size - 1 - i) : dark(size - 15 + i, 8));
  }
  let best = { away: 4 };
  for (const bits of [first, second]) {
    const word = bits.reduce((all, bit) => (all << 1) | bit, 0);
    FORMATS.forEach((format, data) => {
      const away = bitsOf(format ^ word);
      if (away < best.away) best = { away, level: LEVELS[data >> 3], mask: data & 7 };
    });
  }
  return best.level ? best : null;
}

const MASKS = [
  (x, y) => (x + y) % 2, (x, y) => y % 2, (x) => x % 3, (x, y) => (x + y) % 3,
  (x, y) => (Math.floor(y / 2) + Math.floor(x / 3)) % 2, (x, y) => ((x * y) % 2) + ((x * y) % 3),
  (x, y) => (((x * y) % 2) + ((x * y) % 3)) % 2, (x, y) => (((x + y) % 2) + ((x * y) % 3)) % 2,
];

// The codewords as they stand on the code: two columns at a time from the right, up and down, around the patterns.
function codewords(dark, version, mask) {
  const size = 17 + 4 * version, taken = new Uint8Array(size * size);
  const take = (left, top, wide, high) => { for (let y = top; y < top + high; y++) taken.fill(1, y * size + left, y * size + left + wide); };
  take(0, 0, 9, 9); take(size - 8, 0, 8, 9); take(0, size - 8, 9, 8); take(6, 0, 1, size); take(0, 6, size, 1);
  for (const [column, row] of alignments(version)) take(column - 2, row - 2, 5, 5);
  if (version > 6) { take(size - 11, 0, 3, 6); take(0, size - 11, 6, 3); }
  const words = [];
  let word = 0, bits = 0, up = true;
  for (let right = size - 1; right > 0; right -= 2, up = !up) {
    if (right === 6) right--;
    for (let step = 0; step < size; step++)
      for (const x of [right, right - 1]) {
        const y = up ? size - 1 - step : step;
        if (taken[y * size + x]) continue;
        word = (word << 1) | (dark(x, y) ^ (MASKS[mask](x, y) === 0 ? 1 : 0));
        if (++bits === 8) { words.push(word); word = bits = 0; }
      }
  }
  return words;
}

// --- Reed and Solomon ----------------------------------------------------------------------------------------------

const POWER = new Uint8Array(512), LOG = new Uint8Array(256);
for (let i = 0, value = 1; i < 255; i++) {
  POWER[i] = POWER[i + 255] = value;
  LOG[value] = i;
  value = (value << 1) ^ (value & 128 ? 0x11d : 0);
}
const times = (a, b) => (a && b ? POWER[LOG[a] + LOG[b]] : 0);
const over = (a, b) => (a ? POWER[LOG[a] + 255 - LOG[b]] : 0);
const value = (polynomial, x) => polynomial.reduceRight((sum, part) => times(sum, x) ^ part, 0); // lowest power first

// The block with its faults mended, in place; false where there are more than its correction can find.
function mend(block, correcting) {
  const syndromes = Array.from({ length: correcting }, (_, i) => block.reduce((sum, word) => times(sum, POWER[i]) ^ word, 0));
  if (syndromes.every((one) => one === 0)) return true;
  let locator = [1], before = [1], gap = 1, scale = 1, faults = 0; // Berlekamp and Massey
  for (let n = 0; n < correcting; n++) {
    let off = syndromes[n];
    for (let i = 1; i <= faults; i++) off ^= times(locator[i] ?? 0, syndromes[n - i]);
    if (off === 0) { gap++; continue; }
    const kept = [...locator], factor = over(off, scale);
    before.forEach((part, i) => (locator[i + gap] = (locator[i + gap] ?? 0) ^ times(factor, part)));
    for (let i = 0; i < locator.length; i++) locator[i] ??= 0;
    if (2 * faults <= n) { faults = n + 1 - faults; before = kept; scale = off; gap = 1; } else gap++;
  }
  if (2 * faults > correcting) return false;
  const sizes = Array.from({ length: faults }, (_, i) => { // the evaluator, cut at the number of faults
    let sum = 0;
    for (let j = 0; j <= i; j++) sum ^= times(syndromes[j], locator[i - j] ?? 0);
    return sum;
  });
  let mended = 0;
  for (let place = 0; place < block.length; place++) {
    const inverse = POWER[(255 - place) % 255];
    if (value(locator, inverse) !== 0) continue;
    let slope = 0;
    for (let i = 1; i < locator.length; i += 2) slope ^= times(locator[i], POWER[(LOG[inverse] * (i - 1)) % 255]);
    if (!slope) return false;
    block[block.length - 1 - place] ^= times(POWER[place], over(value(sizes, inverse), slope));
    mended++;
  }
  return mended === faults;
}

// By level, for each version from 1: the correcting words of a block, and the blocks.
const CORRECTING = {
  L: [7, 10, 15, 20, 26, 18, 20, 24, 30, 18, 20, 24, 26, 30, 22, 24, 28, 30, 28, 28],
  M: [10, 16, 26, 18, 24, 16, 18, 22, 22, 26, 30, 22, 22, 24, 24, 28, 28, 26, 26, 26],
  Q: [13, 22, 18, 26, 18, 24, 18, 22, 20, 24, 28, 26, 24, 20, 30, 24, 28, 28, 26, 30],
  H: [17, 28, 22, 16, 22, 28, 26, 26, 24, 28, 24, 28, 22, 24, 24, 30, 28, 28, 26, 28],
};
const BLOCKS = {
  L: [1, 1, 1, 1, 1, 2, 2, 2, 2, 4, 4, 4, 4, 4, 6, 6, 6, 6, 7, 8],
  M: [1, 1, 1, 2, 2, 4, 4, 4, 5, 5, 5, 8, 9, 9, 10, 10, 11, 13, 14, 16],
  Q: [1, 1, 2, 2, 4, 4, 6, 6, 8, 8, 8, 10, 12, 16, 12, 17, 16, 18, 21, 20],
  H: [1, 1, 2, 4, 4, 4, 5, 6, 8, 8, 11, 11, 16, 16, 18, 16, 19, 21, 25, 25],
};

// The data of a code: its words dealt back to their blocks, each mended.
function dataOf(words, version, level) {
  const correcting = CORRECTING[level][version - 1], many = BLOCKS[level][version - 1];
  const short = Math.floor(words.length / many) - correcting, longer = words.length % many;
  const blocks = Array.from({ length: many }, () => []);
  let next = 0;
  for (let i = 0; i <= short; i++) blocks.forEach((block, n) => { if (i < short || n >= many - longer) block.push(words[next++]); });
  for (let i = 0; i < correcting; i++) for (const block of blocks) block.push(words[next++]);
  if (!blocks.every((block) => mend(block, correcting))) return null;
  return blocks.flatMap((block) => block.slice(0, -correcting));
}

const SIGNS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";

// What the data say: parts in digits, in capitals or in bytes (UTF-8), until their end.
function textOf(data, version) {
  let at = 0;
  const left = () => data.length * 8 - at;
  const take = (many) => { let sum = 0; for (; many--; at++) sum = (sum << 1) | ((data[at >> 3] >> (7 - (at & 7))) & 1); return sum; };
  const bytes = [], ascii = (text) => { for (const sign of text) bytes.push(sign.charCodeAt(0)); };
  const wide = version > 9;
  while (left() >= 4) {
    const mode = take(4);
    if (mode === 0) break;
    if (mode === 7) { take(8); continue; } // which letters the bytes are: ours are always UTF-8
    let many = mode === 1 ? take(wide ? 12 : 10) : mode === 2 ? take(wide ? 11 : 9) : mode === 4 ? take(wide ? 16 : 8) : -1;
    if (many < 0) return null;
    for (; mode === 1 && many > 0; many -= 3) {
      const digits = Math.min(3, many);
      ascii(String(take([0, 4, 7, 10][digits])).padStart(digits, "0"));
    }
    for (; mode === 2 && many > 0; many -= 2) {
      const pair = many > 1 ? take(11) : take(6);
      ascii(many > 1 ? SIGNS[Math.floor(pair / 45)] + SIGNS[pair % 45] : SIGNS[pair]);
    }
    if (mode === 4) { if (left() < many * 8) return null; for (; many > 0; many--) bytes.push(take(8)); }
  }
  return bytes.length ? new TextDecoder().decode(new Uint8Array(bytes)) : null;
}

// --- together ------------------------------------------------------------------------------------------------------

function decoded(seen, { version, points }) {
  const size = 17 + 4 * version, map = plane(size, points), bits = new Uint8Array(size * size);
  for (let row = 0; row < size; row++)
    for (let column = 0; column < size; column++) {
      let sum = 0;
      for (const [i, j] of [[0, 0], [0.2, 0], [-0.2, 0], [0, 0.2], [0, -0.2]]) sum += sample(seen, map, column + 0.5 + i, row + 0.5 + j);
      bits[row * size + column] = sum > 0 ? 1 : 0;
    }
  const dark = (x, y) => bits[y * size + x], format = formatOf(dark, size);
  if (!format) return null;
  const data = dataOf(codewords(dark, version, format.mask), version, format.level);
  return data && textOf(data, version);
}

function tried(seen) {
  for (const three of threes(seen, eyes(seen))) {
    const { corner, right, below } = three;
    const over_ = { x: right.x - corner.x, y: right.y - corner.y }, down = { x: below.x - corner.x, y: below.y - corner.y };
    const sides = [corner, right, below].map((eye) => [moduleAlong(seen, eye, over_), moduleAlong(seen, eye, down)]);
    const wide = (sides[0][0] + sides[1][0]) / 2, high = (sides[0][1] + sides[2][1]) / 2, module = (wide + high) / 2;
    const guess = ((Math.hypot(over_.x, over_.y) / wide + Math.hypot(down.x, down.y) / high) / 2 + 7 - 17) / 4;
    const thought = (version) => fourth(three, sides.map(([one, other]) => one * other), version);
    const versions = [];
    for (let version = 1; version <= MOST; version++) if (Math.abs(version - guess) < 1.6 + guess / 12) versions.push(version);
    const able = versions.map((version) => fitted(seen, three, version, module, thought(version))).filter((one) => one.fit > 0.35);
    for (const one of able.sort((a, b) => b.fit - a.fit).slice(0, 2)) {
      const text = decoded(seen, one);
      if (text) return text;
    }
  }
  return null;
}

// How a picture is looked at in turn: how far around a spot, as a part of the picture, and how softly.
const WAYS = [[12, 1], [12, 0], [5, 2], [5, 0]];

// The text of the code on a picture, or null.
function read(rgba, width, height) {
  const picture = grey(rgba, width, height), least = Math.min(width, height);
  for (const [part, soft] of WAYS) {
    const text = tried(darkness(picture, Math.max(6, Math.round(least / part)), soft));
    if (text) return text;
  }
  return null;
}

if (typeof WorkerGlobalScope !== "undefined")
  addEventListener("message", ({ data }) => postMessage(read(new Uint8ClampedArray(data.pixels), data.width, data.height)));
