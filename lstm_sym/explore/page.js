// The explorer of a page: reads sliders and gates, computes, draws, and keeps the settings in the address.
(() => {
  if (typeof document === "undefined") return;
  const root = document.querySelector(".explorer");
  if (!root) return;
  const { words, inputs, cells } = JSON.parse(root.querySelector("script").textContent);
  const form = root.querySelector("form"),
    MARK = "#explore?",
    { OPEN, SHUT, FREE } = Explorer;
  const held = {}; // cell -> gate -> a letter a step
  const found = {}; // cell -> what was measured last
  const CYCLE = { [FREE]: OPEN, [OPEN]: SHUT, [SHUT]: FREE },
    SIGN = { [OPEN]: "○", [SHUT]: "—", [FREE]: "" };
  const say = (key, parts = {}) => {
    const text = (words[document.documentElement.lang] ?? Object.values(words)[0])[key];
    return text.replace(/\{(\w+)\}/g, (_, name) => parts[name]);
  };
  const called = (cell) => say(`name of ${cell.key}`);
  const field = (name) => form.elements.namedItem(name);
  const value = (name) => Number(field(name).value);
  const row = (cell, gate) => ((held[cell.key] ??= {})[gate] ?? "").padEnd(60, FREE);
  const hold = (cell, gate, t, letter) => {
    const letters = [...row(cell, gate)];
    letters[t - 1] = letter;
    held[cell.key][gate] = letters.join("");
  };

  function settings(cell) {
    const offsets = Object.fromEntries(cell.gates.map(({ name }) => [name, value(`${cell.key}.${name}`)]));
    const steps = value("steps");
    return {
      steps,
      seed: value("seed"),
      scale: value("scale"),
      unit: value("unit"),
      source: Math.min(value("source"), steps),
      offsets,
      held: held[cell.key] ?? {},
    };
  }

  // What is asked for is drawn once a frame.
  let waiting = null;
  function redraw(some = cells) {
    const all = new Set([...(waiting ?? []), ...some]);
    if (!waiting)
      requestAnimationFrame(() => {
        const now = waiting;
        waiting = null;
        for (const cell of now) compute(cell);
        draw();
      });
    waiting = all;
  }
  function compute(cell) {
    found[cell.key] = Explorer.measure(kernels[cell.key], cell, inputs, settings(cell));
  }

  function draw() {
    numbers();
    const plot = root.querySelector(".plot"),
      list = root.querySelector(".legend");
    const all = cells.map((cell, place) => ({ label: called(cell), values: found[cell.key].sensitivity, place }));
    const outputs = [...new Set(cells.map(({ output }) => output))],
      y = outputs.length === 1 ? outputs[0] : "y";
    const texts = { step: say("step"), sensitivity: said(say("sensitivity", { y })), graph: say("graph") };
    plot.innerHTML = Pictures.curves(all, Math.max(plot.clientWidth, 280), texts);
    list.innerHTML = cells
      .map(
        (cell, place) =>
          `<li class="curve-${place}"><b>${Pictures.plain(called(cell))}</b> <span>${Pictures.plain(verdict(found[cell.key]))}</span></li>`,
      )
      .join("");
    for (const cell of cells) unfold(cell);
    root.querySelector(".settings").textContent = summary();
    keep();
  }
  // The indices T and t as small as they can be written.
  const said = (text) =>
    text
      .replace("_T", `₍${value("steps")}₎`.replace(/\d/g, (n) => Pictures.lowered(n)).replace(/[₍₎]/g, ""))
      .replace("_t", "ₜ");
  function verdict({ sensitivity, halfLife }) {
    const first = Pictures.number(sensitivity[0]);
    if (Number.isNaN(halfLife)) return say("nothing");
    return Number.isFinite(halfLife)
      ? say("halves", { steps: halfLife.toPrecision(halfLife < 100 ? 2 : 3), first })
      : say("never", { first });
  }
  function summary() {
    const parts = ["steps", "scale", "seed", "source"].map((name) => `${say(name)}: ${value(name)}`);
    for (const cell of cells) {
      for (const { name } of cell.gates) {
        const moved = value(`${cell.key}.${name}`);
        if (moved) parts.push(`${called(cell)}, ${name}: ${signed(moved)}`);
      }
    }
    return parts.join(" · ");
  }
  const signed = (n) => (n > 0 ? `+${n}` : String(n).replace("-", "−"));

  // Values beside the sliders.
  function numbers() {
    field("source").max = value("steps");
    field("unit").options[0].textContent = say("all_units");
    [...field("unit").options]
      .slice(1)
      .forEach((option) => (option.textContent = `${say("one_unit")} ${option.value}`));
    for (const slider of form.querySelectorAll("input[type=range]")) {
      const shown = slider.name.includes(".")
        ? signed(Number(slider.value))
        : slider.name === "scale"
          ? `× ${slider.value}`
          : slider.value;
      form.querySelector(`output[for="${slider.id}"]`).textContent = shown;
    }
  }

  const onPaper = matchMedia("print");
  function unfold(cell) {
    const figure = [...root.querySelectorAll(".unfolded")].find((one) => one.dataset.cell === cell.key);
    const strip = figure.querySelector(".strip"),
      { steps, source } = settings(cell),
      head = 64;
    const room = (strip.clientWidth - head - 2) / steps,
      column = onPaper.matches ? room : Math.min(Math.max(room, 26), 44);
    const { felt, gates, sensitivity } = found[cell.key];
    strip.setAttribute("aria-label", called(cell));
    const names = [cell.output, ...Object.keys(cell.states).filter((name) => name !== cell.output)];
    const texts = {
      node: (node, step, feels) => say("node", { node, step, value: feels }),
      network: say("network", {
        source: `x${Pictures.lowered(source)}`,
        value: Pictures.number(sensitivity[source - 1]),
      }),
    };
    const rows = names.map((name) => ({ name, sign: cell.signs[name], values: felt[name] }));
    figure.querySelector(".network").innerHTML = Pictures.unfolded(rows, steps, source, [head, column], texts);
    table(cell, figure.querySelector(".held"), steps, head, column, gates);
  }

  // The gates: a row each, a button a step. Rows and buttons stay while the steps do, so that the focus stays too.
  function table(cell, place, steps, head, column, gates) {
    place.style.width = `${head + steps * column}px`;
    if (place.dataset.steps !== String(steps)) {
      place.dataset.steps = steps;
      place.replaceChildren(...cell.gates.map((gate) => made(cell, gate, steps, head)));
    }
    cell.gates.forEach((gate, k) => {
      place.rows[k].querySelector("th button")?.setAttribute("aria-label", say("whole_row", { gate: gate.name }));
      [...place.rows[k].querySelectorAll("td > *")].forEach((one, t) =>
        shown(one, gate, row(cell, gate.name)[t], t + 1, gates[gate.name][t]),
      );
    });
  }
  function made(cell, gate, steps, head) {
    const line = document.createElement("tr"),
      first = document.createElement("th"),
      kind = gate.holds ? "button" : "span";
    const make = (tag, text = "") =>
      Object.assign(document.createElement(tag), {
        textContent: text,
        ...(tag === "button" ? { type: "button" } : {}),
      });
    first.scope = "row";
    first.style.width = `${head}px`;
    const named = make(kind),
      [letter, index] = cell.signs[gate.name];
    named.append(letter, ...(index ? [Object.assign(document.createElement("sub"), { textContent: index })] : []));
    named.dataset.row = gate.name;
    first.append(named);
    line.append(first);
    line.className = `q-${gate.name}`;
    for (let t = 1; t <= steps; t++) {
      const one = make(kind),
        box = document.createElement("td");
      Object.assign(one.dataset, { cell: cell.key, gate: gate.name, step: t });
      if (gate.holds) one.tabIndex = t === 1 ? 0 : -1;
      box.append(one);
      line.append(box);
    }
    return line;
  }
  function shown(one, gate, letter, step, mean) {
    const key = { [OPEN]: "open", [SHUT]: "shut", [FREE]: "free" }[gate.holds ? letter : FREE];
    const label = say(key, { gate: gate.name, step, value: Number.isNaN(mean) ? "?" : mean.toFixed(2) });
    one.textContent = gate.holds ? SIGN[letter] : "";
    one.title = label;
    one.style.setProperty("--mean", Number.isNaN(mean) ? 0 : Math.max(0, Math.min(mean, 1)));
    if (!gate.holds) return (one.setAttribute("role", "img"), one.setAttribute("aria-label", label));
    one.setAttribute("aria-label", label);
    one.setAttribute("aria-pressed", String(letter !== FREE));
  }

  // Presets: what is stored at the ringed step is kept and read at the last; a gate that keeps closed where it writes.
  function preset(cell, name) {
    const { steps, source } = settings(cell);
    held[cell.key] = {};
    if (name === "free_all") return;
    for (const { name: gate, holds, keeps, writes } of cell.gates.filter((one) => one.holds)) {
      for (let t = 1; t <= steps; t++) {
        const open = keeps !== null ? keeps === (t !== source) : writes ? t === source : t === steps;
        hold(cell, gate, t, open ? OPEN : SHUT);
      }
    }
  }

  const cellOf = (element) => cells.find(({ key }) => key === element.closest("[data-cell]")?.dataset.cell);
  root.addEventListener("click", (event) => {
    const button = event.target.closest("button"),
      cell = button && cellOf(button);
    if (!cell) return;
    if (button.dataset.preset) preset(cell, button.dataset.preset);
    else if (button.dataset.gate)
      hold(
        cell,
        button.dataset.gate,
        Number(button.dataset.step),
        CYCLE[row(cell, button.dataset.gate)[button.dataset.step - 1]],
      );
    else {
      const gate = button.dataset.row,
        letter = CYCLE[row(cell, gate)[0]];
      for (let t = 1; t <= value("steps"); t++) hold(cell, gate, t, letter);
    }
    redraw([cell]);
  });
  root.addEventListener("keydown", (event) => {
    const button = event.target.closest("button[data-gate]");
    if (!button) return;
    const { gate, step } = button.dataset,
      cell = cellOf(button),
      table = button.closest("table");
    const set = { 1: OPEN, 0: SHUT, Delete: FREE, Backspace: FREE }[event.key];
    if (set) {
      hold(cell, gate, Number(step), set);
      redraw([cell]);
    } else {
      const line = button.closest("tr"),
        boxes = [...table.rows],
        at = boxes.indexOf(line),
        t = Number(step),
        last = value("steps");
      const [nextRow, next] =
        {
          ArrowLeft: [at, t - 1],
          ArrowRight: [at, t + 1],
          Home: [at, 1],
          End: [at, last],
          ArrowUp: [at - 1, t],
          ArrowDown: [at + 1, t],
        }[event.key] ?? [];
      const target = boxes[nextRow]?.querySelector(`button[data-step="${next}"]`);
      if (!target) return;
      for (const one of target.closest("tr").querySelectorAll("td button")) one.tabIndex = one === target ? 0 : -1;
      target.focus();
    }
    event.preventDefault();
  });
  form.addEventListener("input", ({ target }) => {
    const own = cells.filter(({ key, gates }) => gates.some(({ name }) => target.name === `${key}.${name}`));
    redraw(own.length ? own : cells);
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => {
    for (const key of Object.keys(held)) delete held[key];
    setTimeout(redraw);
  });

  // The address: what differs from the beginning, #explore?steps=30&lstm.f=2&lstm.f.held=.1
  function keep() {
    const kept = new URLSearchParams();
    for (const one of form.elements) {
      const first = one.tagName === "SELECT" ? "0" : one.defaultValue;
      if (one.name && one.value !== first) kept.set(one.name, one.value);
    }
    for (const cell of cells) {
      for (const [gate, letters] of Object.entries(held[cell.key] ?? {})) {
        const some = letters.slice(0, value("steps")).replace(/\.+$/, "");
        if (some) kept.set(`${cell.key}.${gate}.held`, some);
      }
    }
    const hash = String(kept) ? MARK + kept : location.hash.startsWith(MARK) ? "#explore" : location.hash;
    if (hash !== location.hash) history.replaceState(null, "", location.pathname + location.search + hash);
  }
  function restore() {
    if (!location.hash.startsWith(MARK)) return;
    form.reset();
    for (const [name, text] of new URLSearchParams(location.hash.slice(MARK.length))) {
      const [key, gate, last] = name.split("."),
        cell = cells.find((one) => one.key === key);
      if (last === "held" && cell?.gates.some((one) => one.name === gate && one.holds) && /^[.01]{1,60}$/.test(text))
        (held[key] ??= {})[gate] = text;
      else if (field(name)?.name === name && Number.isFinite(Number(text))) field(name).value = text;
    }
    field("source").max = value("steps");
    root.scrollIntoView();
  }
  addEventListener("hashchange", () => location.hash.startsWith(MARK) && (restore(), redraw()));

  root.querySelector(".asleep").hidden = true;
  root.querySelector(".desk").hidden = root.querySelector(".networks").hidden = false;
  restore();
  cells.forEach(compute);
  draw();
  new MutationObserver(draw).observe(document.documentElement, { attributes: true, attributeFilter: ["lang"] });
  let width = root.clientWidth;
  new ResizeObserver(
    () => root.clientWidth !== width && ((width = root.clientWidth), requestAnimationFrame(draw)),
  ).observe(root);
  onPaper.addEventListener("change", draw);
})();
