// What is seen besides the curve: the list, the formula, its fields.

function menu(filter = "") {
  const wanted = filter.trim().toLowerCase();
  const found = entries.filter((each) => `${each.name} ${each.title} ${each.statement} ${each.source}`
    .toLowerCase().includes(wanted));
  const inside = $("list").contains(document.activeElement);
  const parts = topics.map(([topic, title]) => [title, found.filter((each) => each.topic === topic)]);
  $("list").replaceChildren(...parts.filter(([, own]) => own.length).map(([title, own]) => {
    const part = document.createElement("section");
    part.innerHTML = `<h2>${title}</h2><ul></ul>`;
    part.querySelector("ul").append(...own.map(linked));
    return part;
  }));
  const current = $("list").querySelector("[aria-current]");
  // The list is made anew: who was in it stays there.
  if (inside) current?.focus({ preventScroll: true });
  $("unmatched").textContent = found.length ? ""
    : `Nothing matches \u201c${filter.trim()}\u201d: no name, title, statement or source has it.`;
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
// Scrolls the list, and not the page, until the link is in sight.
function reveal(link) {
  if (!link) return;
  const here = link.getBoundingClientRect(), list = $("nav").getBoundingClientRect();
  if (here.top < list.top || here.bottom > Math.min(list.bottom, innerHeight)) {
    $("nav").scrollTop += here.top - list.top - $("nav").clientHeight / 2;
  }
}
function show() {
  menu($("filter").value);
  reveal($("list").querySelector("[aria-current]"));
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
