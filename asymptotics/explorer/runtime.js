"use strict";
// What printed formulas call, on doubles: the twins of asymptotics.numeric.backends and asymptotics.functions.
// Where a value does not exist it is NaN, which the page says.

const _exp = Math.exp, _log = Math.log, _sin = Math.sin, _cos = Math.cos, _sqrt = Math.sqrt, _abs = Math.abs;
const _tanh = Math.tanh, _sinh = Math.sinh, _cosh = Math.cosh, _atanh = Math.atanh, _acosh = Math.acosh;
const _asinh = Math.asinh, _min = Math.min, _max = Math.max, _sign = Math.sign;
const _pi = () => Math.PI;
const _square = (x) => x * x;
const _heaviside = (x) => (Math.sign(x) + 1) / 2;
const _sech = (x) => { const fall = Math.exp(-Math.abs(x)); return 2 * fall / (1 + fall * fall); };
const _piecewise = (...cases) => { for (const [holds, value] of cases) if (holds) return value(); return NaN; };

// -- error function ---------------------------------------------------------------------------------------

// Below 1 a series of positive terms; from there a continued fraction, from its end.
const _FRACTION = 200;
function _erf(x) {
  const size = Math.abs(x);
  if (size >= 1) return Math.sign(x) * (1 - _erfc(size));
  let term = size, total = 0;
  for (let k = 0; total + term !== total; k += 1) { total += term; term *= 2 * size * size / (2 * k + 3); }
  return Math.sign(x) * 2 / Math.sqrt(Math.PI) * Math.exp(-size * size) * total;
}
function _erfc(x) {
  if (Number.isNaN(x)) return NaN;
  if (x < 1) return x < -1 ? 2 - _erfc(-x) : 1 - _erf(x);
  if (x > 27.3) return 0;
  let below = x;
  for (let k = _FRACTION; k > 0; k -= 1) below = x + (k / 2) / below;
  // x^2 in two parts: the rounding of a large exponent would be one of the result.
  const coarse = Math.round(x * 16) / 16;
  return Math.exp(-coarse * coarse) * Math.exp(-(x - coarse) * (x + coarse)) / (Math.sqrt(Math.PI) * below);
}
const _normal_below = (x) => _erfc(-x * Math.SQRT1_2) / 2;

// -- logarithm less its tangent, half turns ------------------------------------------------------------------

function _log_defect(x) {
  if (Math.abs(x) >= 0.5) return x - Math.log1p(x);
  const y = x / (2 + x), square = y * y;
  let tail = 1 / 37;
  for (let odd = 35; odd > 1; odd -= 2) tail = tail * square + 1 / odd;
  return x * y - 2 * y * square * tail;
}
function _cospi(x) {
  const turn = Math.abs(x - 2 * _even(x / 2));
  if (Math.abs(turn - 0.5) < 0.25) return Math.sin(Math.PI * (0.5 - turn));
  return turn < 0.5 ? Math.cos(Math.PI * turn) : -Math.cos(Math.PI * (1 - turn));
}
function _sinpi(x) {
  let turn = x - 2 * _even(x / 2);
  if (turn > 0.5) turn = 1 - turn; else if (turn < -0.5) turn = -1 - turn;
  if (Math.abs(turn) < 0.25) return Math.sin(Math.PI * turn);
  return (turn < 0 ? -1 : 1) * Math.cos(Math.PI * (0.5 - Math.abs(turn)));
}
const _even = (x) => { const near = Math.round(x); return Math.abs(x % 1) === 0.5 ? 2 * Math.round(x / 2) : near; };

// -- means over a standard normal variable (asymptotics.functions.gaussian)-----------------------------------

const _LOSS = 45;
function _gaussian_mean(integrand, scale, shift, rate) {
  if (scale < 0) { scale = -scale; shift = -shift; integrand = ((f) => (z) => f(-z))(integrand); }
  const mirrored = shift < 0, off = Math.abs(shift), tilt = rate * scale;
  const crossing = off / (scale > 0 ? scale : 1), outside = off > tilt * scale;
  const peak = outside ? tilt : crossing, excess = rate * (outside ? off - tilt * scale : 0);
  const near = Math.sqrt((tilt - peak) ** 2 + 2 * _LOSS), far = Math.sqrt((tilt + peak) ** 2 + 2 * _LOSS + 4 * excess);
  const before = near + tilt - peak, across = (2 * _LOSS + 4 * excess) / (far + tilt + peak);
  let low = -peak - Math.min(before, across), high = 2 * _LOSS / (near + tilt - peak) - peak;
  if (mirrored) [low, high] = [-high, -low];
  const half = Math.PI / 2 / Math.max(scale, Math.PI / (2 * Math.sqrt(2 * _LOSS)));
  const step = 2 * Math.PI * half / (_LOSS + half * half / 2);
  let total = 0;
  for (let k = Math.ceil(low / step); k <= Math.floor(high / step); k += 1) {
    const z = k * step;
    total += Math.exp(-z * z / 2) * integrand(z);
  }
  return total * step / Math.sqrt(2 * Math.PI);
}

// -- roots and minima (asymptotics.functions.root, .minimum)------------------------------

function _root(name, equation, slope, low, high) {
  const slack = 1e-12 * Math.max(Math.abs(low), Math.abs(high)), start = equation(low), end = equation(high);
  const below = start <= 0 || start <= slack * slope(low), above = end >= 0 || end >= -slack * slope(high);
  if (!(below && above && low <= high)) return NaN;
  for (let k = 0; k < 64; k += 1) {
    const middle = low / 2 + high / 2;
    if (equation(middle) < 0) low = middle; else high = middle;
  }
  let root = low / 2 + high / 2;
  for (let k = 0; k < 2; k += 1) {
    const newton = root - equation(root) / slope(root);
    if (newton >= low && newton <= high) root = newton;
  }
  return root;
}
function _minimising_root(c, objective) {
  const cubic = (x) => ((c[3] * x + c[2]) * x + c[1]) * x + c[0];
  const minima = c[0] >= 0 ? [0] : [];
  const spread = c[2] * c[2] - 3 * c[3] * c[1];
  let left = 0, right = 0;
  if (spread > 0) {
    const q = -(c[2] + (c[2] < 0 ? -1 : 1) * Math.sqrt(spread));
    const turns = [q / (3 * c[3]), q === 0 ? 0 : c[1] / q];
    left = Math.max(0, Math.min(...turns)); right = Math.max(0, Math.max(...turns));
  }
  const least = c[0] === 0 ? 1 : Math.abs(c[0]) / (Math.abs(c[0]) + Math.abs(c[1]) + Math.abs(c[2]) + Math.abs(c[3]));
  const bound = 2 * (Math.abs(c[2] / c[3]) + Math.sqrt(Math.abs(c[1] / c[3])) + Math.cbrt(Math.abs(c[0] / c[3])))
    + right + least;
  if (c[0] < 0 && left > 0 && cubic(left) > 0) minima.push(_upward(c, cubic, least, left));
  if (cubic(right) < 0) minima.push(_upward(c, cubic, Math.max(right, least), bound));
  if (!minima.length && c[0] < 0) return NaN;
  return minima.reduce((best, x) => (objective(x) < objective(best) ? x : best));
}
function _upward(c, cubic, low, high) {
  for (let k = 0; k < 64; k += 1) {
    const middle = Math.sqrt(low) * Math.sqrt(high);
    if (cubic(middle) < 0) low = middle; else high = middle;
  }
  let root = Math.sqrt(low) * Math.sqrt(high);
  for (let k = 0; k < 3; k += 1) {
    const slope = (3 * c[3] * root + 2 * c[2]) * root + c[1], next = root - cubic(root) / slope;
    if (next > 0 && slope > 0) root = next;
  }
  return root;
}

// -- the symmetric beta law (asymptotics.functions.beta)------------------------------------------------------

const _BETA_LOSS = 37;
const _NODES = (() => {
  const step = 4 / (_BETA_LOSS + 11), low = -Math.log(_BETA_LOSS + 4), high = Math.log(_BETA_LOSS + 4) + 0.1, nodes = [];
  for (let k = Math.ceil(low / step); k <= Math.floor(high / step); k += 1) {
    const s = k * step, at = Math.exp(s - Math.exp(-s));
    nodes.push([at, step * at * (1 + Math.exp(-s))]);
  }
  return nodes;
})();
const _log_cosh = (y) => (y < 1 ? Math.log1p(2 * Math.sinh(y / 2) ** 2) : y + Math.log1p(Math.exp(-2 * y)) - Math.LN2);
function _rise(slope, v) {
  if (v < 1) return Math.log1p(2 * Math.sinh(v / 2) ** 2 + slope * Math.sinh(v));
  return v + Math.log1p((1 - slope) / 2 * Math.expm1(-2 * v));
}
function _tail(a, y, k) {
  const slope = Math.tanh(y), fall = 2 * a * slope;
  const length = 2 / (fall + Math.sqrt(fall * fall + 4 * a * (1 - slope * slope))), start = _log_cosh(y);
  let total = 0;
  for (const [at, weight] of _NODES) {
    const rise = _rise(slope, length * at);
    total += weight * Math.exp(-2 * a * rise) * (k ? (-2 * (start + rise)) ** k : 1);
  }
  return length * total;
}
const _height = (x) => Math.log1p((1 - 2 * x) / x) / 2;
function _beta_moment(k, a, x) {
  const upper = x > 0.5, least = upper ? 1 - x : x, whole = _tail(a, 0, 0);
  const y = least > 0 ? _height(least) : 0;
  const part = least > 0 ? Math.exp(-2 * a * _log_cosh(y)) * _tail(a, y, k) / whole / 2 : 0;
  if (!upper) return part;
  return (k === 0 ? 1 : _tail(a, 0, k) / whole) - part;
}
const _beta_below = (a, x) => _beta_moment(0, a, x);
const _beta_density = (a, x) => Math.exp(-2 * (a - 1) * _log_cosh(_height(Math.min(x, 1 - x)))) / _tail(a, 0, 0);
