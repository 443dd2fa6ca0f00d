// A recorded run, as tempotron/recording.py packs it, and what follows from it step by step.
// A step k is the number of presentations done: 0 before the first, K at the end.

import { arrivals, kernel, peak, psp, states, voltage } from "./voltage.js";

const TYPES = { "<i4": Int32Array, "<f4": Float32Array, "|i1": Int8Array };

/** Read the bytes of a run: its header and its arrays. */
export function unpack(buffer) {
  const length = new Uint32Array(buffer, 0, 1)[0];
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 8, length)));
  const arrays = {};
  for (const [name, [type, shape, offset]] of Object.entries(header.arrays)) {
    const count = shape.reduce((product, size) => product * size, 1);
    arrays[name] = new TYPES[type](buffer, 8 + length + offset, count);
  }
  return { ...header, ...arrays };
}

export class Record {
  constructor(buffer, task) {
    const { weights, ...rest } = unpack(buffer);
    Object.assign(this, rest);
    this.kept = weights; // [G, O, N], after `steps` presentations each
    this.task = task;
    this.count = this.pattern.length;
    this.neurons = task.targets[0].length;
    this.afferents = task.spikes[0].length;
    this.kernel = kernel(this.settings.tau, this.settings.tau_s ?? this.settings.tau / 4);
    this.theta = this.settings.theta;
  }

  /** Weights of one neuron after k presentations: those of the last step that was kept. */
  weights(k, neuron) {
    let [low, high] = [0, this.steps.length];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (this.steps[middle] <= k) low = middle;
      else high = middle;
    }
    const start = (low * this.neurons + neuron) * this.afferents;
    return this.kept.subarray(start, start + this.afferents);
  }

  /** The voltage of a pattern under some weights, at `points` even times, and its exact peak. */
  trace(pattern, weights, points) {
    const { T, spikes } = this.task;
    const path = states(this.kernel, arrivals(weights, spikes[pattern].map((row) => row.filter((t) => t >= 0)), T));
    const times = Float64Array.from({ length: points }, (_, i) => (i * T) / Math.max(points - 1, 1));
    return { times, v: points ? voltage(this.kernel, path, times) : [], peak: peak(this.kernel, path, T) };
  }

  /** What presentation k - 1, the last one done at step k, was and did to one neuron. */
  presentation(k, neuron) {
    const i = k - 1;
    const at = i * this.neurons + neuron;
    const [before, after] = [this.weights(i, neuron), this.weights(k, neuron)];
    const credit = this.task.spikes[this.pattern[i]].map((row) =>
      row.reduce((sum, t) => sum + (t >= 0 ? psp(this.kernel, this.t_max[at] - t) : 0), 0),
    );
    const fire = this.task.targets[this.pattern[i]][neuron];
    const step = this.#step(at, fire, credit);
    return {
      pattern: this.pattern[i],
      epoch: this.epoch[i],
      v_max: this.v_max[at],
      t_max: this.t_max[at],
      fired: this.decided[at] === 1,
      fire,
      reason: this.reasons[this.reason[at]],
      changed: this.reason[at] === 0 || this.reason[at] === 3,
      wrong: this.reason[at] !== 1,
      credit,
      step,
      before,
      after,
      change: Array.from(after, (w, n) => w - before[n]),
    };
  }

  /** The factor by which the credit enters the change of weights; see learning.update. */
  #step(at, fire, credit) {
    const missing = this.theta - this.v_max[at];
    if (this.settings.rule === "reflect") {
      return (this.rate * missing) / Math.max(credit.reduce((sum, c) => sum + c * c, 0), 1);
    }
    return this.settings.cost === "squared" ? 2 * this.rate * missing : this.rate * (fire ? 1 : -1);
  }

  /** The next step, forwards or backwards, at which any neuron was wrong; the end if none is. */
  nextError(k, direction) {
    for (let i = k - 1 + direction; i >= 0 && i < this.count; i += direction) {
      for (let o = 0; o < this.neurons; o += 1) if (this.reason[i * this.neurons + o] !== 1) return i + 1;
    }
    return direction > 0 ? this.count : 0;
  }

  /** The step at the end of the epoch that is going on, or of the next one. */
  endOfEpoch(k) {
    const epoch = this.epoch[Math.min(k, this.count - 1)];
    let end = k;
    while (end < this.count && this.epoch[end] === epoch) end += 1;
    return end;
  }
}
