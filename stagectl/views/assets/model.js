// What is shown: which nodes a filter lets through, and which of them a folder stands for.
const data = JSON.parse(document.getElementById("data").textContent);
const nodes = data.nodes, FIRST = 50, LIMIT = 120, MOST = 300, SMALL = 100, PINNED = 80;

nodes.forEach((node, index) => {
  node.index = index;
  node.folders = [];
  const parts = node.name.split("/");
  for (let at = 1; at < parts.length; at += 1) node.folders.push(parts.slice(0, at).join("/"));
  node.text = [node.id, node.kind, node.note, ...node.tags, ...node.values.flat()].join("\n").toLowerCase();
  node.before = [];
  node.after = [];
  node.behind = [];
});
for (const [earlier, later, how] of data.edges) {
  nodes[later].before.push(earlier);
  nodes[earlier].after.push(later);
  if (how === "cause") nodes[later].behind.push(earlier);
}
const deepest = Math.max(0, ...nodes.map((node) => node.folders.length));

// depth: how many levels of folders are open, null as many as fit; open: folders that the reader opened or closed;
// revealed: nodes that were asked for by name.
const state = {
  search: "", tag: "", kind: "", action: "", state: "", focus: nodes.length > SMALL && nodes.some((node) => node.own),
  depth: null, open: new Map(), revealed: new Set(), selected: null,
};

const isFiltered = () => Boolean(state.search || state.tag || state.kind || state.action || state.state);

function passes(node) {
  return (!state.tag || node.tags.includes(state.tag)) && (!state.kind || node.kind === state.kind) &&
    (!state.action || node.action === state.action) && (state.state ? node.state === state.state : !node.aside) &&
    state.search.split(/\s+/).every((word) => node.text.includes(word));
}

function wanted() { // the nodes to show; a filter chooses among all of them
  let found = nodes.filter(passes);
  if (state.focus && !isFiltered()) {
    const near = new Set();
    for (const node of found.filter((one) => one.own)) {
      near.add(node.index);
      [...node.before, ...node.after].forEach((index) => near.add(index));
    }
    found = found.filter((node) => near.has(node.index));
  }
  const shown = new Set(found.map((node) => node.index));
  return nodes.filter((node) => shown.has(node.index) || state.revealed.has(node.index));
}

function boxesOf(shown, depth) { // what stands for each node: itself, or the outermost folder that is closed
  const members = new Map();
  const isOpen = (folder, level) => (state.open.has(folder) ? state.open.get(folder) : level < depth);
  const owners = shown.filter((node) => node.own).length;
  for (const node of shown) {
    const isPinned = state.revealed.has(node.index) || (state.focus && node.own && owners <= PINNED);
    const isForced = node.folders.some((folder) => state.open.get(folder) === false);
    const at = isPinned && !isForced ? -1 : node.folders.findIndex((folder, level) => !isOpen(folder, level));
    const key = at < 0 ? `${node.id}` : `${node.folders[at]}/`;
    if (!members.has(key)) members.set(key, []);
    members.get(key).push(node);
  }
  const found = [];
  for (const [key, inside] of members) {
    const isFolder = key.endsWith("/") && (inside.length > 1 || state.open.get(key.slice(0, -1)) === false);
    found.push({ key: isFolder ? key : inside[0].id, folder: isFolder ? key.slice(0, -1) : null, inside });
  }
  return found;
}

function picture() { // boxes and arrows to draw, as many folders open as fit unless the reader said how many
  const shown = wanted();
  let boxes = boxesOf(shown, state.depth === null ? deepest : state.depth);
  const limit = state.focus && !isFiltered() ? FIRST : LIMIT;
  for (let depth = deepest - 1; state.depth === null && depth >= 0 && boxes.length > limit; depth -= 1) {
    boxes = boxesOf(shown, depth);
  }
  const left = Math.max(0, boxes.length - MOST);
  boxes = boxes.slice(0, MOST);
  const boxOf = new Map();
  boxes.forEach((box, at) => box.inside.forEach((node) => boxOf.set(node.index, at)));
  const arrows = new Map();
  for (const [earlier, later, how] of data.edges) {
    const a = boxOf.get(earlier), b = boxOf.get(later);
    const isDrawn = a !== undefined && b !== undefined && a !== b;
    if (isDrawn && (how !== "implied" || boxes[a].folder || boxes[b].folder)) {
      const known = arrows.get(`${a}>${b}`);
      arrows.set(`${a}>${b}`, { ends: [a, b], dotted: how !== "cause" && (!known || known.dotted) });
    }
  }
  return { boxes, arrows: [...arrows.values()], shown: shown.length, left };
}

function reach(start, step) { // what is reached by steps, nearest first
  const found = new Set();
  let frontier = nodes[start][step];
  while (frontier.length) {
    frontier.forEach((index) => found.add(index));
    frontier = [...new Set(frontier.flatMap((index) => nodes[index][step]))].filter((index) => !found.has(index));
  }
  return [...found];
}
