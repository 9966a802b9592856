// Draws the map of the world that <headcount-map> shows:
//
//   node tests/map/world.mjs >collector/web/world.json      or: make map
//
// From Natural Earth's data at 1:110 million, which is in the public domain, in the Equal Earth
// projection: areas compare rightly. The cut lies in the Bering Strait; Antarctica and isles
// where nobody lives are left out. Borders are those of the data; shapes without a code of their
// own belong to the country whose code databases give for them. Countries that are too small to
// be seen are dots; of those that have a shape too small to be hit, there are both.
//
// The file has two texts, "lands" and "dots": countries with | between them, each an ISO 3166-1
// code and its rings with ~ between them. A ring is written as a pen is moved, on from where it
// was before:
//
//   (space)  a border or a coast begins here
//   !        here ends a border that a country before has drawn: back along it to its begin
//   Pxy      a step right and down of as much as x and y are behind P in ASCII
//   other    a step of -4 to 4 right and down: '(' is -4 -4, ')' is -3 -4, '1' is -4 -3…
//
// Steps before the first border draw nothing: a dot has no others. What two countries share is
// thus written once, and drawn for both by the same points.
import fs from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const require = createRequire(import.meta.url);

const WIDTH = 800; // units, of which coordinates are whole ones
const MARGIN = 2;
const CUT = -11.6; // degrees: what is turned away from the middle; no island lies on the cut
const BUMP = 0.8; // square units: points that make less of a difference are left out
const RING = 8; // points: islands of so few (the first counts twice) keep them all
const NEAR = 4; // units right or down that one sign tells, below 0 as many
const FAR = 40; // and those that three tell
const SMALL = 20; // square units: what is smaller gets a dot

/** ISO 3166-1: letters and number of each country. */
const CODES = `
  AD020 AE784 AF004 AG028 AI660 AL008 AM051 AO024 AQ010 AR032 AS016 AT040 AU036 AW533 AX248 AZ031
  BA070 BB052 BD050 BE056 BF854 BG100 BH048 BI108 BJ204 BL652 BM060 BN096 BO068 BQ535 BR076 BS044
  BT064 BV074 BW072 BY112 BZ084 CA124 CC166 CD180 CF140 CG178 CH756 CI384 CK184 CL152 CM120 CN156
  CO170 CR188 CU192 CV132 CW531 CX162 CY196 CZ203 DE276 DJ262 DK208 DM212 DO214 DZ012 EC218 EE233
  EG818 EH732 ER232 ES724 ET231 FI246 FJ242 FK238 FM583 FO234 FR250 GA266 GB826 GD308 GE268 GF254
  GG831 GH288 GI292 GL304 GM270 GN324 GP312 GQ226 GR300 GS239 GT320 GU316 GW624 GY328 HK344 HM334
  HN340 HR191 HT332 HU348 ID360 IE372 IL376 IM833 IN356 IO086 IQ368 IR364 IS352 IT380 JE832 JM388
  JO400 JP392 KE404 KG417 KH116 KI296 KM174 KN659 KP408 KR410 KW414 KY136 KZ398 LA418 LB422 LC662
  LI438 LK144 LR430 LS426 LT440 LU442 LV428 LY434 MA504 MC492 MD498 ME499 MF663 MG450 MH584 MK807
  ML466 MM104 MN496 MO446 MP580 MQ474 MR478 MS500 MT470 MU480 MV462 MW454 MX484 MY458 MZ508 NA516
  NC540 NE562 NF574 NG566 NI558 NL528 NO578 NP524 NR520 NU570 NZ554 OM512 PA591 PE604 PF258 PG598
  PH608 PK586 PL616 PM666 PN612 PR630 PS275 PT620 PW585 PY600 QA634 RE638 RO642 RS688 RU643 RW646
  SA682 SB090 SC690 SD729 SE752 SG702 SH654 SI705 SJ744 SK703 SL694 SM674 SN686 SO706 SR740 SS728
  ST678 SV222 SX534 SY760 SZ748 TC796 TD148 TF260 TG768 TH764 TJ762 TK772 TL626 TM795 TN788 TO776
  TR792 TT780 TV798 TW158 TZ834 UA804 UG800 UM581 US840 UY858 UZ860 VA336 VC670 VE862 VG092 VI850
  VN704 VU548 WF876 WS882 YE887 YT175 ZA710 ZM894 ZW716
`;

const NOBODY = new Set(['AQ', 'TF', 'HM', 'BV', 'UM']);

/** Shapes that have no number. */
const PARTS = { 'N. Cyprus': 'CY', Somaliland: 'SO', Kosovo: 'XK' };

/** Degrees east and north of those that have no shape of their own at any scale. */
const PLACES = {
  BQ: [-68.3, 12.2], CC: [96.8, -12.2], CX: [105.6, -10.5], GI: [-5.35, 36.1], GP: [-61.5, 16.2], KI: [173, 1.4],
  MQ: [-61, 14.6], RE: [55.5, -21.1], SJ: [16, 78.5], TK: [-171.8, -9.2], TV: [179.2, -8.5], YT: [45.2, -12.8],
};

const codes = new Map(CODES.trim().split(/\s+/).map((word) => [word.slice(2), word.slice(0, 2)]));
const codeOf = ({ id, properties }) => PARTS[properties.name] ?? codes.get(id);

function load(scale) {
  return JSON.parse(fs.readFileSync(require.resolve(`world-atlas/countries-${scale}.json`)));
}

/** Code -> polygons, in the data's arcs; ~i is i backwards. Parts of a country are made one. */
function shapes(world, { feature, mergeArcs }, { geoCentroid }) {
  const parts = new Map();
  for (const part of world.objects.countries.geometries)
    parts.set(codeOf(part), [...(parts.get(codeOf(part)) ?? []), part]);
  for (const code of NOBODY) parts.delete(code);
  const all = new Map([...parts].map(([code, list]) => [code, mergeArcs(world, list).arcs]));
  const isGuiana = (polygon) => geoCentroid(feature(world, { type: 'Polygon', arcs: polygon }))[0] < -30;
  const french = all.get('FR');
  all.set('GF', french.filter(isGuiana));
  all.set('FR', french.filter((polygon) => !isGuiana(polygon)));
  return all;
}

/** Code -> place of those that only 1:50 million has, and of those that neither has. */
function places({ feature }, { geoCentroid }, has) {
  const world = load('50m');
  const all = new Map(Object.entries(PLACES));
  for (const country of feature(world, world.objects.countries).features) {
    const code = codeOf(country);
    if (code && !has(code) && !all.has(code) && !NOBODY.has(code)) all.set(code, geoCentroid(country));
  }
  return all;
}

/** The area of a triangle, twice. */
const bump = ([ax, ay], [bx, by], [cx, cy]) => Math.abs((bx - ax) * (cy - ay) - (cx - ax) * (by - ay));

/** The line on whole units, without the points that nobody would miss. Its ends stay. */
function simplify(line) {
  const points = [...line];
  const isRing = `${line[0]}` === `${line.at(-1)}`;
  while (points.length > (isRing ? RING : 2)) {
    const bumps = points.slice(1, -1).map((point, i) => bump(points[i], point, points[i + 2]));
    const least = Math.min(...bumps);
    if (least >= 2 * BUMP) break;
    points.splice(bumps.indexOf(least) + 1, 1);
  }
  const whole = points.map((point) => point.map(Math.round));
  return whole.filter((point, i) => !i || `${point}` !== `${whole[i - 1]}`);
}

const sign = (n) => String.fromCharCode(n);
const distance = ([ax, ay], [bx, by]) => Math.hypot(ax - bx, ay - by);

/** Which of the list is nearest: `placesOf` has where one may be begun. */
function nearest(list, at, placesOf) {
  const away = list.map((one) => Math.min(...placesOf(one).map((place) => distance(place, at))));
  return away.indexOf(Math.min(...away));
}

/** Writes shapes as the story above says; `lineOf` has the points of an arc. */
class Pen {
  at = [0, 0];
  ends = new Map(); // place -> the arc that ends there

  constructor(lineOf) {
    this.lineOf = lineOf;
  }

  move(to) {
    const [x, y] = [to[0] - this.at[0], to[1] - this.at[1]];
    const size = Math.max(Math.abs(x), Math.abs(y));
    this.at = to;
    if (!size) return '';
    if (size <= NEAR) return sign(40 + (y + NEAR) * (2 * NEAR + 1) + x + NEAR);
    const n = Math.ceil(size / FAR);
    const part = (all, i) => sign(80 + Math.round((all * (i + 1)) / n) - Math.round((all * i) / n));
    return Array.from({ length: n }, (_, i) => `P${part(x, i)}${part(y, i)}`).join('');
  }

  /** Where a ring may be begun. */
  starts = (ring) => ring.map((arc) => this.lineOf(arc)[0]);

  ring(arcs) {
    const first = nearest(this.starts(arcs), this.at, (place) => [place]);
    const fresh = [];
    let text = this.move(this.lineOf(arcs[first])[0]);
    for (const arc of [...arcs.slice(first), ...arcs.slice(0, first)]) {
      const [, ...points] = this.lineOf(arc);
      if (arcs.length === 1) points.pop(); // what is drawn closes itself
      if (this.ends.get(`${this.at}`) === ~arc) {
        text += '!';
        this.at = points.at(-1) ?? this.at;
      } else {
        text += ` ${points.map((point) => this.move(point)).join('')}`;
        fresh.push([`${this.at}`, arc]);
      }
    }
    for (const [end, arc] of fresh) this.ends.set(end, arc);
    return text;
  }

  /** All of a list, the nearest first each time: short ways are short texts. */
  each(list, placesOf, write) {
    const left = [...list];
    return list.map(() => write(left.splice(nearest(left, this.at, placesOf), 1)[0]));
  }
}

/** Where a dot is drawn: islands beyond the edges of the land stand at the edge. */
const within = ([x, y], width) => [Math.round(Math.min(Math.max(x, MARGIN), width - MARGIN)), Math.round(y)];

/** The projection of all that is shown, and the height that it takes. */
function layOut({ geoEqualEarth, geoPath }, all) {
  const projection = geoEqualEarth().rotate([CUT, 0]).precision(0);
  projection.fitExtent([[MARGIN, MARGIN], [WIDTH - MARGIN, WIDTH]], all);
  const [[, top], [, bottom]] = geoPath(projection).bounds(all);
  const [x, y] = projection.translate();
  projection.translate([x, y - top + MARGIN]);
  return { projection, height: Math.ceil(bottom - top + 2 * MARGIN) };
}

/** The file's text. Throws when the data packages are not installed. */
export async function worldJson() {
  const [topojson, geo] = await Promise.all([import('topojson-client'), import('d3-geo')]);
  const world = load('110m');
  const countries = shapes(world, topojson, geo);
  const dots = places(topojson, geo, (code) => countries.has(code));
  const geometry = (arcs) => topojson.feature(world, { type: 'MultiPolygon', arcs });
  const { projection, height } = layOut(geo, geometry([...countries.values()].flat()));
  const lines = world.arcs.map((_, i) => {
    const { coordinates } = topojson.feature(world, { type: 'LineString', arcs: [i] }).geometry;
    return simplify(coordinates.map(projection));
  });
  for (const [code, polygons] of countries)
    if (geo.geoPath(projection).area(geometry(polygons)) < SMALL) dots.set(code, geo.geoCentroid(geometry(polygons)));
  const spots = [...dots].sort().map(([code, place]) => [code, within(projection(place), WIDTH)]);

  const pen = new Pen((arc) => (arc < 0 ? [...lines[~arc]].reverse() : lines[arc]));
  const isFlat = (ring) => new Set(ring.flatMap((arc) => pen.lineOf(arc).map(String))).size < 3;
  const ringsOf = (polygons) => polygons.flat().filter((ring) => !isFlat(ring));
  const shown = [...countries].sort().map(([code, polygons]) => [code, ringsOf(polygons)]);
  const writeRings = (rings) => pen.each(rings, pen.starts, (ring) => pen.ring(ring)).join('~');
  const lands = pen.each(shown, ([, rings]) => rings.flatMap(pen.starts), ([code, rings]) => code + writeRings(rings));
  const small = pen.each(spots, ([, spot]) => [spot], ([code, spot]) => code + pen.move(spot));
  const file = { source: 'Natural Earth', width: WIDTH, height, lands: lands.join('|'), dots: small.join('|') };
  return `${JSON.stringify(file)}\n`;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) process.stdout.write(await worldJson());
