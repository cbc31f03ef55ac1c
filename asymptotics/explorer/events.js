// What happens when something is clicked or typed; and the beginning.

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
$("python").addEventListener("click", () => copy(program(), "Python"));
$("json").addEventListener("click", () => copy(record(), "JSON"));
window.addEventListener("hashchange", fromAddress);
window.addEventListener("resize", () => { if (entry?.computed) draw(); });
theme(matchMedia("(prefers-color-scheme: dark)").matches);
fromAddress();
