// A recorded run, and what follows from it step by step.
// A step k is the number of presentations done: 0 before the first, K at the end.

import { unpack } from "./task.js";
import { kernel, peak, psp, states, voltage } from "./voltage.js";

const COLUMNS = { epoch: Int32Array, pattern: Int32Array, reason: Int8Array, v_max: Float32Array, t_max: Float32Array, decided: Int8Array };
const [CHANGED, RIGHT, , SMALL_STEP] = [0, 1, 2, 3]; // of `reason`
const [SQUARES, LEAST] = [0.999, 1e-8]; // of Adam; see `compiled`
const FADED = 40; // time constants after which a spike's share in the credit is lost in rounding

/** A run that may still be growing. */
export class Record {
  constructor(task) {
    this.task = task;
    this.count = 0;
    this.outcome = "running";
    this.errors = []; // in each epoch
    this.starts = []; // first presentation of each epoch
    this.states = []; // {step, weights, momentum, conditions}, in the order of steps
    this.reaches = Array.from({ length: task.neurons }, () => [0, 0]);
    this.cursors = []; // of each neuron, the state asked for last
    for (const [name, Column] of Object.entries(COLUMNS)) this[name] = new Column(0);
  }

  get growing() {
    return this.outcome === "running";
  }

  /** Add the next chunk. */
  append(buffer) {
    const { settings, reasons, targets, ...chunk } = unpack(buffer);
    for (const [name, Column] of Object.entries(COLUMNS)) {
      const whole = new Column(this[name].length + chunk[name].length);
      whole.set(this[name]);
      whole.set(chunk[name], this[name].length);
      this[name] = whole;
    }
    this.reasons = reasons;
    this.conditions = { ...settings, targets, kernel: kernel(settings.tau, settings.tau_s) };
    this.#keep(chunk);
    this.#countErrors(this.count, (this.count = this.pattern.length));
  }

  #keep({ steps, weights, momentum }) {
    const { afferents, neurons } = this.task;
    steps.forEach((step, g) => {
      const part = (array) => array.subarray((g * array.length) / steps.length, ((g + 1) * array.length) / steps.length);
      this.states.push({ step, weights: part(weights), momentum: part(momentum), conditions: this.conditions });
    });
    weights.forEach((w, i) => {
      const reach = this.reaches[Math.floor(i / afferents) % neurons];
      if (w < reach[0]) reach[0] = w;
      if (w > reach[1]) reach[1] = w;
    });
  }

  #countErrors(first, end) {
    for (let i = first; i < end; i += 1) {
      const epoch = this.epoch[i];
      if (epoch === this.errors.length) {
        this.errors.push(0);
        this.starts.push(i);
      }
      if (this.#wrong(i)) this.errors[epoch] += 1;
    }
  }

  #wrong(i) {
    for (let o = 0; o < this.task.neurons; o += 1) if (this.reason[i * this.task.neurons + o] !== RIGHT) return true;
    return false;
  }

  /** Lowest and highest weight of a neuron in all states that are there. */
  reach(neuron) {
    return this.reaches[neuron];
  }

  /** Under what settings and labels presentation k - 1 was made. */
  under(k) {
    return this.#kept(Math.max(k - 1, 0)).conditions;
  }

  /** Whether a neuron ought to fire at a pattern, as it was after k presentations. */
  target(pattern, neuron, k) {
    return this.under(k).targets[pattern * this.task.neurons + neuron] === 1;
  }

  /** Weights of one neuron after k presentations. */
  weights(k, neuron) {
    return this.#state(k, neuron).weights.slice();
  }

  /** The state of a neuron at a step: the recorded updates since the last one kept, repeated. */
  #state(k, neuron) {
    const kept = this.#kept(k);
    let here = this.cursors[neuron];
    if (!here || here.step > k || here.step <= kept.step) {
      const own = (array) => {
        const wide = array.length / this.task.neurons;
        return Float64Array.from(array.subarray(neuron * wide, (neuron + 1) * wide));
      };
      here = { ...kept, weights: own(kept.weights), momentum: own(kept.momentum) };
      this.cursors[neuron] = here;
    }
    for (; here.step < k; here.step += 1) this.#repeat(here, here.step * this.task.neurons + neuron);
    return here;
  }

  #kept(k) {
    let [low, high] = [0, this.states.length];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (this.states[middle].step <= k) low = middle;
      else high = middle;
    }
    return this.states[low];
  }

  #repeat({ step, weights, momentum, conditions }, at) {
    if (!this.#moved(at)) return;
    const credit = this.#credit(this.pattern[step], this.t_max[at], conditions);
    const factor = this.#factor(at, credit, conditions);
    if (conditions.adapts) {
      adapt(weights, momentum, credit, factor / conditions.rate, conditions);
      return;
    }
    for (let n = 0; n < weights.length; n += 1) {
      momentum[n] = conditions.mu * momentum[n] + factor * credit[n];
      weights[n] += momentum[n];
    }
  }

  #moved(at) {
    return this.reason[at] === CHANGED || this.reason[at] === SMALL_STEP;
  }

  /** What each afferent has in the voltage of a pattern at some time. */
  #credit(pattern, moment, { kernel }) {
    const credit = new Float64Array(this.task.afferents);
    for (const { time, afferent } of this.task.events(pattern)) {
      const lag = moment - time;
      if (lag <= 0) break;
      if (lag < FADED * kernel.slow) credit[afferent] += psp(kernel, lag);
    }
    return credit;
  }

  /** The factor by which the credit enters the change of weights; see learning.update. */
  #factor(at, credit, { rule, cost, rate, theta, targets }) {
    const missing = theta - this.v_max[at];
    if (rule === "reflect") return (rate * missing) / Math.max(credit.reduce((sum, c) => sum + c * c, 0), 1);
    if (cost === "squared") return 2 * rate * missing;
    const { neurons } = this.task;
    return targets[this.pattern[Math.floor(at / neurons)] * neurons + (at % neurons)] ? rate : -rate;
  }

  /** The voltage of a pattern under some weights, at `points` even times, and its exact peak. */
  trace(pattern, weights, points, { kernel }) {
    const { T } = this.task;
    const path = states(kernel, this.task.events(pattern).map(({ time, afferent }) => ({ time, weight: weights[afferent] })));
    const times = Float64Array.from({ length: points }, (_, i) => (i * T) / Math.max(points - 1, 1));
    return { times, v: points ? voltage(kernel, path, times) : [], peak: peak(kernel, path, T) };
  }

  /** What a neuron does with the pattern of a presentation after it: V_max, and if it fires. */
  decisionAfter({ pattern, after, conditions }) {
    const { v } = this.trace(pattern, after, 0, conditions).peak;
    return { v_max: v, fires: reaches(v, conditions.theta) };
  }

  /** What presentation k - 1, the last one done at step k, was and did to one neuron. */
  presentation(k, neuron) {
    const i = k - 1;
    const at = i * this.task.neurons + neuron;
    const before = this.weights(i, neuron);
    const conditions = this.under(k);
    const { weights, momentum } = this.#state(k, neuron);
    const after = weights.slice();
    const credit = this.#credit(this.pattern[i], this.t_max[at], conditions);
    return {
      conditions,
      pattern: this.pattern[i],
      epoch: this.epoch[i],
      v_max: this.v_max[at],
      t_max: this.t_max[at],
      fired: this.decided[at] === 1,
      fire: this.target(this.pattern[i], neuron, k),
      reason: this.reasons[this.reason[at]],
      changed: this.#moved(at),
      wrong: this.reason[at] !== RIGHT,
      credit,
      step: this.#factor(at, credit, conditions),
      momentum: momentum.slice(),
      before,
      after,
      change: after.map((w, n) => w - before[n]),
    };
  }

  /** The next step, forwards or backwards, at which any neuron was wrong; the end if none is. */
  nextError(k, direction) {
    for (let i = k - 1 + direction; i >= 0 && i < this.count; i += direction) if (this.#wrong(i)) return i + 1;
    return direction > 0 ? this.count : 0;
  }

  /** The step at the end of the epoch that is going on, or of the next one. */
  endOfEpoch(k) {
    return this.starts[this.epoch[Math.min(k, this.count - 1)] + 1] ?? this.count;
  }
}

/** Whether a voltage reaches the threshold: what was kept of weights is in single precision. */
export function reaches(v, theta) {
  return v >= theta * (1 - 1e-6);
}

/** Move weights by Adam, as `_adapt` in tempotron/compiled/learning.py does. */
function adapt(weights, momentum, credit, size, { mu, rate }) {
  const count = weights.length;
  momentum[2 * count] += 1;
  for (let n = 0; n < count; n += 1) {
    const gradient = size * credit[n];
    momentum[n] += (1 - mu) * (gradient - momentum[n]);
    momentum[count + n] += (1 - SQUARES) * (gradient * gradient - momentum[count + n]);
    const { mean, deviation } = adamOf(momentum, n, mu);
    weights[n] += (rate * mean) / deviation;
  }
}

/** Mean and deviation of one weight's gradients so far, free of what they began with. */
export function adamOf(momentum, n, mu) {
  const count = (momentum.length - 1) / 2;
  const errors = momentum[2 * count];
  const mean = momentum[n] / (1 - mu ** errors);
  return { mean, deviation: Math.sqrt(momentum[count + n] / (1 - SQUARES ** errors)) + LEAST };
}
