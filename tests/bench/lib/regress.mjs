// Least squares: which sum of the factors comes nearest to what was measured.

/** Solves a x = b by Gauss' elimination with pivoting. */
function solve(a, b) {
  const m = a.map((row, i) => [...row, b[i]]);
  for (let i = 0; i < m.length; i++) {
    const best = m.findIndex((row, k) => k >= i && m.slice(i).every((other) => Math.abs(other[i]) <= Math.abs(row[i])));
    [m[i], m[best]] = [m[best], m[i]];
    for (let k = i + 1; k < m.length; k++) {
      const times = m[k][i] / m[i][i];
      for (let j = i; j <= m.length; j++) m[k][j] -= times * m[i][j];
    }
  }
  const x = Array(m.length).fill(0);
  for (let i = m.length - 1; i >= 0; i--)
    x[i] = (m[i].at(-1) - m[i].slice(i + 1, -1).reduce((sum, v, k) => sum + v * x[i + 1 + k], 0)) / m[i][i];
  return x;
}

const sum = (values) => values.reduce((a, b) => a + b, 0);
const dot = (a, b) => sum(a.map((v, i) => v * b[i]));

/** The sum of the columns of @rows that comes nearest to @values: how often it has each, and what
 * is left of the values. */
function nearest(rows, values) {
  const columns = rows[0].map((_, f) => rows.map((row) => row[f]));
  const found = solve(columns.map((a) => columns.map((b) => dot(a, b))), columns.map((a) => dot(a, values)));
  return { found, left: rows.map((row, i) => values[i] - dot(row, found)) };
}

/** So that of each run the part of y counts: small runs weigh as much as large ones. */
const inParts = (runs) => runs.map(({ x, y }) => Object.values(x).map((v) => v / y));

/** @runs: [{ y, x: { factor: amount } }], each with all factors in the same order. Squares of the
 * error in proportion to y are least. Returns the coefficients by factor, R² and the residuals in
 * per cent of y. */
export function regress(runs) {
  const { found, left } = nearest(inParts(runs), runs.map(() => 1)); // y / y
  const mean = sum(runs.map(({ y }) => y)) / runs.length;
  const unexplained = sum(runs.map(({ y }, i) => (y * left[i]) ** 2)) / sum(runs.map(({ y }) => (y - mean) ** 2));
  return {
    coefficients: Object.fromEntries(Object.keys(runs[0].x).map((f, i) => [f, found[i]])),
    r2: 1 - unexplained,
    residuals: left.map((part) => -100 * part),
  };
}

// ---- products of two factors ----------------------------------------------------

const SHUFFLES = 2000;
const EXACT = 1e-9; // an error in proportion to y that is only of the arithmetic
const ALIKE = 1e-3; // a product of which no more than that is not a sum of factors already tells nothing

/** Numbers from 0 to 1, the same ones in every run (a linear congruence of 32 bits). */
function chance() {
  let state = 1;
  return () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
}

function shuffled(values, random) {
  const all = values.slice();
  for (let i = all.length - 1; i > 0; i--) {
    const k = Math.floor(random() * (i + 1));
    [all[i], all[k]] = [all[k], all[i]];
  }
  return all;
}

/** Of each product of two factors, and of one with itself, what the factors themselves do not
 * explain, with length 1. */
function products(runs, rows) {
  const factors = Object.keys(runs[0].x);
  const pairs = factors.flatMap((f, i) => factors.slice(i).map((g) => [f, g]));
  return pairs.flatMap(([f, g]) => {
    const values = runs.map(({ x, y }) => (x[f] * x[g]) / y);
    const { left } = nearest(rows, values);
    const length = Math.sqrt(dot(left, left));
    if (!(length ** 2 > ALIKE * dot(values, values))) return [];
    return [{ name: f === g ? `${f}²` : `${f} × ${g}`, left: left.map((v) => v / length) }];
  });
}

/** The product that explains most of @left, and which part of it. */
function best(products, left) {
  const all = dot(left, left);
  return products
    .map(({ name, left: product }) => ({ name, part: dot(product, left) ** 2 / all }))
    .reduce((a, b) => (b.part > a.part ? b : a));
}

/** Fits the sum again with each product of two factors added, or of one with itself. Returns the
 * product that explains most of what the sum leaves, its share of that in per cent (of the squares
 * that regress() made least), and `noise`: the share that the best of them exceeds in one case of a
 * hundred (@level) where there is none, which is what comes out when the errors of the runs are
 * dealt out anew (after Freedman and Lane, 1983). null: there is no product that is not a sum
 * itself, or the sum leaves nothing. */
export function crossTerms(runs, level = 0.01) {
  const rows = inParts(runs);
  const tried = products(runs, rows);
  const { left } = nearest(rows, runs.map(() => 1));
  if (tried.length === 0 || left.every((part) => Math.abs(part) < EXACT)) return null;
  const found = best(tried, left);
  const random = chance();
  const parts = Array.from({ length: SHUFFLES }, () => best(tried, nearest(rows, shuffled(left, random)).left).part);
  parts.sort((a, b) => b - a);
  return { name: found.name, share: 100 * found.part, noise: 100 * parts[Math.floor(level * SHUFFLES)] };
}
