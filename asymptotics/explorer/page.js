"use strict";
// The explorer: one formula at a time, its arguments as sliders, its values as a curve. `entries`, `experiments` and
// `formulas` (functions by name, from runtime.js and the printer) are defined before this.

const byName = Object.fromEntries(entries.map((entry) => [entry.name, entry]));
const $ = (id) => document.getElementById(id);
const TIME = "time", POINTS = 241, FEW = 91, TOP = 10, BOTTOM = 28, DIGIT = 7.4;
const WEIGHTS = ["alpha", "beta", "dalpha", "dbeta"], DEVIATIONS = 2;

// `entry` is null where the address names a formula that is not here.
let entry = null, state, kept = [];

// -- numbers ----------------------------------------------------------------------------------------------

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

// -- text -------------------------------------------------------------------------------------------------

function short(x, digits = 4) {
  if (!Number.isFinite(x)) return String(x).replace("Infinity", "\u221e").replace("-", "\u2212");
  const text = Number(x.toPrecision(digits)).toString();
  return text.replace("-", "\u2212");
}
const exact = (x) => Number(x.toPrecision(12)).toString();
// A number as people type it, or what is wrong with it. A comma is read where it can only begin decimals: keypads of
// phones in many languages have no point. A field of type "number" would drop it, and read 1,5 as 15.
function read(text) {
  const typed = text.trim().replace(/[\u2212\u2013]/g, "-");
  if (!typed) return { wrong: "empty: type a number" };
  if (/^[+-]?[1-9]\d{0,2},\d{3}$/.test(typed)) {
    const [whole, part] = [typed.replace(",", ""), typed.replace(",", ".")];
    return { wrong: `${typed} is ${whole} to some, ${part} to others: write it without a comma` };
  }
  const plain = typed.includes(".") ? typed : typed.replace(",", "."), x = Number(plain);
  if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(plain)) {
    return { wrong: `\u201c${typed}\u201d is not a number: write it as 1.5 or 2e-3` };
  }
  const lost = x === 0 && /[1-9]/.test(plain.split(/e/i)[0]);
  return Number.isFinite(x) && !lost ? { x, plain } : { wrong: `${typed} is beyond what numbers hold here` };
}
function python() {
  const point = placed(state.at);
  const given = entry.arguments.filter((argument) => point[argument.name] !== argument.default)
    .map((argument) => `${argument.name}=${exact(point[argument.name])}`);
  return `${entry.name}(${given.join(", ")})${entry.values.length ? `.${state.drawn}` : ""}`;
}
function record() {
  const point = placed(state.at), values = {};
  for (const argument of entry.arguments) values[argument.name] = point[argument.name];
  // JSON has no infinity; Python's float reads "inf".
  const written = (key, x) => (x === Infinity ? "inf" : x === -Infinity ? "-inf" : x);
  const found = outcome(entry, point), several = entry.values.map(({ name }) => [name, found?.[name]]);
  const result = several.length ? Object.fromEntries(several) : found;
  return JSON.stringify({ name: entry.name, arguments: values, value: result }, written);
}
async function copy(text, what) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = document.createElement("textarea");
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  say(`${what} copied`);
}
function say(text) {
  $("said").textContent = text;
  $("said").classList.add("shown");
  clearTimeout(say.timer);
  say.timer = setTimeout(() => $("said").classList.remove("shown"), 1600);
}

// -- state ------------------------------------------------------------------------------------------------

function fresh(chosen) {
  const point = {};
  for (const argument of Object.values(alphabet)) point[argument.name] = argument.start;
  Object.assign(point, chosen.start);
  const x = chosen.axis;
  // wrong: by the name of a field, what is wrong with what it holds; the point keeps the number from before.
  return { point, x, at: x === TIME ? 0.5 : point[x], dilated: false, logx: null, logy: false, bandDimension: 1000, shown: -1,
    drawn: chosen.values[0]?.name, wrong: new Map() };
}
// Which arguments have sliders: those of the formula, or, in time, what the weights and the clock follow from.
function sliders() {
  const names = entry.arguments.map((argument) => argument.name);
  if (state.x !== TIME) return names;
  const own = names.filter((name) => !WEIGHTS.includes(name) && name !== "s");
  const clock = names.includes("s") ? ["sigma", "d", "radius"] : [];
  const dilation = state.dilated ? ["kappa", "d"] : [];
  return [TIME, ...new Set([...own, ...clock, ...dilation])];
}
function argumentOf(name) {
  return entry.arguments.find((argument) => argument.name === name) || alphabet[name];
}
// An argument's letter as type, and its name where that is another.
function lettered(name) {
  const letter = name === TIME ? "<math><mi>t</mi></math>" : argumentOf(name).letter;
  return letter.includes(`<mi>${name}</mi>`) || name === TIME ? letter : `${letter} <code>${name}</code>`;
}
function logarithmic(name) {
  return name !== TIME && argumentOf(name).log;
}
function address() {
  const now = (name) => exact(name === state.x ? state.at : state.point[name]);
  const shown = sliders().filter((name) => name !== TIME).map((name) => `${name}=${now(name)}`);
  const more = [`x=${state.x}`, ...(state.x === TIME ? [`t=${exact(state.at)}`] : []), ...(state.dilated ? ["dilated=1"] : []),
    ...(entry.values.length ? [`value=${state.drawn}`] : []),
    ...(state.logy ? ["logy=1"] : []), ...(state.logx === null ? [] : [`logx=${Number(state.logx)}`]),
    ...(entry.fluctuation && state.bandDimension >= 1 ? [`band=${exact(state.bandDimension)}`] : [])];
  // A plus, as in 1e+21, would be read as a space.
  return `#${entry.name}?${[...shown, ...more].join("&").replaceAll("+", "")}`;
}
function fromAddress() {
  let text = location.hash.slice(1);
  try { text = decodeURIComponent(text); } catch { /* not percent-encoded: the name as it stands, which is not here */ }
  const [name, query = ""] = text.split("?");
  if (byName[name]) choose(name, new URLSearchParams(query));
  else if (name) showMissing(name);
  else choose(entries[0].name);
}
function choose(name, query = new URLSearchParams()) {
  entry = byName[name];
  state = fresh(entry);
  kept = [];
  if (asksTime(query)) state.at = 0.5;
  const ignored = [...query].filter(([key, text]) => !take(key, text, query)).map(([key, text]) => `${key}=${text}`);
  if (state.x !== TIME) state.at = state.point[state.x];
  show();
  $("ignored").hidden = !ignored.length;
  $("ignored").textContent = `Not understood in the address, and left out: ${ignored.join(", ")}`;
}
function asksTime(query) {
  const axis = query.get("x");
  return (entry.axes.includes(axis) ? axis : entry.axis) === TIME;
}
// Sets what one part of an address says; false where it says nothing that is understood.
function take(key, text, query) {
  const { x } = read(text), flag = text === "1" || text === "0", inTime = asksTime(query);
  const set = (holds, part, meant) => {
    if (holds) state[part] = meant;
    return holds;
  };
  if (key === "x") return set(entry.axes.includes(text), "x", text);
  if (key === "value") return set(entry.values.some(({ name }) => name === text), "drawn", text);
  if (key === "dilated") return set(flag && inTime, "dilated", text === "1");
  if (key === "logx" || key === "logy") return set(flag, key, text === "1");
  if (key === "band") return set(x >= 1, "bandDimension", x);
  if (key === "t" && inTime) return set(x !== undefined && !outside(TIME, x), "at", x);
  if (x === undefined || !Object.hasOwn(state.point, key)) return false;
  state.point[key] = x;
  return true;
}
// The names most like one that is not here: by how many letters one must change, in the whole name or its last part.
function nearest(name) {
  const short = (full) => full.split(".").slice(1).join(".") || full, asked = name.toLowerCase();
  const far = ({ name }) => Math.min(
    changes(asked, name), changes(asked, short(name)), changes(short(asked), short(name)),
  );
  return entries.map((each) => [far(each), each]).sort(([a], [b]) => a - b).slice(0, 5).map(([, each]) => each);
}
// How many letters to put in, take out or exchange to come from one word to another.
function changes(from, to) {
  let row = Array.from({ length: to.length + 1 }, (_, k) => k);
  for (const [i, letter] of [...from].entries()) {
    const next = [i + 1];
    for (let k = 0; k < to.length; k += 1) next.push(Math.min(row[k] + (letter !== to[k]), row[k + 1] + 1, next[k] + 1));
    row = next;
  }
  return row[to.length];
}

// -- what is seen -----------------------------------------------------------------------------------------

function menu(filter = "") {
  const wanted = filter.trim().toLowerCase();
  const found = entries.filter((each) => `${each.name} ${each.title} ${each.statement}`.toLowerCase().includes(wanted));
  const parts = topics.map(([topic, title]) => [title, found.filter((each) => each.topic === topic)]);
  $("list").replaceChildren(...parts.filter(([, own]) => own.length).map(([title, own]) => {
    const part = document.createElement("section");
    part.innerHTML = `<h2>${title}</h2><ul></ul>`;
    part.querySelector("ul").append(...own.map(linked));
    return part;
  }));
  $("unmatched").textContent = found.length ? ""
    : `Nothing matches \u201c${filter.trim()}\u201d: no name, title or statement has it.`;
}
function linked(each) {
  const item = document.createElement("li"), link = document.createElement("a");
  link.href = `#${each.name}`;
  link.textContent = each.title;
  link.title = each.statement;
  if (each.inner) link.classList.add("inner");
  if (each === entry) link.setAttribute("aria-current", "page");
  item.append(link);
  return item;
}
function showMissing(name) {
  entry = null;
  menu($("filter").value);
  $("chosen").hidden = true;
  $("missing").hidden = false;
  $("asked").textContent = name;
  $("nearest").replaceChildren(...nearest(name).map((each) => {
    const item = linked(each), code = document.createElement("code");
    code.textContent = each.name;
    item.append(code);
    return item;
  }));
  document.title = `No such formula \u2013 ${heading}`;
}
function show() {
  menu($("filter").value);
  $("chosen").hidden = false;
  $("missing").hidden = true;
  $("title").textContent = entry.title;
  $("name").textContent = entry.name;
  $("statement").textContent = entry.statement;
  $("formula").innerHTML = entry.formula;
  $("about").innerHTML = entry.about;
  $("derivation").innerHTML = entry.derivation;
  $("steps").textContent = entry.summary;
  document.title = `${entry.title} \u2013 ${heading}`;
  $("plotting").hidden = !entry.computed;
  $("elsewhere").hidden = entry.computed;
  $("json").hidden = !entry.computed;
  $("nav").classList.remove("open");
  $("menu").setAttribute("aria-expanded", "false");
  if (entry.computed) { controls(); update(); }
}
function controls() {
  const axis = $("axis");
  axis.replaceChildren(...entry.axes.map((name) => new Option(name === TIME ? "time t" : name, name, false, name === state.x)));
  $("valued").hidden = !entry.values.length;
  $("drawn").replaceChildren(...entry.values.map(({ name }) => new Option(name, name, false, name === state.drawn)));
  $("time").hidden = state.x !== TIME;
  $("dilated").checked = state.dilated;
  $("logx").checked = state.logx ?? logarithmic(state.x);
  $("logx").disabled = state.x === TIME;
  $("logy").checked = state.logy;
  $("banding").hidden = !entry.fluctuation;
  state.wrong.clear();
  $("bandDimension").value = exact(state.bandDimension);
  mark($("bandDimension"), "");
  const own = experiments.filter((each) => each.name === entry.name);
  $("measured").hidden = !own.length;
  $("experiment").replaceChildren(new Option("none", "-1"), ...own.map((each) => {
    const index = experiments.indexOf(each);
    return new Option(each.title, String(index), false, index === state.shown);
  }));
  $("arguments").replaceChildren(...sliders().map(slider));
}
function slider(name) {
  const time = name === TIME, argument = time ? null : argumentOf(name), log = logarithmic(name);
  const [low, high] = time ? [0.001, 1] : argument.usual;
  const holder = document.createElement("div"), id = `argument-${name}`;
  // A keypad of digits has no minus sign.
  const keypad = time || (argument.low !== null && argument.low >= 0) ? "decimal" : "text";
  holder.className = "argument field";
  holder.innerHTML = `<label for="${id}-number"><span>${lettered(name)}</span>
    <input class="number" type="text" inputmode="${keypad}" autocomplete="off" id="${id}-number"
      aria-describedby="${id}-wrong"></label>
    <p class="wrong" id="${id}-wrong" role="alert"></p>
    <input type="range" id="${id}" min="0" max="1000" step="1" aria-label="${time ? "time" : name}">
    <div class="soft"></div>`;
  holder.querySelector(".soft").textContent = time ? "time, from noise to data" : argument.meaning;
  const [number, range] = [holder.querySelector(".number"), holder.querySelector("[type=range]")];
  const place = (x) => (log ? Math.log(x / low) / Math.log(high / low) : (x - low) / (high - low));
  const there = (u) => (log ? low * (high / low) ** u : low + (high - low) * u);
  const thumb = (x) => { range.value = Math.round(1000 * Math.min(1, Math.max(0, place(x)))); };
  const current = time || name === state.x ? state.at : state.point[name];
  number.value = exact(current);
  thumb(current);
  judge(name, number, { x: current });
  range.addEventListener("input", () => {
    const x = Number(there(range.value / 1000).toPrecision(4));
    number.value = exact(x);
    judge(name, number, { x });
    set(name, x);
  });
  typing(number, (found) => {
    if (!judge(name, number, found)) { update(); return; }
    thumb(found.x);
    set(name, found.x);
  });
  number.addEventListener("keydown", (event) => {
    if (event.key !== "ArrowUp" && event.key !== "ArrowDown") return;
    event.preventDefault();
    if (event.key === "ArrowUp") range.stepUp(); else range.stepDown();
    range.dispatchEvent(new Event("input"));
  });
  return holder;
}
// Calls `got` with what is read from a field on every key; when the field is left, it shows what was read.
function typing(field, got) {
  field.addEventListener("input", () => got(read(field.value)));
  field.addEventListener("change", () => { field.value = read(field.value).plain ?? field.value; });
}
// Whether a slider's field holds a number that its argument may have; what is wrong is said beside it.
function judge(name, field, { x, wrong }) {
  const beside = wrong || outside(name, x), letters = name === TIME ? "t" : name;
  if (beside) state.wrong.set(name, wrong ? `no value while ${letters} has none` : `${letters} = ${short(x)}: ${beside}`);
  else state.wrong.delete(name);
  mark(field, beside);
  return !beside;
}
function mark(field, wrong) {
  field.closest(".field").querySelector(".wrong").textContent = wrong;
  field.setAttribute("aria-invalid", String(Boolean(wrong)));
}
function set(name, x) {
  if (name === TIME || name === state.x) state.at = x;
  if (name !== TIME) state.point[name] = x;
  state.shown = -1;
  $("experiment").value = "-1";
  update();
}
function update() {
  const point = placed(state.at), [unread] = state.wrong.values(), why = unread || forbidden(entry, point);
  const now = why ? NaN : value(entry, point), spread = why ? NaN : scatter(point);
  const off = Number.isFinite(spread) ? ` \u00b1 ${short(spread, 2)}` : "";
  const found = Number.isFinite(now) ? `${exact(now)}${off}` : short(now);
  $("value").textContent = why || (Number.isNaN(now) ? "no value here" : found);
  $("value").classList.toggle("bad", Boolean(why) || Number.isNaN(now));
  $("call").textContent = why ? "" : python();
  $("call").hidden = Boolean(why);
  for (const name of ["python", "json"]) $(name).disabled = Boolean(why);
  draw();
  if (!unread) history.replaceState(null, "", address());
}

// -- the curve --------------------------------------------------------------------------------------------

function reach() {
  if (state.x === TIME) return [0, 1];
  const [low, high] = argumentOf(state.x).usual;
  return [low, high];
}
// Points of the curve. A minimisation takes a thousand times as long as a printed formula, and its least point may jump
// from one branch to another: there are fewer points, and the jump is looked for.
function sampled() {
  const [low, high] = reach(), log = $("logx").checked && low > 0, points = entry.values.length ? FEW : POINTS;
  const curve = Array.from({ length: points }, (_, k) => {
    const u = k / (points - 1);
    return sample(log ? low * (high / low) ** u : low + (high - low) * u);
  });
  return entry.values.length ? curve.flatMap((here, k) => (k ? [...jump(curve[k - 1], here), here] : [here])) : curve;
}
function sample(x) {
  const point = placed(x), found = outcome(entry, point);
  return { x, y: picked(entry, found), off: DEVIATIONS * scatter(point), branch: found?.branch };
}
// Two points as close to a jump between two others as can be seen, or none.
function jump(left, right) {
  if (left.branch === right.branch) return [];
  for (let k = 0; k < 8; k += 1) {
    const middle = sample((left.x + right.x) / 2);
    if (middle.branch === left.branch) left = middle; else right = middle;
  }
  return [left, right];
}
function ticks(low, high, log) {
  if (log) {
    const first = Math.floor(Math.log10(low)), last = Math.ceil(Math.log10(high)), found = [];
    const step = Math.max(1, Math.ceil((last - first) / 6));
    for (let k = first; k <= last; k += step) {
      for (const digit of last - first <= 2 ? [1, 2, 5] : [1]) {
        const x = digit * 10 ** k;
        if (x >= low * 0.999 && x <= high * 1.001) found.push(x);
      }
    }
    return found.length > 1 ? found : [low, high];
  }
  const rough = (high - low) / 5, power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((k) => k * power).find((k) => k >= rough), found = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + 1e-9 * step; k += 1) found.push(Number((k * step).toPrecision(12)));
  return found;
}
// Where numbers stand in the drawing, from the heights that must be seen; null where there are none.
function scales(heights) {
  const [low, high] = reach(), logx = $("logx").checked && low > 0, wide = Math.max(260, $("figure").clientWidth);
  const tall = Math.round(Math.max(170, Math.min(0.6 * wide, 0.5 * innerHeight)));
  const positive = heights.filter((y) => y > 0), logy = state.logy && positive.length > 0, seen = logy ? positive : heights;
  if (!seen.length) return { wide, tall };
  let bottom = Math.min(...seen), top = Math.max(...seen);
  if (logy) { bottom = Math.max(bottom, top * 1e-12); if (top / bottom < 1.01) { bottom /= 2; top *= 2; } }
  else { const space = (top - bottom) * 0.06 || Math.abs(top) * 0.1 || 1; bottom -= space; top += space; }
  const rows = ticks(bottom, top, logy), columns = ticks(low, high, logx);
  const longest = (numbers) => DIGIT * Math.max(...numbers.map((x) => short(x).length));
  const left = 14 + longest(rows), right = wide - 8 - longest(columns) / 2;
  const across = (x) => left + (right - left)
    * (logx ? Math.log(x / low) / Math.log(high / low) : (x - low) / (high - low));
  const up = (y) => {
    const u = logy ? Math.log(Math.max(y, bottom) / bottom) / Math.log(top / bottom) : (y - bottom) / (top - bottom);
    return tall - BOTTOM - (tall - TOP - BOTTOM) * Math.min(1.2, Math.max(-0.2, u));
  };
  return { wide, tall, left, right, low, high, rows, columns, across, up };
}
function draw() {
  const hidden = [...state.wrong.keys()].some((name) => name !== state.x), curve = hidden ? [] : sampled();
  const shown = state.shown >= 0 ? experiments[state.shown].rows : [];
  const heights = hidden ? [] : [...curve.flatMap(({ y, off }) => (Number.isFinite(off) ? [y - off, y + off] : [y])),
    ...kept.flatMap((old) => old.map(({ y }) => y)), ...shown.flatMap(([, y, e]) => [y - e, y + e])].filter(Number.isFinite);
  const scale = scales(heights), { wide, tall } = scale;
  const why = hidden ? "No curve: an argument has no value." : "The formula has no value anywhere on this axis.";
  const parts = scale.rows ? [grid(scale), band(curve, scale), lines(curve, scale), marks(shown, scale)]
    : [`<text class="nothing" x="${wide / 2}" y="${tall / 2}" text-anchor="middle">${why}</text>`];
  $("ylabel").innerHTML = entry.values.find(({ name }) => name === state.drawn)?.letter ?? entry.letter;
  $("xlabel").innerHTML = lettered(state.x);
  $("figure").innerHTML = `<svg viewBox="0 0 ${wide} ${tall}" role="img" aria-label="${entry.title} against ${state.x}">
    ${parts.join("")}</svg>`;
  $("keep").disabled = hidden;
  // How far down what gets the focus must stop, where the chart stays at the top.
  document.documentElement.style.setProperty("--chart", `${document.querySelector(".chart").offsetHeight}px`);
}
function grid({ tall, left, right, rows, columns, across, up }) {
  const parts = [];
  for (const x of columns) {
    parts.push(`<line class="axis" x1="${across(x)}" x2="${across(x)}" y1="${TOP}" y2="${tall - BOTTOM}"/>`,
      `<text x="${across(x)}" y="${tall - BOTTOM + 19}" text-anchor="middle">${short(x)}</text>`);
  }
  for (const y of rows) {
    parts.push(`<line class="axis" x1="${left}" x2="${right}" y1="${up(y)}" y2="${up(y)}"/>`,
      `<text x="${left - 8}" y="${up(y) + 4}" text-anchor="end">${short(y)}</text>`);
  }
  return parts.join("");
}
function band(curve, { across, up }) {
  const known = curve.filter(({ y, off }) => Number.isFinite(y) && Number.isFinite(off));
  if (!known.length) return "";
  const upper = known.map(({ x, y, off }) => `${across(x)},${up(y + off)}`);
  const lower = known.map(({ x, y, off }) => `${across(x)},${up(y - off)}`).reverse();
  return `<polygon class="band" points="${[...upper, ...lower].join(" ")}"/>`;
}
function lines(curve, scale) {
  return [...kept.map((old) => `<path class="kept" d="${path(old, scale)}"/>`),
    `<path class="curve" d="${path(curve, scale)}"/>`].join("");
}
// Where the sliders stand, and what was measured.
function marks(shown, { low, high, across, up }) {
  const now = state.wrong.size ? NaN : value(entry, placed(state.at)), parts = [];
  if (Number.isFinite(now) && state.at >= low && state.at <= high) {
    parts.push(`<circle class="here" cx="${across(state.at)}" cy="${up(now)}" r="5"/>`);
  }
  for (const [x, y, e] of shown) {
    parts.push(`<line class="seen" x1="${across(x)}" x2="${across(x)}" y1="${up(y - e)}" y2="${up(y + e)}"/>`,
      `<circle class="seen" cx="${across(x)}" cy="${up(y)}" r="3.4"/>`);
  }
  return parts.join("");
}
function path(curve, { across, up, low, high }) {
  let text = "", pen = false, before;
  for (const { x, y, branch } of curve) {
    if (branch !== before) pen = false;
    before = branch;
    if (!Number.isFinite(y) || x < low || x > high) { pen = false; continue; }
    text += `${pen ? "L" : "M"}${across(x).toFixed(2)} ${up(y).toFixed(2)}`;
    pen = true;
  }
  return text;
}

// -- events -----------------------------------------------------------------------------------------------

function theme(dark) {
  document.documentElement.dataset.theme = dark ? "dark" : "light";
  $("theme").textContent = dark ? "Light" : "Dark";
}
$("filter").addEventListener("input", () => menu($("filter").value));
$("menu").addEventListener("click", () => $("menu").setAttribute("aria-expanded", String($("nav").classList.toggle("open"))));
$("theme").addEventListener("click", () => theme(document.documentElement.dataset.theme !== "dark"));
$("axis").addEventListener("change", () => {
  state.x = $("axis").value;
  state.at = state.x === TIME ? 0.5 : state.point[state.x];
  state.dilated = false;
  state.logx = null;
  kept = [];
  controls();
  update();
});
$("drawn").addEventListener("change", () => { state.drawn = $("drawn").value; kept = []; update(); });
$("dilated").addEventListener("change", () => { state.dilated = $("dilated").checked; controls(); update(); });
$("logx").addEventListener("change", () => { state.logx = $("logx").checked; update(); });
$("logy").addEventListener("change", () => { state.logy = $("logy").checked; update(); });
typing($("bandDimension"), ({ x, wrong }) => {
  mark($("bandDimension"), wrong || (x >= 1 ? "" : "needs a dimension >= 1"));
  // Without a dimension there is no band, rather than the one from before.
  state.bandDimension = !wrong && x >= 1 ? x : NaN;
  update();
});
$("experiment").addEventListener("change", () => {
  const index = Number($("experiment").value), own = experiments[index];
  if (own) {
    state.x = own.x;
    Object.assign(state.point, own.settings);
    state.at = own.rows[Math.floor(own.rows.length / 2)][0];
    if (own.d) state.bandDimension = own.d;
  }
  state.shown = index;
  controls();
  update();
});
$("keep").addEventListener("click", () => { kept = [...kept.slice(-4), sampled()]; draw(); });
$("forget").addEventListener("click", () => { kept = []; draw(); });
$("reset").addEventListener("click", () => choose(entry.name));
$("latex").addEventListener("click", () => copy(entry.latex, "LaTeX"));
$("python").addEventListener("click", () => copy(python(), "Python"));
$("json").addEventListener("click", () => copy(record(), "JSON"));
window.addEventListener("hashchange", fromAddress);
window.addEventListener("resize", () => { if (entry?.computed) draw(); });
theme(matchMedia("(prefers-color-scheme: dark)").matches);
fromAddress();
