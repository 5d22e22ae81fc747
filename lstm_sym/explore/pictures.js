// The pictures, as SVG text: curves on a logarithmic axis, and a network unfolded over its steps.
const Pictures = (() => {
  const RAISED = { "-": "⁻", 0: "⁰", 1: "¹", 2: "²", 3: "³", 4: "⁴", 5: "⁵", 6: "⁶", 7: "⁷", 8: "⁸", 9: "⁹" };
  const power = (n) => "10" + [...String(n)].map((sign) => RAISED[sign]).join("");
  const lowered = (n) => [...String(n)].map((digit) => "₀₁₂₃₄₅₆₇₈₉"[digit]).join("");
  const plain = (text) => String(text).replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
  const range = (low, high, by) => Array.from({ length: Math.floor((high - low) / by) + 1 }, (_, k) => low + k * by);
  const number = (value) => {
    if (!(value > 0)) return "0";
    const exponent = Math.floor(Math.log10(value));
    return exponent >= -2 && exponent < 4
      ? value.toPrecision(2).replace(/e.*/, "")
      : `${(value / 10 ** exponent).toFixed(1)}·${power(exponent)}`;
  };

  // A step of the axis that gives some six ticks, of 1, 2, 5, 10, 20.
  const spacing = (span, most) => [1, 2, 5, 10, 20, 50].find((by) => span / by <= most) ?? 100;

  // curves: [{ label, values, place }], values[t - 1] of step t. texts: step, sensitivity, graph.
  function curves(all, width, texts) {
    const [left, right, top, bottom] = [52, 16, 26, 44],
      height = width < 520 ? 220 : 320;
    const steps = all[0].values.length,
      logs = all.map(({ values }) => Array.from(values, (v) => Math.log10(v)));
    const finite = logs.flat().filter(Number.isFinite);
    const high = Math.ceil(Math.max(...finite, -300) + 1e-9);
    const low = Math.max(Math.min(Math.floor(Math.min(...finite, 0)), high - 2), high - 40);
    const x = (t) => left + ((t - 1) / Math.max(steps - 1, 1)) * (width - left - right);
    const y = (log) => top + ((high - log) / (high - low)) * (height - top - bottom);
    const by = spacing(high - low, height / 40),
      along = spacing(steps, width / 55);
    const decades = range(Math.ceil(low / by) * by, high, by),
      ticks = [1, ...range(along, steps, along)].filter((t, k, s) => s.indexOf(t) === k && (t === 1 || t > along / 2));
    const grid = decades.map(
      (d) =>
        `<line class="grid" x1="${left}" x2="${width - right}" y1="${y(d)}" y2="${y(d)}"/><text x="${left - 8}" y="${y(d)}" dy=".32em" text-anchor="end">${power(d)}</text>`,
    );
    const axis = ticks.map(
      (t) =>
        `<line class="tick" x1="${x(t)}" x2="${x(t)}" y1="${height - bottom}" y2="${height - bottom + 5}"/><text x="${x(t)}" y="${height - bottom + 18}" text-anchor="middle">${t}</text>`,
    );
    const taken = [],
      box = { top: top - 14, bottom: height - bottom - 4, right: width };
    const places = logs.map((values) =>
      values.map((log, t) => [x(t + 1), y(log), t]).filter(([, , t]) => values[t] >= low),
    );
    const drawn = all.map(({ label, place }, k) => {
      const points = places[k],
        others = places.filter((_, other) => other !== k).flat();
      const path = points
        .map(([px, py, t], n) => `${n && points[n - 1][2] === t - 1 ? "L" : "M"}${px.toFixed(1)} ${py.toFixed(1)}`)
        .join("");
      const dots =
        steps > 40
          ? ""
          : points.map(([px, py]) => `<circle cx="${px.toFixed(1)}" cy="${py.toFixed(1)}" r="2.6"/>`).join("");
      return `<g class="curve curve-${place}"><path d="${path}"/>${dots}${labelled(label, points, others, box, taken)}</g>`;
    });
    return (
      `<svg viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${plain(texts.graph)}">` +
      `${grid.join("")}<line class="axis" x1="${left}" x2="${width - right}" y1="${height - bottom}" y2="${height - bottom}"/>${axis.join("")}` +
      `<text class="name" x="${left - 44}" y="12">${plain(texts.sensitivity)}</text>` +
      `<text class="name" x="${width - right}" y="${height - 6}" text-anchor="end">${plain(texts.step)}</text>${drawn.join("")}</svg>`
    );
  }

  // The name of a curve, above or below it, where it is furthest from the other curves and names; rather further left. None without room.
  function labelled(label, points, others, box, taken) {
    if (!points.length) return "";
    const width = 8.6 * [...label].reduce((n, sign) => n + (sign > "\u2e80" ? 1.8 : 1), 0),
      within = ([x], left) => x > left - 12 && x < left + width + 6;
    let best = { room: -Infinity };
    for (const share of [0, 0.15, 0.3, 0.45, 0.6]) {
      const left = points[Math.floor(share * points.length)][0] + 6;
      const under = points.filter((point) => within(point, left)).map(([, y]) => y);
      const near = [
        ...others.filter((point) => within(point, left)).map(([, y]) => y),
        ...taken.filter((one) => one.left < left + width && left < one.right).map(({ y }) => y),
      ];
      for (const y of [Math.min(...under) - 9, Math.max(...under) + 18]) {
        const inside = left + width < box.right && y > box.top && y < box.bottom;
        const room = Math.min(...near.map((other) => Math.abs(other - y + 4)), 24) - 8 * share - (inside ? 0 : 100);
        if (room > best.room) best = { room, left, y };
      }
    }
    if (best.room < 13) return ""; // the list below names it too
    taken.push({ left: best.left, right: best.left + width, y: best.y - 4 });
    return `<text class="label" x="${best.left.toFixed(1)}" y="${best.y.toFixed(1)}">${plain(label)}</text>`;
  }

  // Rows from the output down to the input; values[row][t - 1] is what a node feels. source: the step of the input.
  function unfolded(rows, steps, source, [head, column], texts) {
    const gap = 46,
      radius = Math.min(11, column * 0.36),
      width = head + steps * column,
      height = (rows.length + 1) * gap + 16;
    const x = (t) => head + (t - 0.5) * column,
      y = (row) => 24 + row * gap;
    const lines = [],
      nodes = [];
    rows.forEach(({ name, sign: [letter, index], values }, row) => {
      const most = Math.max(...values);
      const shade = (value) => (most > 0 && value > 0 ? Math.max(0, 1 + Math.log10(value / most) / 4) : 0);
      lines.push(`<text class="row" x="${head - 14}" y="${y(row)}" dy=".32em" text-anchor="end">${plain(letter)}<tspan class="index" dy="4">${plain(index)}</tspan></text>`);
      for (let t = 1; t <= steps; t++) {
        if (t > 1) lines.push(`<line x1="${x(t - 1) + radius}" x2="${x(t) - radius}" y1="${y(row)}" y2="${y(row)}"/>`);
        lines.push(`<line x1="${x(t)}" x2="${x(t)}" y1="${y(row) + radius}" y2="${y(row + 1) - radius}"/>`);
        const said = texts.node(name, t, number(values[t - 1]));
        nodes.push(
          `<circle class="node" cx="${x(t)}" cy="${y(row)}" r="${radius}" style="--dark: ${(100 * shade(values[t - 1])).toFixed(1)}%"><title>${plain(said)}</title></circle>`,
        );
      }
    });
    lines.push(`<text class="row" x="${head - 14}" y="${y(rows.length)}" dy=".32em" text-anchor="end">x</text>`);
    for (let t = 1; t <= steps; t++) {
      const ring = t === source ? `<circle class="ring" cx="${x(t)}" cy="${y(rows.length)}" r="${radius + 4}"/>` : "";
      nodes.push(
        `${ring}<circle class="node" cx="${x(t)}" cy="${y(rows.length)}" r="${radius}" style="--dark: ${t === source ? 100 : 0}%"/>`,
      );
      nodes.push(`<text x="${x(t)}" y="${height - 2}" text-anchor="middle">${t}</text>`);
    }
    return `<svg viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${plain(texts.network)}"><g class="lines">${lines.join("")}</g>${nodes.join("")}</svg>`;
  }

  return { curves, unfolded, number, lowered, plain };
})();
