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

/** @runs: [{ y, x: { factor: amount } }], each with all factors. Squares of the error in
 * proportion to y are least, so that small runs weigh as much as large ones.
 * Returns the coefficients by factor, R² and the residuals in per cent of y. */
export function regress(runs) {
  const factors = Object.keys(runs[0].x);
  const rows = runs.map(({ x, y }) => factors.map((f) => x[f] / y)); // of 1, which is y / y
  const normal = factors.map((_, i) => factors.map((_, j) => sum(rows.map((row) => row[i] * row[j]))));
  const found = solve(normal, factors.map((_, i) => sum(rows.map((row) => row[i]))));
  const fitted = runs.map(({ x }) => sum(factors.map((f, i) => x[f] * found[i])));
  const mean = sum(runs.map(({ y }) => y)) / runs.length;
  const unexplained = sum(runs.map(({ y }, i) => (y - fitted[i]) ** 2)) / sum(runs.map(({ y }) => (y - mean) ** 2));
  return {
    coefficients: Object.fromEntries(factors.map((f, i) => [f, found[i]])),
    r2: 1 - unexplained,
    residuals: runs.map(({ y }, i) => (100 * (fitted[i] - y)) / y),
  };
}
