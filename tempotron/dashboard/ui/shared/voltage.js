// The arithmetic of the stage: what the neuron does, exact in time, without a word of the page.
//
// After an event the neuron is two numbers, V and q. A time s later, with no event between,
//   V(s) = exp(-s / slow) (V + q phi(s)),   q(s) = q exp(-s / fast),
//   phi(s) = (1 - exp(-delta s)) / delta,   delta = 1 / fast - 1 / slow >= 0,
// and a spike of weight w adds height * w to q. No exponent is ever positive, and tau = tau_s
// needs no formula of its own. The same equations stand in tempotron/kernel.py.

/** What one spike does: the time constants in order, and the factor that makes its peak 1. */
export function kernel(tau, tauS) {
  const slow = Math.max(tau, tauS);
  const fast = Math.min(tau, tauS);
  const delta = (slow - fast) / (slow * fast);
  const peakTime = delta > 0 ? Math.log1p((slow - fast) / fast) / delta : slow;
  const bare = { slow, fast, delta, peakTime };
  return { ...bare, height: 1 / (Math.exp(-peakTime / slow) * phi(bare, peakTime)) };
}

function phi(k, s) {
  return k.delta * s > 0 ? -Math.expm1(-k.delta * s) / k.delta : s;
}

/** K(s): the potential at a time s after its spike, 0 before it. */
export function psp(k, s) {
  return s > 0 ? k.height * Math.exp(-s / k.slow) * phi(k, s) : 0;
}

/** The delays at which K rises above and falls below half its height. */
export function halfWidth(k) {
  const high = (s) => psp(k, s) >= 0.5;
  return {
    start: boundary(high, 0, k.peakTime),
    end: boundary(high, k.peakTime + 2 * k.slow, k.peakTime), // K is .41 at most there
  };
}

/** Where a condition that holds at `inside` but not at `outside` begins to hold. */
function boundary(holds, outside, inside) {
  for (let i = 0; i < 60; i += 1) {
    const middle = (outside + inside) / 2;
    if (holds(middle)) inside = middle;
    else outside = middle;
  }
  return inside;
}

/** The spikes that count, in the order of time: {time, weight}; those at or after T come too late. */
export function arrivals(weights, spikes, T) {
  const events = [];
  spikes.forEach((row, afferent) => {
    for (const time of row) if (time < T) events.push({ time, weight: weights[afferent] });
  });
  return events.sort((a, b) => a.time - b.time);
}

/** The state (V, q) just after every event, each from the one before it. */
export function states(k, events) {
  let time = 0;
  let v = 0;
  let q = 0;
  return events.map((event) => {
    const gap = event.time - time;
    v = Math.exp(-gap / k.slow) * (v + q * phi(k, gap));
    q = q * Math.exp(-gap / k.fast) + k.height * event.weight;
    time = event.time;
    return { time, v, q };
  });
}

function after(k, state, gap) {
  return Math.exp(-gap / k.slow) * (state.v + state.q * phi(k, gap));
}

/** V at every one of the given times, which must rise. */
export function voltage(k, path, times) {
  const v = new Float64Array(times.length);
  for (let i = 0, next = 0; i < times.length; i += 1) {
    while (next < path.length && path[next].time <= times[i]) next += 1;
    if (next > 0) v[i] = after(k, path[next - 1], times[i] - path[next - 1].time);
  }
  return v;
}

/** Time after a state at which V turns from rising to falling, if it does so within the gap. */
function turn(k, { v, q }, gap) {
  if (!(q > 0) || q <= v / k.slow) return null;
  const r = v / q;
  const s = k.delta > 0 ? Math.log1p((k.delta * (k.slow - r)) / (1 + k.delta * r)) / k.delta : k.slow - r;
  return s > 0 && s < gap ? s : null;
}

/** The maximum of V over [0, T] in continuous time: interior turns, arrivals and both ends. */
export function peak(k, path, T) {
  let best = { v: 0, t: 0 };
  path.forEach((state, i) => {
    const gap = (i + 1 < path.length ? path[i + 1].time : T) - state.time;
    const s = turn(k, state, gap);
    for (const [v, t] of [
      [state.v, state.time],
      [s === null ? -Infinity : after(k, state, s), state.time + s],
      [after(k, state, gap), state.time + gap],
    ]) {
      if (v > best.v) best = { v, t };
    }
  });
  return best;
}

/** The maximum on t = 0, 1, ... T - 1, where the reference looks for it. */
export function gridPeak(k, path, T) {
  const v = voltage(k, path, Float64Array.from({ length: T }, (_, t) => t));
  const t = v.reduce((best, value, i) => (value > v[best] ? i : best), 0);
  return { v: v[t], t };
}

/** The first time at which V reaches theta, or -1. */
export function firstCrossing(k, path, T, theta) {
  for (let i = 0; i < path.length; i += 1) {
    const state = path[i];
    if (state.v >= theta) return state.time;
    const gap = (i + 1 < path.length ? path[i + 1].time : T) - state.time;
    const rise = turn(k, state, gap) ?? gap;
    if (after(k, state, rise) >= theta) {
      return state.time + boundary((s) => after(k, state, s) >= theta, 0, rise);
    }
  }
  return -1;
}

function firstOnGrid(k, path, T, theta) {
  const v = voltage(k, path, Float64Array.from({ length: T }, (_, t) => t));
  return v.findIndex((value) => value >= theta);
}

/** A peak within this fraction of theta below it has reached it: rounding decides nothing. */
export const TOUCH = 1e-9;

/**
 * Everything the stage shows of an experiment (the fields are those of tempotron/dashboard/state/experiment.py):
 * its kernel, the peak, whether and when the neuron fires, and V at `count` even times over [0, T].
 */
export function solve(experiment, count) {
  const { T, tau, theta, exact } = experiment;
  const k = kernel(tau, experiment.tau_s ?? tau / 4);
  const height = experiment.scaled ? theta : 1;
  const weights = experiment.weights.map((weight) => weight * height);
  const level = theta * (1 - TOUCH);
  let path = states(k, arrivals(weights, experiment.spikes, T));
  const highest = () => (exact ? peak(k, path, T) : gridPeak(k, path, T));
  let top = highest();
  const fires = top.v >= level;
  let crossing = -1;
  if (fires) crossing = (exact ? firstCrossing : firstOnGrid)(k, path, T, level);
  if (fires && experiment.shunt) {
    const heard = experiment.spikes.map((row) => row.filter((time) => time <= crossing));
    path = states(k, arrivals(weights, heard, T));
    top = highest();
  }
  const times = Float64Array.from({ length: count }, (_, i) => (i * T) / (count - 1));
  return { kernel: k, fires, crossing, peak: top, times, v: voltage(k, path, times), path };
}
