// The page: draws the picture, follows pointer and keyboard. Text goes in as text, never as markup.
const $ = (id) => document.getElementById(id);
const SPACE = "http://www.w3.org/2000/svg", TITLE = 7.3, NOTE = 6.1, PADDING = 10, HEIGHT = 40, LONGEST = 44, LISTED = 200, VALUES = 3;
let drawn = null, scale = 1, current = null; // current: the key of the box that Tab leads to

function make(tag, attributes, ...children) {
  const isDrawing = ["svg", "g", "rect", "path", "text", "title"].includes(tag);
  const element = isDrawing ? document.createElementNS(SPACE, tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value !== null && value !== false) element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

const cut = (text) => (text.length > LONGEST ? `${text.slice(0, LONGEST - 3)}...` : text);
const counted = (number, word) => `${number} ${word}${number === 1 ? "" : "s"}`;

function looks(box) { // the words and the style of a box
  if (!box.folder) {
    const node = box.inside[0];
    const style = node.own ? `${node.style} own` : node.style;
    return { title: node.title, note: cut(node.note), style, about: node.about.join("\n"), border: node.border };
  }
  const signs = new Map();
  box.inside.forEach((node) => signs.set(node.sign, (signs.get(node.sign) || 0) + 1));
  const counts = [...signs].filter(([sign]) => sign).map(([sign, count]) => `${count} ${sign}`).join(", ");
  const note = `${counted(box.inside.length, data.unit)}${counts ? `: ${counts}` : ""}`;
  return { title: box.key, note, style: "folder", about: `${note}\nopens at a click`, border: "" };
}

function draw() {
  drawn = picture();
  const words = drawn.boxes.map(looks);
  const sizes = words.map(({ title, note }) => [Math.max(title.length * TITLE, note.length * NOTE, 88) + 2 * PADDING, HEIGHT]);
  const layout = drawing(sizes, drawn.arrows.map((arrow) => arrow.ends));
  const arrows = make("g", { "class": "arrows" });
  drawn.arrows.forEach((arrow, at) => {
    arrow.element = make("path", { d: layout.paths[at], "class": arrow.dotted ? "dotted" : null, "marker-end": "url(#tip)" });
    arrows.append(arrow.element);
  });
  const group = make("g");
  drawn.boxes.forEach((box, at) => {
    box.center = layout.centers[at];
    box.element = boxElement(box, words[at], sizes[at]);
    group.append(box.element);
  });
  const size = layout.size.map((side) => Math.max(side, 40));
  $("boxes").replaceChildren(arrows, group);
  $("picture").setAttribute("viewBox", `0 0 ${size[0]} ${size[1]}`);
  zoom(scale);
  const rest = drawn.left ? ` ${drawn.left} more boxes than are drawn: search or filter.` : "";
  const none = drawn.shown ? "" : ` ${nodes.length ? "Nothing matches." : data.empty}`;
  const inFocus = state.focus && !isFiltered() ? ", those changed and one step around them" : "";
  $("count").textContent = `Shown: ${drawn.shown} of ${counted(nodes.length, data.unit)}${inFocus}.${rest}${none}`;
  list();
  enter(drawn.boxes.some((box) => box.key === current) ? current : drawn.boxes.length ? drawn.boxes[0].key : null);
  mark();
}

function boxElement(box, { title, note, style, about, border }, [width, height]) {
  const [x, y] = [box.center[0] - width / 2, box.center[1] - height / 2];
  const act = () => { current = box.key; if (box.folder) open(box, true); else select(box.inside[0].index); };
  return make("g", {
    "class": `box ${style} ${border}`, transform: `translate(${x} ${y})`, role: "button", tabindex: -1,
    "aria-label": `${box.folder ? `folder ${box.folder}` : box.inside[0].spoken}, ${note}`, click: act,
    "data-key": box.key, focus: () => enter(box.key),
  }, make("title", null, about), make("rect", { width, height, rx: 4 }),
  make("text", { x: PADDING, y: 17, "class": "name" }, title), make("text", { x: PADDING, y: 32, "class": "note" }, note));
}

function zoom(to) {
  scale = Math.min(2, Math.max(0.2, to));
  const [, , width, height] = $("picture").getAttribute("viewBox").split(" ").map(Number);
  $("picture").setAttribute("width", width * scale);
  $("picture").setAttribute("height", height * scale);
}

function fit() {
  const [, , width, height] = $("picture").getAttribute("viewBox").split(" ").map(Number);
  zoom(Math.min(1, ($("canvas").clientWidth - 4) / width, ($("canvas").clientHeight - 4) / height));
}

function start() { // all of it if that can be read, else what can be, and in the middle what the rest waits for
  const [, , width] = $("picture").getAttribute("viewBox").split(" ").map(Number);
  fit();
  if (scale < 0.65) zoom(Math.min(1, Math.max(0.5, ($("canvas").clientWidth - 20) / width)));
  const most = drawn.boxes.map(() => 0);
  drawn.arrows.forEach(({ ends }) => { most[ends[0]] += 1; });
  const first = drawn.boxes[most.indexOf(Math.max(...most))];
  if (first) {
    $("canvas").scrollTop = first.center[1] * scale - $("canvas").clientHeight / 2;
    $("canvas").scrollLeft = first.center[0] * scale - $("canvas").clientWidth / 2;
  }
  if (first) enter(first.key);
}

function enter(key) { // one box at a time is reached by Tab
  current = key;
  drawn.boxes.forEach((box) => box.element.setAttribute("tabindex", box.key === key ? 0 : -1));
}

function open(box, isOpen) {
  state.open.set(box.folder, isOpen);
  draw();
  const first = drawn.boxes.find((one) => one.inside.some((node) => box.inside.includes(node)));
  if (first) first.element.focus();
}

function collapse(folder) {
  state.open.set(folder, false);
  draw();
  const box = drawn.boxes.find((one) => one.folder === folder);
  if (box) box.element.focus();
}

function select(index, { reveal = false } = {}) {
  state.selected = index;
  if (reveal && !drawn.boxes.some((box) => !box.folder && box.inside[0].index === index)) {
    state.revealed.add(index);
    nodes[index].folders.forEach((folder) => { if (state.open.get(folder) === false) state.open.delete(folder); });
    draw();
  }
  mark();
  details();
  if (reveal) {
    const box = drawn.boxes.find((one) => one.key === nodes[index].id);
    if (box) { box.element.focus(); box.element.scrollIntoView({ block: "center", inline: "center" }); }
  }
}

function mark() { // the one selected, what is behind it and what waits for it
  const index = state.selected;
  const earlier = new Set(index === null ? [] : [index, ...reach(index, "behind")]);
  const later = new Set(index === null ? [] : [index, ...reach(index, "after")]);
  const side = (box) => (box.inside.some((node) => node.index === index) ? "here"
    : box.inside.some((node) => earlier.has(node.index)) ? "earlier"
      : box.inside.some((node) => later.has(node.index)) ? "later" : null);
  drawn.boxes.forEach((box) => {
    const where = index === null ? null : side(box);
    ["here", "earlier", "later"].forEach((word) => box.element.classList.toggle(word, where === word));
    box.element.classList.toggle("far", index !== null && where === null);
    if (where === "here") box.element.setAttribute("aria-current", "true");
    else box.element.removeAttribute("aria-current");
  });
  drawn.arrows.forEach((arrow) => {
    const ends = arrow.ends.map((at) => drawn.boxes[at].inside.map((node) => node.index));
    const isOn = [earlier, later].some((set) => ends.every((inside) => inside.some((one) => set.has(one))));
    arrow.element.classList.toggle("far", index !== null && !isOn);
  });
}

function link(index, extra) {
  const node = nodes[index];
  return make("button", { type: "button", "class": "link", click: () => select(index, { reveal: true }) },
    make("span", { "class": `sign ${node.style}` }, node.sign || "·"), ` ${node.id}${extra || ""}`);
}

function links(indexes) {
  const items = indexes.slice(0, LISTED).map((index) => make("li", null, link(index)));
  if (indexes.length > LISTED) items.push(make("li", null, `and ${indexes.length - LISTED} more`));
  return make("ul", null, ...items);
}

function chain(index, seen) { // why, step by step; what stands there already is not repeated
  const behind = nodes[index].behind.filter((one) => !seen.has(one));
  behind.forEach((one) => seen.add(one));
  return make("ul", null, ...behind.map((one) => {
    const item = make("li", null, link(one), make("span", { "class": "why" }, ` ${nodes[one].note}`));
    if (nodes[one].behind.length) item.append(chain(one, seen));
    return item;
  }));
}

function section(title, ...content) {
  return make("section", null, make("h3", null, title), ...content);
}

function details() {
  const panel = $("details");
  panel.replaceChildren();
  if (state.selected === null) {
    const values = hasValues ? "its values, " : "";
    panel.append(make("p", null, `Select a ${data.unit} to see ${values}why it is there and what waits for it.`));
    return;
  }
  const node = nodes[state.selected], waits = reach(node.index, "after");
  panel.append(make("h2", null, node.title), make("p", null, node.about[0]));
  const facts = [["kind", node.kind], ["tags", node.tags.join(", ")], ["state", node.state]].filter(([, value]) => value);
  panel.append(make("dl", null, ...facts.flatMap(([key, value]) => [make("dt", null, key), make("dd", null, value)])));
  if (node.values.length) {
    const head = make("tr", null, ...["value", "before", "after"].map((word) => make("th", { scope: "col" }, word)));
    const rows = node.values.map((row) => make("tr", null, ...row.map((cell) => make("td", null, cell))));
    panel.append(section("Values", make("table", null, make("thead", null, head), make("tbody", null, ...rows))));
  } else if (node.about.length > 1) {
    panel.append(...node.about.slice(1).map((line) => make("p", null, line)));
  }
  const because = node.behind.length ? chain(node.index, new Set([node.index])) : make("p", null, node.note);
  panel.append(section("Because", because));
  panel.append(section(`Comes after (${node.before.length})`, links(node.before)));
  panel.append(section(`What waits for it (${waits.length})`, links(waits)));
  const buttons = node.folders.map((folder) => make("button", { type: "button", click: () => collapse(folder) }, `Collapse ${folder}/`));
  if (buttons.length) panel.append(section("Folders", ...buttons));
  $("said").textContent = `${node.spoken}. ${counted(waits.length, data.unit)} wait for it.`;
}

function shownValues(node) { // the first values that change, a line each
  const lines = node.values.slice(0, VALUES).map(([path, before, after]) => {
    const text = before && after ? `${before} \u2192 ${after}` : after || `${before} \u2192 (gone)`;
    return make("span", { "class": "value", title: `${path}: ${text}` }, `${path}: ${text}`);
  });
  const more = node.values.length - VALUES;
  if (more > 0) lines.push(make("span", { "class": "value" }, `and ${more} more`));
  return lines;
}

function list() {
  const found = wanted();
  const items = found.slice(0, LISTED).map((node) => make("li", null, link(node.index), ...shownValues(node)));
  if (found.length > LISTED) items.push(make("li", null, `and ${found.length - LISTED} more`));
  $("list").replaceChildren(...items);
}

function walk(key) { // from box to box: along arrows, or to the nearest above or below
  const at = drawn.boxes.findIndex((box) => box.key === current);
  if (at < 0) return;
  const [x, y] = drawn.boxes[at].center;
  const along = (from, to) => drawn.arrows.filter(({ ends }) => ends[from] === at).map(({ ends }) => drawn.boxes[ends[to]]);
  const near = {
    ArrowRight: () => along(0, 1), ArrowLeft: () => along(1, 0),
    ArrowUp: () => drawn.boxes.filter((box) => box.center[1] < y),
    ArrowDown: () => drawn.boxes.filter((box) => box.center[1] > y),
  }[key]();
  const isUpright = key === "ArrowUp" || key === "ArrowDown";
  const far = (box) => (isUpright ? 3 : 1) * Math.abs(box.center[0] - x) + Math.abs(box.center[1] - y);
  const next = near.sort((a, b) => far(a) - far(b))[0];
  if (next) { next.element.focus(); next.element.scrollIntoView({ block: "nearest", inline: "nearest" }); }
}

function options(id, values) {
  $(id).append(...values.map((value) => make("option", { value }, value)));
  $(id).addEventListener("change", () => { state[id] = $(id).value; draw(); });
}

const hasValues = nodes.some((node) => node.values.length);
if (!hasValues) $("search").placeholder = "name, kind, tag";
const sorted = (values) => [...new Set(values)].filter(Boolean).sort();
options("tag", sorted(nodes.flatMap((node) => node.tags)));
options("kind", sorted(nodes.map((node) => node.kind)));
options("action", sorted(nodes.map((node) => node.action)));
options("state", sorted(nodes.map((node) => node.state)));
$("search").addEventListener("input", () => { state.search = $("search").value.trim().toLowerCase(); draw(); });
$("focus").checked = state.focus;
$("focus").disabled = !nodes.some((node) => node.own);
$("focus").addEventListener("change", () => { state.focus = $("focus").checked; draw(); });
$("depth").addEventListener("change", () => {
  state.depth = $("depth").value === "" ? null : $("depth").value === "all" ? deepest : Number($("depth").value);
  state.open.clear();
  state.revealed.clear();
  draw();
});
$("clear").addEventListener("click", () => {
  Object.assign(state, { search: "", tag: "", kind: "", action: "", state: "", depth: null, selected: null });
  state.open.clear();
  state.revealed.clear();
  ["search", "tag", "kind", "action", "state", "depth"].forEach((id) => { $(id).value = ""; });
  draw();
  details();
});
$("larger").addEventListener("click", () => zoom(scale * 1.25));
$("smaller").addEventListener("click", () => zoom(scale / 1.25));
$("fit").addEventListener("click", fit);
$("picture").addEventListener("keydown", (event) => {
  const box = drawn.boxes.find((one) => one.key === current);
  if (event.key.startsWith("Arrow")) walk(event.key);
  else if ((event.key === "Enter" || event.key === " ") && box) box.element.dispatchEvent(new MouseEvent("click"));
  else return;
  event.preventDefault();
});
document.addEventListener("keydown", (event) => {
  const isTyping = ["INPUT", "SELECT", "TEXTAREA"].includes(event.target.tagName);
  if (event.key === "/" && !isTyping) { $("search").focus(); event.preventDefault(); }
  if (event.key === "Escape" && state.selected !== null) { state.selected = null; mark(); details(); }
});
draw();
details();
start();
document.documentElement.dataset.ready = "yes";
