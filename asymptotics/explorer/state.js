// What is looked at: the state, and the address that keeps it.

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
