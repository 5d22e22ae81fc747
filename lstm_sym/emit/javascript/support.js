// A view is numbers in rows: element (r, c) is d[o + r * s + c * u]; step t of a sequence begins `jump` numbers further.
const view = (d, o, s, u, rows, columns, jump = 0, vector = false) => ({ d, o, s, u, rows, columns, jump, vector });
const array = (rows, columns, batch = 0) =>
  view(new Float64Array(rows * columns), 0, columns, 1, rows, columns, batch * columns);
const vector = (columns) => view(new Float64Array(columns), 0, 0, 1, 1, columns, 0, true);
const scratch = (batch, columns) => ({ ...array(batch, columns), jump: 0 }); // one row that every step writes over
const at = (v, r, c) => v.d[v.o + r * v.s + c * v.u];
// A vector lies along the columns of its view.
const extent = (v, axis) => (axis || v.vector ? v.columns : v.rows);
const entriesOf = (v) => (r, c) => at(v, r, c);
const stepOf = (v, t, batch) => view(v.d, v.o + t * v.jump, v.s, v.u, batch, v.columns);
const steps = (v, first, rows) => view(v.d, v.o + first * v.jump, v.s, v.u, rows, v.columns, v.jump);
const columns = (v, low, high) => ({ ...v, o: v.o + low * v.u, columns: high - low });
// Parts of what was computed for several parameters together.
const part = (v, low, high) =>
  v.vector ? columns(v, low, high) : view(v.d, v.o + low * v.s, v.s, v.u, high - low, v.columns);
// An array of the caller: a sequence (T, B, N), a batch (B, N) or matrix, a vector, a number.
function given({ data, shape }) {
  const d = new Float64Array(data);
  const width = shape.length ? shape[shape.length - 1] : 1;
  if (shape.length < 2) return view(d, 0, 0, shape.length, 1, width, 0, true);
  return view(d, 0, width, 1, d.length / (width || 1), width, shape.length === 3 ? shape[1] * width : 0);
}
// What the caller gets: numbers of its own, one after the other.
function taken(v, shape) {
  const data = new Float64Array(v.rows * v.columns);
  for (let r = 0; r < v.rows; r++) for (let c = 0; c < v.columns; c++) data[r * v.columns + c] = at(v, r, c);
  return { data, shape };
}

function fill(v, f) {
  for (let r = 0; r < v.rows; r++) for (let c = 0; c < v.columns; c++) v.d[v.o + r * v.s + c * v.u] = f(r, c);
  return v;
}
const add = (v, f) => fill(v, (r, c) => at(v, r, c) + f(r, c));
// A new array of `width` units, a sequence where v is one.
const like = (v, width) => (v.vector ? vector(width) : array(v.rows, width, v.s ? v.jump / v.s : 0));
// A new array of the shape that its operands have together.
function fresh(operands, f) {
  if (operands.every((v) => v.vector && !v.u)) return everywhere(f(0, 0)); // of numbers alone: a number
  const longest = operands.find((v) => !v.vector) ?? operands[0];
  return fill(like(longest, Math.max(...operands.map((v) => v.columns))), f);
}
// A number at every row and unit.
const everywhere = (x) => view(Float64Array.of(x), 0, 0, 0, 1, 1, 0, true);
const copy = (v) => fresh([v], (r, c) => at(v, r, c));
const transposed = (m) => copy({ ...m, s: m.u, u: m.s, rows: m.columns, columns: m.rows, jump: 0 });

function sum(count, f) {
  let total = 0;
  for (let k = 0; k < count; k++) total += f(k);
  return total;
}
// The sum of products of numbers that stand `step` and `other` apart; no function a product, of which there are most.
function dot(d, at, step, e, from, other, count) {
  let total = 0;
  for (let k = 0; k < count; k++) total += d[at + k * step] * e[from + k * other];
  return total;
}
// Every row times a matrix (N, M), or (M, N) transposed.
function times(v, m, turned) {
  const [result, along, across] = turned ? [like(v, m.rows), m.u, m.s] : [like(v, m.columns), m.s, m.u];
  return fill(result, (r, c) => dot(v.d, v.o + r * v.s, v.u, m.d, m.o + c * across, along, v.columns));
}
// Parameters one under the other; vectors of units one after the other.
function joined(parts, result, place, size) {
  parts.reduce((start, v) => (fill(place(result, start, start + size(v)), (r, c) => at(v, r, c)), start + size(v)), 0);
  return result;
}
const stacked = (parts) =>
  joined(parts, like(parts[0], sum(parts.length, (k) => parts[k].columns)), columns, (v) => v.columns);
function packed(parts) {
  if (parts[0].vector) return stacked(parts);
  return joined(parts, array(sum(parts.length, (k) => parts[k].rows), parts[0].columns), part, (v) => v.rows);
}

const repeated = (v, n) => fill(like(v, v.columns * n), (r, c) => at(v, r, Math.floor(c / n)));
const runSums = (v, n) => fill(like(v, v.columns / n), (r, c) => sum(n, (k) => at(v, r, c * n + k)));
const sumOf = (v) => fresh([v], (r) => sum(v.columns, (k) => at(v, r, k)));
const meanOf = (v) => fresh([v], (r) => sum(v.columns, (k) => at(v, r, k)) / v.columns);
// The maximum over units, or the share of each unit in it.
function largest(v, share) {
  const most = fresh([v], (r) => Math.max(...Array.from({ length: v.columns }, (_, k) => at(v, r, k))));
  const ties = (r) => sum(v.columns, (k) => at(v, r, k) === at(most, r, 0));
  return share ? fresh([v], (r, c) => (at(v, r, c) === at(most, r, 0)) / ties(r)) : most;
}
// Sums over steps and batch.
const outer = (left, right) =>
  fill(array(left.columns, right.columns), (m, n) =>
    dot(left.d, left.o + m * left.u, left.s, right.d, right.o + n * right.u, right.s, left.rows));
function overTime(v, weight, units) {
  const total = fill(vector(v.columns), (_, c) => sum(v.rows, (r) => at(v, r, c) * (weight ? at(weight, r, c) : 1)));
  return units ? fill(view(new Float64Array(1), 0, 0, 0, 1, 1, 0, true), () => sum(v.columns, (c) => at(total, 0, c))) : total;
}
// Functions; those of the precise form lose no digit to cancellation.
const { tanh, exp, log, sin, cos, sqrt, abs } = Math;
const sigmoid = (a) => 0.5 * tanh(0.5 * a) + 0.5;
function sigmoid_precise(a) {
  const e = exp(-abs(a));
  const value = (a < 0 ? e : 1) / (1 + e);
  return value - value * ((e - (1 + e - 1)) / (1 + e));
}
const bell = (e) => e / (1 + e * (2 + e));
const sigmoid_slope = (a) => bell(exp(-abs(a)));
const tanh_slope = (a) => 4 * bell(exp(2 * Math.max(-abs(a), -400)));
const abs_slope = Math.sign;
const positive = (a) => (Number.isNaN(a) ? a : a > 0 ? 1 : 0);
const relu = (a) => (a <= 0 ? 0 : a);
const relu_slope = positive;
const softplus = (a) => (a < 0 ? 0 : a) + Math.log1p(exp(-abs(a)));
const softsign = (a) => (abs(a) > 1 ? Math.sign(a) * (1 - 1 / (1 + abs(a))) : a / (1 + abs(a)));
const softsign_slope = (a) => (1 / (1 + abs(a))) ** 2;
const hard_sigmoid = (a) => (a <= -3 ? 0 : a >= 3 ? 1 : a / 6 + 0.5);
const hard_sigmoid_slope = (a) => (Number.isNaN(a) ? a : a > -3 && a < 3 ? 1 / 6 : 0);
const held = (a) => Math.min(Math.max(a, -64), 64);
const inner = (h, cube) => 1.5957691216057308 * h * (1 + cube * h ** 2);
const gelu = (a) => a * sigmoid_precise(inner(held(a), 0.044715));
const gelu_slope = (a) =>
  sigmoid_precise(inner(held(a), 0.044715)) + inner(held(a), 0.134145) * sigmoid_slope(inner(held(a), 0.044715));
const maximum = (u, v) => (u > v || Number.isNaN(u) ? u : v);
const minimum = (u, v) => (u < v || Number.isNaN(u) ? u : v);
const where = (c, u, v) => (Number.isNaN(c) ? c : c > 0 ? u : v);
