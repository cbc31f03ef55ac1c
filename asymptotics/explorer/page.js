"use strict";
// The explorer: one formula at a time, its arguments as sliders, its values as a curve. `entries`, `experiments` and
// `formulas` (functions by name, from runtime.js and the printer) are defined before this.

const byName = Object.fromEntries(entries.map((entry) => [entry.name, entry]));
const $ = (id) => document.getElementById(id);
const TIME = "time", POINTS = 241, FEW = 91, TOP = 10, BOTTOM = 28, DIGIT = 7.4;
const WEIGHTS = ["alpha", "beta", "dalpha", "dbeta"], DEVIATIONS = 2;

// `entry` is null where the address names a formula that is not here.
let entry = null, state, kept = [];

// In time every weight, and the clock, follows from t on the linear schedule, dilated or not.
function timed(point, t, dilated) {
  const beta = dilated ? undilated(t, point) : t, slope = dilated ? 1 / support.slope({ beta, ...point }) : 1;
  const weights = { alpha: 1 - beta, beta, dalpha: -slope, dbeta: slope };
  return { ...point, ...weights, s: support.clock({ ...point, ...weights }) };
}
// The beta that the dilated schedule has reached at t.
function undilated(t, point) {
  let low = 0, high = 1;
  for (let k = 0; k < 60; k += 1) {
    const beta = (low + high) / 2;
    if (support.dilated({ ...point, beta }) < t) low = beta; else high = beta;
  }
  return (low + high) / 2;
}
function within(argument, value) {
  if (!Number.isFinite(value)) return false;
  if (argument.low !== null && (argument.lowOpen ? value <= argument.low : value < argument.low)) return false;
  return argument.high === null || (argument.highOpen ? value < argument.high : value <= argument.high);
}
// What forbids a point, in words, or "".
function forbidden(chosen, point) {
  for (const argument of chosen.arguments) {
    if (!within(argument, point[argument.name])) return `${argument.name} = ${short(point[argument.name])}: needs ${argument.range}`;
  }
  const broken = chosen.relations.find((relation) => !relation.holds(point));
  return broken ? `needs ${broken.text}: ${broken.reason}` : "";
}
function placed(x, point = state.point) {
  if (state.x === TIME) return timed(point, x, state.dilated);
  return state.x ? { ...point, [state.x]: x } : point;
}
// A number, or an object of numbers of a formula that has several values; null where there is none.
function outcome(chosen, point) {
  return forbidden(chosen, point) ? null : formulas[chosen.name](point);
}
function value(chosen, point) {
  return picked(chosen, outcome(chosen, point));
}
function picked(chosen, found) {
  return (chosen.values.length ? found?.[state.drawn] : found) ?? NaN;
}
// What is wrong with the number of a field, in words, or "".
function outside(name, x) {
  if (name === TIME) return x >= 0 && x <= 1 ? "" : "needs 0 <= t <= 1";
  const argument = argumentOf(name);
  return within(argument, x) ? "" : `needs ${argument.range}`;
}
// What a data set scatters by at dimension d, or NaN.
function scatter(point) {
  const chosen = byName[entry.fluctuation];
  return chosen ? value(chosen, point) / Math.sqrt(state.bandDimension) : NaN;
}
