// Numbers and calls as text: how they are read, written and copied.

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
function python(number = exact) {
  const point = placed(state.at);
  const given = entry.arguments.filter((argument) => point[argument.name] !== argument.default)
    .map((argument) => `${argument.name}=${number(point[argument.name])}`);
  return `${entry.call || "f"}(${given.join(", ")})${entry.values.length ? `.${state.drawn}` : ""}`;
}
// To be pasted: all digits, and where the name comes from.
function program() {
  const origin = entry.call ? `from asymptotics import ${entry.topic}` : `# f: the formula ${entry.name}`;
  return `${origin}\n${python(String)}`;
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
