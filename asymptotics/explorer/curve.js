// The curve: its points, scales, and drawing.

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
