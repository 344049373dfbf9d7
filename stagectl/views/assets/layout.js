"use strict";
// Where boxes and arrows go. The same drawing as core/layout.py makes, for what is shown at the moment.
// sizes: [width, height] per box; edges: [from, to] by index. Arrows that close a ring are drawn backwards.
const GAP = 12, COLUMN_GAP = 56, MARGIN = 16, SWEEPS = 8;

function drawing(sizes, edges) {
  const tied = [...new Set(edges.flat())].sort((a, b) => a - b);
  const number = new Map(tied.map((index, at) => [index, at]));
  const inner = layered(tied.map((index) => sizes[index]), edges.map(([a, b]) => [number.get(a), number.get(b)]));
  const centers = new Array(sizes.length);
  tied.forEach((index, at) => { centers[index] = inner.centers[at]; });
  const alone = sizes.map((_, index) => index).filter((index) => !number.has(index));
  let [width, height] = inner.size;
  if (alone.length) {
    const cell = Math.max(...alone.map((index) => sizes[index][0])) + GAP;
    const line = Math.max(...alone.map((index) => sizes[index][1])) + GAP;
    const top = tied.length ? height + GAP : MARGIN;
    const sheet = Math.round(Math.sqrt(1.6 * alone.length * line / cell));
    const columns = Math.max(Math.floor((width - 2 * MARGIN + GAP) / cell), sheet, 1);
    alone.forEach((index, at) => {
      const x = MARGIN + (at % columns) * cell, y = top + Math.floor(at / columns) * line;
      centers[index] = [x + sizes[index][0] / 2, y + sizes[index][1] / 2];
      width = Math.max(width, x + cell - GAP + MARGIN);
      height = Math.max(height, y + line - GAP + MARGIN);
    });
  }
  return { size: [width, height], centers, paths: inner.paths };
}

function layered(sizes, edges) {
  const layer = layersOf(sizes.length, edges);
  const columns = Array.from({ length: Math.max(-1, ...layer) + 1 }, () => []);
  layer.forEach((column, index) => columns[column].push(index));
  let bend = sizes.length;
  const chains = edges.map(([earlier, later]) => {
    const [first, last] = [layer[earlier], layer[later]].sort((a, b) => a - b);
    const bends = [];
    for (let at = first + 1; at < last; at += 1) {
      columns[at].push(bend);
      bends.push(bend);
      bend += 1;
    }
    return [earlier, ...(layer[earlier] < layer[later] ? bends : bends.reverse()), later];
  });
  const before = Array.from({ length: bend }, () => []), after = Array.from({ length: bend }, () => []);
  for (const chain of chains) {
    for (let at = 1; at < chain.length; at += 1) {
      before[chain[at]].push(chain[at - 1]);
      after[chain[at - 1]].push(chain[at]);
    }
  }
  arrange(columns, before, after);
  const heights = Array.from({ length: bend }, (_, index) => (index < sizes.length ? sizes[index][1] : 0));
  const middle = middles(columns, heights, before, after);
  const widths = columns.map((column) => Math.max(0, ...column.map((i) => (i < sizes.length ? sizes[i][0] : 0))));
  const lefts = [];
  widths.reduce((left, width, at) => { lefts[at] = left; return left + width + COLUMN_GAP; }, MARGIN);
  const centers = sizes.map((_, index) => [lefts[layer[index]] + widths[layer[index]] / 2, middle[index]]);
  const bottom = Math.max(0, ...middle.map((y, index) => y + heights[index] / 2));
  const right = columns.length ? lefts[lefts.length - 1] + widths[widths.length - 1] + MARGIN : 0;
  const paths = chains.map((chain) => pathOf(chain, layer, lefts, widths, sizes, centers, middle));
  return { size: [right, bottom + MARGIN], centers, paths };
}

function layersOf(count, edges) {
  const left = Array.from({ length: count }, () => new Set()), after = Array.from({ length: count }, () => []);
  for (const [earlier, later] of edges) {
    left[later].add(earlier);
    after[earlier].push(later);
  }
  const layer = new Array(count).fill(0), waiting = new Set(layer.keys());
  const ready = [...waiting].filter((index) => !left[index].size);
  while (waiting.size) {
    const index = ready.length ? ready.pop() : waiting.values().next().value;
    if (!waiting.delete(index)) continue;
    for (const later of after[index]) {
      if (!waiting.has(later)) continue;
      layer[later] = Math.max(layer[later], layer[index] + 1);
      left[later].delete(index);
      if (!left[later].size) ready.push(later);
    }
  }
  return layer;
}

const mean = (values, otherwise) => (values.length ? values.reduce((a, b) => a + b, 0) / values.length : otherwise);

function arrange(columns, before, after) {
  const rank = new Array(before.length).fill(0);
  const number = (column) => column.forEach((index, at) => { rank[index] = (at + 0.5) / column.length; });
  columns.forEach(number);
  const both = before.map((earlier, index) => [...earlier, ...after[index]]);
  for (let sweep = 0; sweep < 2 * SWEEPS; sweep += 1) {
    const ties = sweep >= SWEEPS ? both : sweep % 2 ? after : before;
    for (const column of sweep % 2 ? [...columns].reverse() : columns) {
      const key = new Map(column.map((index) => [index, mean(ties[index].map((near) => rank[near]), rank[index])]));
      column.sort((a, b) => key.get(a) - key.get(b));
      number(column);
    }
  }
}

function middles(columns, heights, before, after) {
  const middle = new Array(heights.length).fill(0);
  const place = (column, wanted) => {
    spread(wanted, column.map((index) => heights[index])).forEach((y, at) => { middle[column[at]] = y; });
  };
  columns.forEach((column) => place(column, column.map(() => 0)));
  for (let sweep = 0; sweep < SWEEPS; sweep += 1) {
    const ties = sweep % 2 ? after : before;
    for (const column of sweep % 2 ? [...columns].reverse() : columns) {
      place(column, column.map((index) => mean(ties[index].map((near) => middle[near]), middle[index])));
    }
  }
  const top = Math.min(...middle.map((y, index) => y - heights[index] / 2));
  return middle.map((y) => y - top + MARGIN);
}

function spread(wanted, heights) { // pool adjacent violators: as near to what is wanted as the order allows
  const offsets = [], pools = [];
  heights.forEach((height, at) => {
    offsets.push(at ? offsets[at - 1] + (heights[at - 1] + height) / 2 + GAP : 0);
  });
  wanted.forEach((want, at) => {
    pools.push([want - offsets[at], 1]);
    while (pools.length > 1 && pools[pools.length - 2][0] > pools[pools.length - 1][0]) {
      const [high, many] = pools.pop(), [low, few] = pools.pop();
      pools.push([(low * few + high * many) / (few + many), few + many]);
    }
  });
  return pools.flatMap(([at, many]) => new Array(many).fill(at)).map((at, index) => at + offsets[index]);
}

function pathOf(chain, layer, lefts, widths, sizes, centers, middle) {
  const first = chain[0], last = chain[chain.length - 1], step = layer[first] < layer[last] ? 1 : -1;
  const points = [[centers[first][0] + step * sizes[first][0] / 2, centers[first][1]]];
  chain.slice(1, -1).forEach((bend, at) => {
    const column = layer[first] + step * (at + 1);
    const ends = [[lefts[column], middle[bend]], [lefts[column] + widths[column], middle[bend]]];
    points.push(...(step > 0 ? ends : ends.reverse()));
  });
  points.push([centers[last][0] - step * sizes[last][0] / 2, centers[last][1]]);
  let path = `M${points[0].join(" ")}`;
  for (let at = 1; at < points.length; at += 1) {
    const [x, y] = points[at - 1], [farX, farY] = points[at], reach = Math.abs(farX - x) / 2 * step;
    path += `C${x + reach} ${y} ${farX - reach} ${farY} ${farX} ${farY}`;
  }
  return path;
}
