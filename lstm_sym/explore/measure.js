// What the page shows, computed: no drawing here, and no derivative. Each comes from backward() of the kernel.
//
// Of every step t the kernel gives the Jacobians of that step alone, by one backward pass over a sequence of length 1:
//   J[t] = d s[t] / d s[t-1],  X[t] = d s[t] / d x[t],  and of an output y that is no state  dy[t] / d s[t-1], dy[t] / d x[t].
// Backwards from T:  d y[T] / d x[t] = (d y[T] / d s[T]) J[T] ... J[t+1] X[t].
// Forwards from s:   d s[t] / d x[s] = J[t] ... J[s+1] X[s].
const Explorer = (() => {
  const PUSHED = 20;
  const OPEN = "1",
    SHUT = "0",
    FREE = ".";

  const known = new Map();
  function unpacked(text) {
    if (!known.has(text)) {
      const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)),
        words = new DataView(bytes.buffer);
      known.set(
        text,
        Float64Array.from({ length: bytes.length / 8 }, (_, k) => words.getFloat64(8 * k, true)),
      );
    }
    return known.get(text);
  }

  // The parameters of a seed by name; the recurrent ones scaled.
  function drawn(cell, seed, scale) {
    const all = unpacked(cell.params[seed]),
      params = {};
    let start = 0;
    for (const [name, shape] of Object.entries(cell.shapes)) {
      const size = shape.reduce((product, n) => product * n, 1),
        data = all.slice(start, start + size);
      params[name] = { data: cell.recurrent.includes(name) ? data.map((w) => scale * w) : data, shape };
      start += size;
    }
    return params;
  }

  // The same with biases moved: by the offset of their gate, or so far that it is held open or shut.
  function moved(params, cell, settings, held) {
    const found = { ...params };
    cell.gates.forEach((gate, k) => {
      const push = { [OPEN]: PUSHED, [SHUT]: -PUSHED, [FREE]: settings.offsets?.[gate.name] ?? 0 }[held[k]];
      const { data, shape } = found[gate.bias];
      found[gate.bias] = { data: data.map((b) => b + gate.sign * push), shape };
    });
    return found;
  }

  const held = (cell, settings, t) => cell.gates.map(({ name }) => settings.held?.[name]?.[t] ?? FREE).join("");
  const zeros = (states, rows) =>
    Object.fromEntries(
      Object.entries(states).map(([name, n]) => [name, { data: new Float64Array(rows * n), shape: [rows, n] }]),
    );

  // Step after step: the Jacobians of each, and the mean of each gate.
  function run(kernel, cell, settings, params, x, size) {
    const D = cell.inputs,
      gates = cell.gates.map(() => new Float64Array(settings.steps).fill(NaN)),
      found = [];
    const units = cotangents(cell, size);
    let state = zeros(cell.states, 1);
    for (const [name, value] of Object.entries(cell.initial)) state[name].data.fill(Number(value));
    for (let t = 0; t < settings.steps; t++) {
      const input = { data: x.subarray(t * D, (t + 1) * D), shape: [1, 1, D] };
      const made = kernel.forward(input, params(t), state, true);
      cell.gates.forEach((gate, k) => gate.tape && (gates[k][t] = mean(made.tape.arrays, gate.tape)));
      found.push(jacobians(kernel, cell, params(t), made.tape, units));
      state = made.state;
    }
    return [found, gates];
  }

  // A batch with a 1 in each unit in turn: of the states, then of an output that is none of them.
  function cotangents(cell, size) {
    const names = Object.keys(cell.states),
      S = names.reduce((n, name) => n + cell.states[name], 0);
    const B = S + (names.includes(cell.output) ? 0 : size),
      dstate = zeros(cell.states, B);
    const dy = { data: new Float64Array(B * size), shape: [1, B, size] };
    let row = 0;
    for (const name of names) {
      for (let n = 0; n < cell.states[name]; n++, row++) dstate[name].data[row * cell.states[name] + n] = 1;
    }
    for (let n = 0; row < B; n++, row++) dy.data[row * size + n] = 1;
    return { dy, dstate, S, B };
  }

  function mean(arrays, [name, low, parts, first]) {
    const { d, o, s, u, columns } = arrays[name],
      size = columns / parts;
    let total = 0;
    for (let c = low * size; c < (low + 1) * size; c++) total += d[o + first * s + c * u];
    return total / size;
  }

  // The Jacobians of one step: one backward pass over a tape whose rows are all the same.
  function jacobians(kernel, cell, params, { arrays }, { dy, dstate, S, B }) {
    const spread = {},
      J = [],
      X = [];
    for (const [name, view] of Object.entries(arrays)) spread[name] = { ...view, s: 0, rows: B };
    const grads = kernel.backward(dy, { precise: true, T: 1, B, arrays: spread }, params, dstate);
    for (let b = 0; b < B; b++) {
      const row = new Float64Array(S);
      let start = 0;
      for (const [name, n] of Object.entries(cell.states)) {
        row.set(grads.state[name].data.subarray(b * n, (b + 1) * n), start);
        start += n;
      }
      J.push(row);
      X.push(grads.x.data.subarray(b * cell.inputs, (b + 1) * cell.inputs));
    }
    return { J: J.slice(0, S), X: X.slice(0, S), yJ: J.slice(S), yX: X.slice(S) };
  }

  // Rows times a matrix: what was felt of s[t], felt of s[t-1]; a state that is not read has NaN nowhere it counts.
  const product = (left, right) =>
    left.map((row) => {
      const found = new Float64Array(right[0].length);
      row.forEach((factor, k) => {
        if (factor !== 0) right[k].forEach((value, c) => (found[c] += factor * value));
      });
      return found;
    });
  const norm = (rows) =>
    Math.sqrt(rows.reduce((total, row) => row.reduce((sum, value) => sum + value * value, total), 0));

  // Steps in which the sensitivity halves: of the least-squares line through its logarithm, as `Profile.half_life`.
  function halfLife(sensitivity) {
    const last = sensitivity.length - 1,
      logs = Array.from(sensitivity, (_, lag) => Math.log(sensitivity[last - lag]));
    if (logs.length < 2 || !logs.every(Number.isFinite)) return NaN;
    const middle = last / 2,
      mean = logs.reduce((sum, value) => sum + value, 0) / logs.length;
    let above = 0,
      below = 0;
    logs.forEach((value, lag) => {
      above += (lag - middle) * (value - mean);
      below += (lag - middle) ** 2;
    });
    const slope = above / below;
    return slope < -1e-12 ? Math.LN2 / -slope : Infinity;
  }

  // settings: steps, seed, scale, unit (0: all, k: the k-th), source (a step, from 1), offsets by gate, held by gate.
  function measure(kernel, cell, inputs, settings) {
    const { steps, seed, scale, unit, source } = settings,
      x = unpacked(inputs[cell.inputs][seed]);
    const base = drawn(cell, seed, scale),
      sets = {};
    const params = (t) => (sets[held(cell, settings, t)] ??= moved(base, cell, settings, held(cell, settings, t)));
    const names = Object.keys(cell.states),
      starts = {};
    names.reduce((start, name) => {
      starts[name] = start;
      return start + cell.states[name];
    }, 0);
    const size = kernel.forward({ data: [], shape: [0, 1, cell.inputs] }, base, undefined, true).y.shape[2];
    const [step, gates] = run(kernel, cell, settings, params, x, size);
    const apart = !names.includes(cell.output),
      start = starts[cell.output];
    const outputs = (of) => (apart ? of : of.slice(start, start + size));
    const chosen = (rows) => (unit ? rows.slice(unit - 1, unit) : rows);

    const sensitivity = new Float64Array(steps),
      last = step[steps - 1];
    sensitivity[steps - 1] = norm(chosen(apart ? last.yX : outputs(last.X)));
    let rows = chosen(apart ? last.yJ : outputs(last.J));
    for (let t = steps - 2; t >= 0; t--) {
      sensitivity[t] = norm(product(rows, step[t].X));
      rows = product(rows, step[t].J);
    }

    const felt = Object.fromEntries([...names, cell.output].map((name) => [name, new Float64Array(steps)]));
    let tangent = null;
    for (let t = source - 1; t < steps; t++) {
      if (apart) felt[cell.output][t] = norm(chosen(tangent ? product(step[t].yJ, tangent) : step[t].yX));
      tangent = tangent ? product(step[t].J, tangent) : step[t].X;
      for (const name of names) {
        const part = tangent.slice(starts[name], starts[name] + cell.states[name]);
        felt[name][t] = norm(name === cell.output ? chosen(part) : part);
      }
    }
    const byName = Object.fromEntries(cell.gates.map((gate, k) => [gate.name, gates[k]]));
    return { sensitivity, felt, gates: byName, halfLife: halfLife(sensitivity), outputs: size };
  }

  return { measure, OPEN, SHUT, FREE };
})();
