-- SPDX-License-Identifier: MIT
-- Parts: the fixed text of a page (page.lua): its frame, its style, its script.
local parts = {}

parts.body = [[
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>@title@</title>
<style>
@style@</style>
</head>
<body>
<header>
<h1>@title@</h1>
<input id="search" type="search" placeholder="search: #7, Node, a name, a value"
  aria-label="search">
<span id="hits"></span>
<span class="buttons">
<button id="nearer" title="nearer (+)">+</button>
<button id="farther" title="farther (-)">&minus;</button>
<button id="whole" title="the whole picture (0)">whole</button>
</span>
<span class="buttons" id="steps" hidden>
<button id="first" title="to the beginning">&#124;&lt;</button>
<button id="back" title="a step back ([)">&lt;</button>
<span id="step"></span>
<button id="next" title="a step further (])">&gt;</button>
<button id="last" title="to the end">&gt;&#124;</button>
</span>
</header>
<main>
<div id="drawing">@svg@</div>
<aside id="panel"><p>Click an object for its fields, its holders and why it lives. Drag to move,
turn the wheel to zoom.</p></aside>
</main>
<script id="data" type="application/json">@data@</script>
<script>
@script@</script>
</body>
</html>
]]

parts.style = [[
* { box-sizing: border-box; }
body { margin: 0; height: 100vh; display: flex; flex-direction: column;
  font: 14px/1.4 system-ui, Helvetica, Arial, sans-serif; color: #20262c; background: #fff; }
header { display: flex; flex-wrap: wrap; gap: .8em; align-items: center; padding: .5em 1em;
  border-bottom: 1px solid #cfd6dc; background: #f6f8fa; }
h1 { font-size: 1.1em; margin: 0; }
input { font: inherit; padding: .2em .5em; width: 18em; }
button { font: inherit; padding: .1em .6em; }
#hits { min-width: 6em; color: #5a6672; }
#step { display: inline-block; min-width: 22em; text-align: center; }
main { flex: 1; display: flex; min-height: 0; }
#drawing { flex: 1; overflow: hidden; cursor: grab; touch-action: none; }
#drawing.moving { cursor: grabbing; }
#drawing svg { width: 100%; height: 100%; display: block; }
#panel { width: 24em; overflow: auto; padding: .8em 1em; border-left: 1px solid #cfd6dc; }
#panel h2 { font-size: 1.05em; margin: 0 0 .4em; }
#panel h3 { font-size: .9em; margin: 1em 0 .2em; color: #5a6672; }
#panel ul { margin: 0; padding-left: 1.1em; }
#panel li { overflow-wrap: anywhere; }
#panel a { color: #1f5f9e; cursor: pointer; text-decoration: underline; }
.node { cursor: pointer; }
.halo { fill: none; stroke: none; }
.hit .halo { stroke: #e0a100; stroke-width: 4; }
.chosen .halo { stroke: #1f5f9e; stroke-width: 4; }
.colour { fill: none; }
.count { font: bold 11px Helvetica, Arial, sans-serif; fill: #7a1f9e; }
]]

parts.script = [==[
"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const svg = document.querySelector("#drawing svg");
const drawing = document.getElementById("drawing");
const objects = new Map(data.objects.map(o => [o.id, o]));
const fieldsOf = o => o.list || [];
const text = o => o.type + " #" + o.id;

// ---- the view ------------------------------------------------------------------------------
const whole = svg.viewBox.baseVal;
const home = { x: whole.x, y: whole.y, width: whole.width, height: whole.height };
let view = Object.assign({}, home);
function setView(v) {
  view = v;
  svg.setAttribute("viewBox", [v.x, v.y, v.width, v.height].join(" "));
}
function pointAt(event) {
  const p = new DOMPoint(event.clientX, event.clientY);
  return p.matrixTransform(svg.getScreenCTM().inverse());
}
function zoom(factor, at) {
  const p = at || { x: view.x + view.width / 2, y: view.y + view.height / 2 };
  setView({ x: p.x - (p.x - view.x) * factor, y: p.y - (p.y - view.y) * factor,
    width: view.width * factor, height: view.height * factor });
}
function showWhole() { setView(Object.assign({}, home)); }
svg.removeAttribute("width");
svg.removeAttribute("height");
drawing.addEventListener("wheel", event => {
  event.preventDefault();
  zoom(event.deltaY > 0 ? 1.15 : 1 / 1.15, pointAt(event));
}, { passive: false });
let grabbed = null, moved = false;
drawing.addEventListener("pointerdown", event => { grabbed = pointAt(event); moved = false; });
window.addEventListener("pointerup", () => {
  grabbed = null;
  drawing.classList.remove("moving");
});
drawing.addEventListener("pointermove", event => {
  if (!grabbed) return;
  const p = pointAt(event);
  if (Math.abs(p.x - grabbed.x) + Math.abs(p.y - grabbed.y) > 2) moved = true;
  drawing.classList.add("moving");
  setView(Object.assign({}, view, { x: view.x - p.x + grabbed.x, y: view.y - p.y + grabbed.y }));
});
document.getElementById("nearer").onclick = () => zoom(1 / 1.3);
document.getElementById("farther").onclick = () => zoom(1.3);
document.getElementById("whole").onclick = showWhole;

// ---- the nodes -----------------------------------------------------------------------------
function make(name, attributes, parent) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const key in attributes) element.setAttribute(key, attributes[key]);
  parent.insertBefore(element, name === "text" ? null : parent.firstChild);
  return element;
}
const nodes = new Map();
for (const id of objects.keys()) {
  const group = document.getElementById("n" + id);
  if (!group) continue;
  const b = group.getBBox();
  const around = { x: b.x - 3, y: b.y - 3, width: b.width + 6, height: b.height + 6, rx: 4 };
  make("rect", Object.assign({ class: "halo" }, around), group);
  const colour = make("rect", Object.assign({ class: "colour" }, around), group);
  const count = make("text", { class: "count", x: b.x + b.width + 4, y: b.y + 9 }, group);
  nodes.set(id, { group, colour, count, box: b });
  group.addEventListener("click", () => { if (!moved) choose(id, false); });
}
function centre(id) {
  const node = nodes.get(id);
  if (!node) return;
  const m = node.group.getCTM(), s = svg.getCTM().inverse().multiply(m);
  const p = new DOMPoint(node.box.x + node.box.width / 2, node.box.y + node.box.height / 2)
    .matrixTransform(s);
  const width = Math.min(view.width, home.width), height = Math.min(view.height, home.height);
  setView({ x: p.x - width / 2, y: p.y - height / 2, width, height });
}

// ---- who refers to whom --------------------------------------------------------------------
const holders = new Map();
function addHolder(id, from, label, frame) {
  if (!holders.has(id)) holders.set(id, []);
  holders.get(id).push({ from, label, frame });
}
for (const frame of data.frames)
  for (const name of fieldsOf(frame)) if (name.id) addHolder(name.id, 0, name.label, frame.frame);
for (const o of data.objects)
  for (const field of fieldsOf(o)) if (field.id) addHolder(field.id, o.id, field.label);
const place = (id, label) => "#" + id + (label.startsWith("[") ? label : "." + label);

// The shortest chain within the picture, from the object back to something that lives of itself.
function chainTo(id) {
  const next = new Map([[id, null]]), queue = [id];
  for (const at of queue) {
    const o = objects.get(at), list = holders.get(at) || [];
    const name = list.find(h => h.from === 0);
    const root = name ? "name " + name.label + " in " + name.frame : o.held ? "held by Lua"
      : o.pinned ? "pin" : o.code ? "C code" : null;
    if (root) {
      const steps = [];
      for (let n = at; next.get(n) !== null; n = next.get(n).to) steps.push(next.get(n).text);
      return { root, steps };
    }
    for (const h of list)
      if (h.from && objects.has(h.from) && !next.has(h.from)) {
        next.set(h.from, { to: at, text: place(h.from, h.label) });
        queue.push(h.from);
      }
  }
  return null;
}

// ---- the panel -----------------------------------------------------------------------------
const panel = document.getElementById("panel");
function add(parent, name, content, id) {
  const element = document.createElement(name);
  if (id !== undefined && objects.has(id)) {
    const link = add(element, "a", content);
    link.onclick = () => choose(id, true);
  } else element.textContent = content;
  parent.append(element);
  return element;
}
function addList(title, items, none) {
  add(panel, "h3", title);
  const list = add(panel, "ul", "");
  for (const item of items) add(list, "li", item.text, item.id);
  if (items.length === 0) add(list, "li", none);
}
function fieldItems(o) {
  const items = fieldsOf(o).map(f => f.id
    ? { text: f.label + " -> #" + f.id, id: f.id } : { text: f.label + " = " + f.text });
  if (o.weak) items.push({ text: "weakly -> #" + o.weak, id: o.weak });
  if (o.more) items.push({ text: "... " + o.more + " more" });
  return items;
}
function holderItems(o) {
  const list = holders.get(o.id) || [];
  const items = list.map(h => h.from ? { text: place(h.from, h.label), id: h.from }
    : { text: "name " + h.label + " in " + h.frame });
  if (o.pinned) items.push({ text: "pin" });
  const rest = o.count - items.length;
  if (rest > 0) items.push({ text: rest + " not in this picture" });
  if (o.held) items.push({ text: "held by Lua, not counted" });
  return items;
}
function choose(id, go) {
  const o = objects.get(id);
  for (const n of nodes.values()) n.group.classList.remove("chosen");
  if (nodes.has(id)) nodes.get(id).group.classList.add("chosen");
  if (go) centre(id);
  panel.textContent = "";
  add(panel, "h2", text(o));
  add(panel, "p", "count " + o.count + (o.garbage ? ", garbage: collect() frees it" : ""));
  addList("refers to", fieldItems(o), "nothing");
  addList("holders", holderItems(o), "none");
  const chain = o.garbage ? null : chainTo(id);
  addList("why it lives", chain
    ? [{ text: chain.root }].concat(chain.steps.map(s => ({ text: s }))) : [],
    o.garbage ? "it does not: nothing that lives reaches it" : "by what is not in this picture");
}

// ---- searching -----------------------------------------------------------------------------
const search = document.getElementById("search"), hits = document.getElementById("hits");
let found = [], at = -1;
const words = o => [text(o)].concat(fieldsOf(o).map(f => f.label + " " + (f.text || "")),
  (holders.get(o.id) || []).filter(h => h.from === 0).map(h => h.label)).join("\n").toLowerCase();
function matches(o, what) {
  return /^#\d+$/.test(what) ? "#" + o.id === what : words(o).includes(what);
}
search.addEventListener("input", () => {
  const what = search.value.trim().toLowerCase();
  found = what === "" ? [] : data.objects.filter(o => matches(o, what)).map(o => o.id);
  at = -1;
  for (const [id, n] of nodes) n.group.classList.toggle("hit", found.includes(id));
  hits.textContent = what === "" ? "" : found.length + " found";
});
search.addEventListener("keydown", event => {
  if (event.key !== "Enter" || found.length === 0) return;
  at = (at + (event.shiftKey ? found.length - 1 : 1)) % found.length;
  hits.textContent = (at + 1) + " of " + found.length;
  choose(found[at], true);
});

// ---- steps of a collection -----------------------------------------------------------------
const fills = { white: "#ffffff", grey: "#b9c0c7", gray: "#b9c0c7", black: "#4b5560",
  red: "#e0674a", purple: "#b98ad6", green: "#8fc98f", live: "#8fc98f", garbage: "#e0674a" };
let now = 0;
function showStep(k) {
  now = Math.max(0, Math.min(k, data.steps.length));
  const state = new Map();
  for (let i = 0; i < now; i++)
    for (const c of data.steps[i].changes)
      state.set(c.id, Object.assign({}, state.get(c.id), c));
  for (const [id, n] of nodes) {
    const s = state.get(id) || {};
    n.colour.style.fill = fills[s.colour] || "none";
    n.count.textContent = s.count === undefined ? "" : String(s.count);
  }
  const step = data.steps[now - 1];
  document.getElementById("step").textContent = now + " of " + data.steps.length
    + (step ? ": " + step.phase + (step.text ? ", " + step.text : "") : ": before");
}
if (data.steps.length > 0) {
  document.getElementById("steps").hidden = false;
  document.getElementById("first").onclick = () => showStep(0);
  document.getElementById("back").onclick = () => showStep(now - 1);
  document.getElementById("next").onclick = () => showStep(now + 1);
  document.getElementById("last").onclick = () => showStep(data.steps.length);
  showStep(0);
}
document.addEventListener("keydown", event => {
  if (event.target === search) return;
  if (event.key === "+") zoom(1 / 1.3);
  if (event.key === "-") zoom(1.3);
  if (event.key === "0") showWhole();
  if (event.key === "]" && data.steps.length > 0) showStep(now + 1);
  if (event.key === "[" && data.steps.length > 0) showStep(now - 1);
});
]==]

return parts
