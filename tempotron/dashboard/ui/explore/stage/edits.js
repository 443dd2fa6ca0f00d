// What a hand can do to an experiment: pure functions from one experiment to the next.
//
// An experiment is the plain object of tempotron/dashboard/state/experiment.py. Limits are those of its schema,
// sent along by Python, so that no edit made here is ever refused there.

const NEW_WEIGHT = 0.4; // of an afferent that is added

const clamp = (value, [low, high]) => Math.min(Math.max(value, low), high);

/** Round away what only binary fractions add: four decimals are finer than any hand. */
const tidy = (value) => Math.round(value * 1e4) / 1e4;

const replaced = (list, index, value) => list.map((old, i) => (i === index ? value : old));

export function moveSpike(experiment, { afferent, spike }, time) {
  const moved = tidy(clamp(time, [0, experiment.T]));
  const row = replaced(experiment.spikes[afferent], spike, moved);
  return { ...experiment, spikes: replaced(experiment.spikes, afferent, row) };
}

/** Add a spike; the new experiment, or the old one if the row is full. */
export function addSpike(experiment, afferent, time, limits) {
  const row = experiment.spikes[afferent];
  if (row.length >= limits.spikes) return experiment;
  const added = [...row, tidy(clamp(time, [0, experiment.T]))];
  return { ...experiment, spikes: replaced(experiment.spikes, afferent, added) };
}

export function removeSpike(experiment, { afferent, spike }) {
  const row = experiment.spikes[afferent].filter((_, i) => i !== spike);
  return { ...experiment, spikes: replaced(experiment.spikes, afferent, row) };
}

/** Add an afferent with one spike in the middle; the old experiment if there is no room. */
export function addAfferent(experiment, limits) {
  const { weights, spikes, T } = experiment;
  if (weights.length >= limits.afferents) return experiment;
  return { ...experiment, weights: [...weights, NEW_WEIGHT], spikes: [...spikes, [Math.round(T / 2)]] };
}

/** Remove an afferent; the old experiment if it is the only one. */
export function removeAfferent(experiment, afferent) {
  if (experiment.weights.length === 1) return experiment;
  const others = (list) => list.filter((_, i) => i !== afferent);
  return { ...experiment, weights: others(experiment.weights), spikes: others(experiment.spikes) };
}

export function setWeight(experiment, afferent, weight, limits) {
  const value = tidy(clamp(weight, limits.weight));
  return { ...experiment, weights: replaced(experiment.weights, afferent, value) };
}

/** Give an afferent other spike times. */
export function setTimes(experiment, afferent, times) {
  const row = times.map((time) => tidy(clamp(time, [0, experiment.T])));
  return { ...experiment, spikes: replaced(experiment.spikes, afferent, row) };
}

/** Set one of the numbers T, tau, tau_s, theta; a shorter trial pulls late spikes to its end. */
export function setNumber(experiment, name, value, limits) {
  const number = tidy(clamp(value, limits[name]));
  if (name !== "T") return { ...experiment, [name]: number };
  const T = Math.round(number);
  const spikes = experiment.spikes.map((row) => row.map((time) => Math.min(time, T)));
  return { ...experiment, T, spikes };
}

/** Put every row in the order of time, as Python keeps it, and follow one spike to its new place. */
export function inOrder(experiment, handle) {
  const orders = experiment.spikes.map((row) => row.map((_, i) => i).sort((a, b) => row[a] - row[b]));
  const spikes = orders.map((order, afferent) => order.map((i) => experiment.spikes[afferent][i]));
  if (handle.kind !== "spike") return [{ ...experiment, spikes }, handle];
  const spike = orders[handle.afferent].indexOf(handle.spike);
  return [{ ...experiment, spikes }, { ...handle, spike }];
}

/** A time near the given one that is at least 3 ms from the row's spikes, if there is one. */
export function freePlace(experiment, afferent, near) {
  const row = experiment.spikes[afferent];
  for (let step = 0; step <= experiment.T; step += 1) {
    for (const time of [near + step, near - step]) {
      const inside = time >= 0 && time <= experiment.T;
      if (inside && row.every((other) => Math.abs(other - time) >= 3)) return time;
    }
  }
  return near;
}

/** The value a handle stands for. */
export function valueOf(experiment, { kind, afferent, spike }) {
  if (kind === "spike") return experiment.spikes[afferent][spike];
  return kind === "weight" ? experiment.weights[afferent] : experiment.theta;
}

/** The experiment with another value at a handle. */
export function withValue(experiment, handle, value, limits) {
  if (handle.kind === "spike") return moveSpike(experiment, handle, value);
  if (handle.kind === "weight") return setWeight(experiment, handle.afferent, value, limits);
  return setNumber(experiment, "theta", value, limits);
}

/** All spikes in reading order: row by row, each in the order of time. */
export function allSpikes(experiment) {
  return experiment.spikes.flatMap((row, afferent) =>
    row.map((_, spike) => ({ kind: "spike", afferent, spike })),
  );
}
