// The credit lens: who is blamed for one step, and what the step did to the voltage.

import { path, ticks, voltageRange } from "./axes.js";
import { element, labels, percent, resize, say, signed } from "./dom.js";
import { adamOf } from "./record.js";
import { psp } from "./voltage.js";

const POINTS = 401;
const ROWS = 10;

export class Lens {
  constructor(section, record) {
    this.section = section;
    this.record = record;
    this.rows = [];
    this.others = element("others");
    const head = element("credit", element("name"), element("track"), element("dw", "weight (dw)"));
    this.list = element("list");
    this.find(".rows").replaceChildren(head, this.list, this.others);
  }

  find(selector) {
    return this.section.querySelector(selector);
  }

  /** Draw a presentation: who is blamed for it, and what it changed. */
  draw(done) {
    const what = done.fire ? "ought to fire" : "ought to be silent";
    say(this.find("h2"), `Pattern ${done.pattern + 1}, which ${what}: who is blamed for this step`);
    say(this.find(".equation"), this.#equation(done));
    this.#credits(done);
    this.#difference(done);
  }

  /** Draw a pattern as the neuron sees it after k presentations, blaming nobody. */
  look(pattern, weights, { k, fire }) {
    const conditions = this.record.under(k);
    const { v, t } = this.record.trace(pattern, weights, 0, conditions).peak;
    const still = new Float64Array(weights.length);
    say(this.find("h2"), `Pattern ${pattern + 1}, which ought to ${fire ? "fire" : "be silent"}: how it is seen now`);
    const side = v >= conditions.theta ? "at or above" : "below";
    say(this.find(".equation"), `V_max = ${v.toFixed(3)} at ${t.toFixed(1)} ms, ${side} theta = ${conditions.theta}. A bar is K(t_max - t), what a spike adds there for each unit of its weight.`);
    const credit = Float64Array.from(weights, (_, n) => this.record.task.row(pattern, n).reduce((sum, time) => sum + psp(conditions.kernel, t - time), 0));
    this.#credits({ conditions, pattern, credit, change: still, t_max: t, after: weights });
    this.#difference({ conditions, pattern, before: weights, after: weights, t_max: t });
  }

  /** Have a step told in so many seconds, piece after piece; 0 shows all of it at once. */
  tell(seconds, changed) {
    this.section.classList.toggle("story", seconds > 0);
    this.section.classList.toggle("still", !changed);
    this.section.style.setProperty("--story", `${seconds}s`);
    for (const piece of this.section.getAnimations({ subtree: true })) {
      piece.currentTime = 0;
      piece.play();
    }
  }

  #equation(done) {
    const { conditions, changed, reason, change, credit, v_max, t_max, fire, fired, wrong } = done;
    const what = `V_max = ${v_max.toFixed(3)} at ${t_max.toFixed(1)} ms, ${fired ? "fired" : "silent"}`;
    if (!changed) return `${what}: nothing changed, ${reason}.`;
    if (!wrong) return `${what}: nothing changed.`;
    const most = credit.reduce((best, c, n) => (Math.abs(c) > Math.abs(credit[best]) ? n : best), 0);
    const terms = conditions.adapts ? adamTerms(done, most) : momentumTerms(done, most);
    const word = fire ? "a miss: weights go up" : "a false alarm: weights go down";
    return `${what} (theta = ${conditions.theta}): ${word}. dw of A${most + 1} = ${terms} = ${signed(change[most])}.`;
  }

  /** The afferents with the largest change: their spikes, K(t_max - t_i) under each, and dw. */
  #credits({ conditions, pattern, credit, change, t_max, after }) {
    const order = Array.from(credit.keys()).sort((a, b) => Math.abs(change[b]) - Math.abs(change[a]) || credit[b] - credit[a]);
    const chosen = order.slice(0, ROWS).sort((a, b) => a - b);
    resize(this.rows, chosen.length, newRow, this.list);
    chosen.forEach((n, i) => {
      const [name, track, dw] = this.rows[i].children;
      this.rows[i].style.setProperty("--ink", after[n] < 0 ? "var(--minus)" : "var(--plus)");
      say(name, `A${n + 1}`);
      say(dw, `${plain(after[n])}${change[n] ? ` (${signed(change[n])})` : ""}`);
      this.#track(track, this.record.task.row(pattern, n), t_max, conditions);
    });
    const others = order.length - chosen.length;
    say(this.others, others > 0 ? `and ${others} more afferents with smaller changes` : "");
  }

  #track(track, times, t_max, { kernel }) {
    const { task } = this.record;
    const [moment, ...spikes] = track.children;
    moment.style.left = percent(t_max / task.T);
    resize(spikes, times.length, () => element("spike", element("share"), element("tick")), track);
    times.forEach((time, i) => {
      spikes[i].style.left = percent(time / task.T);
      spikes[i].firstChild.style.height = percent(psp(kernel, t_max - time));
    });
  }

  #difference({ conditions, pattern, before, after, t_max }) {
    const { task } = this.record;
    const { theta } = conditions;
    const now = this.record.trace(pattern, after, POINTS, conditions);
    const old = before === after ? now : this.record.trace(pattern, before, POINTS, conditions);
    this.range = voltageRange([...old.v, ...now.v], theta, this.range);
    const [low, high] = this.range;
    const y = (v) => (v - low) / (high - low);
    const xs = Array.from(old.times, (t) => t / task.T);
    this.find(".before").setAttribute("d", path(xs, Array.from(old.v, y)));
    this.find(".after").setAttribute("d", path(xs, Array.from(now.v, y)));
    this.find(".level").setAttribute("d", `M0 ${(1 - y(theta)) * 1000}H1000`);
    this.find(".rest").setAttribute("d", `M0 ${(1 - y(0)) * 1000}H1000`);
    this.find(".drop").style.left = percent(t_max / task.T);
    labels(this.find(".levels"), ticks(low, high, 4), "top", (v) => 1 - y(v));
    labels(this.find(".times"), ticks(0, task.T, 8), "left", (t) => t / task.T);
    const was = old === now ? "" : `${old.peak.v.toFixed(3)} before and `;
    const text = `Voltage of pattern ${pattern + 1}: peak ${was}${now.peak.v.toFixed(3)} ${was ? "after the step" : "now"}`;
    this.find("svg").setAttribute("aria-label", text);
  }
}

/** A weight, to three decimals; never a negative zero. */
function plain(weight) {
  return (Math.abs(weight) < 5e-4 ? 0 : weight).toFixed(3).replace("-", "\u2212");
}

function newRow() {
  return element("credit", element("name"), element("track", element("moment")), element("dw"));
}

function momentumTerms({ step, credit, change }, n) {
  return `step x credit + momentum = ${signed(step)} x ${credit[n].toFixed(3)} ${signed(change[n] - step * credit[n])}`;
}

function adamTerms({ conditions: { mu, rate }, momentum }, n) {
  const { mean, deviation } = adamOf(momentum, n, mu);
  return `rate x mean / deviation of its past credits = ${rate.toPrecision(3)} x ${signed(mean)} / ${deviation.toFixed(4)}`;
}
