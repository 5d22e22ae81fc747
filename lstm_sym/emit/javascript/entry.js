// What the calls take is checked before anything is computed.
const written = (axes) => `(${axes.join(", ")}${axes.length === 1 ? "," : ""})`;

// One array against its symbolic axes; a size that is not known yet is taken from it.
function expectArray(call, name, array, axes, sizes) {
  const wanted = `${name} must be { data, shape } of shape ${written(axes)}`;
  if (!array || !Array.isArray(array.shape) || array.data?.length === undefined)
    throw new TypeError(`${call}: ${array == null ? `there is no ${name}` : `${name} is no array`}; ${wanted}`);
  const [found, known] = [`${name} has shape ${written(array.shape)}`, (axis) => total(axis, sizes)];
  if (array.shape.length !== axes.length) throw new RangeError(`${call}: ${found}; ${wanted}`);
  axes.forEach((axis, k) => {
    if (Number.isNaN(known(axis)) && !axis.includes(" ")) sizes[axis] = array.shape[k];
    if (!Number.isNaN(known(axis)) && known(axis) !== array.shape[k])
      throw new RangeError(`${call}: ${found}, but ${axis} = ${known(axis)} by the arrays before it; ${wanted}`);
  });
  const count = array.shape.reduce((product, size) => product * size, 1);
  if (array.data.length !== count)
    throw new RangeError(`${call}: ${name}.data has ${array.data.length} numbers, but ${found}, which is ${count} of them`);
}

// All arrays of a call, twice, as a sum of sizes may be told before its parts are.
function expectAll(call, arrays, sizes) {
  for (const [name, array, axes] of [...arrays, ...arrays]) expectArray(call, name, array, axes, sizes);
  return sizes;
}
const fieldsOf = (name, record, table, first) =>
  Object.entries(table).map(([key, axes]) => [`${name}.${key}`, record?.[key], [...first, ...axes]]);

function expectCall(call, x, params, state) {
  const given = fieldsOf("params", params, shapes, []);
  const sizes = expectAll(call, given, {});
  for (const [name, axes] of Object.entries(stateShapes))
    if (state == null && Number.isNaN(total(axes[0], sizes)))
      throw new TypeError(`${call}: there is no state, and no parameter tells the size of ${name}; give state`);
  const states = state == null ? [] : fieldsOf("state", state, stateShapes, ["B"]);
  expectAll(call, [...given, x, ...states], sizes);
}

// Arrays of the type of those that were given: Float32Array for Float32Array, else Float64Array.
const typed = ({ data }, array) =>
  data instanceof Float32Array ? { data: new Float32Array(array.data), shape: array.shape } : array;
const allTyped = (like, record) => named(Object.keys(record), Object.values(record).map((array) => typed(like, array)));

/**
 * All steps of a sequence, or of a batch of them. No array that is given is changed.
 * @param {NDArray} x (T, B, inputs): steps, sequences, inputs, one row after the other.
 * @param {Params} params
 * @param {State} [state] before the first step; where it is left out, what the cell begins with.
 * @param {boolean} [precise] gates from their pre-activations, so that gradients keep their digits where one saturates.
 * @returns {{ y: NDArray, state: State, tape: object }} the output (T, B, outputs), the last state, what backward needs.
 * @throws {TypeError|RangeError} for an array that is missing or of another shape.
 */
export function forward(x, params, state, precise = false) {
  expectCall("forward", ["x", x, ["T", "B", inputSize]], params, state);
  const found = runForward(x, params, state, precise);
  return { y: typed(x, found.y), state: allTyped(x, found.state), tape: found.tape };
}

/**
 * One step, for streaming: hand the state that it gives to the next call.
 * @param {NDArray} x (B, inputs), or (inputs,) for one sequence, whose output is (outputs,) then.
 * @param {State|undefined} state as of the step before, (B, units) each; undefined at the first.
 * @param {Params} params
 * @returns {{ y: NDArray, state: State }}
 * @throws {TypeError|RangeError} for an array that is missing or of another shape.
 */
export function step(x, state, params) {
  const alone = x?.shape?.length === 1;
  const rows = alone ? { data: x.data, shape: [1, ...x.shape] } : x;
  expectCall("step", ["x", rows, ["B", inputSize]], params, state);
  const { y, state: last } = runStep(rows, state, params);
  if (alone) y.shape.shift();
  return { y: typed(x, y), state: allTyped(x, last) };
}

/**
 * Backpropagation through time.
 * @param {NDArray} dy (T, B, outputs): the gradient of a loss with respect to y.
 * @param {object} tape what forward gave, with these params.
 * @param {Params} params
 * @param {State} [dstate] the gradient with respect to the last state; zeros where it is left out.
 * @returns {{ x: NDArray, params: Params, state: State }} gradients: of x, of each parameter, of the first state.
 * @throws {TypeError|RangeError} for a tape of something else, for an array that is missing or of another shape.
 */
export function backward(dy, tape, params, dstate) {
  if (!tape?.arrays) throw new TypeError("backward: tape is none; give that of forward(x, params).tape");
  const sizes = expectAll("backward", fieldsOf("params", params, shapes, []), { T: tape.T, B: tape.B });
  const states = dstate == null ? [] : fieldsOf("dstate", dstate, stateShapes, ["B"]);
  expectAll("backward", [["dy", dy, ["T", "B", outputSize]], ...states], sizes);
  const grads = runBackward(dy, tape, params, dstate);
  return { x: typed(dy, grads.x), params: allTyped(dy, grads.params), state: allTyped(dy, grads.state) };
}
