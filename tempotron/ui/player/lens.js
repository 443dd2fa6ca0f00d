// The credit lens: who is blamed for one step, and what the step did to the voltage.

import { path, ticks, voltageRange } from "./axes.js";
import { element, labels, percent, resize, say, signed } from "./dom.js";
import { adamOf } from "./record.js";
import { psp } from "./voltage.js";

const POINTS = 401;
const ROWS = 12;

export class Lens {
  constructor(section, record) {
    this.section = section;
    this.record = record;
    this.rows = [];
    this.others = element("others");
    const head = element("credit", element("name"), element("track"), element("dw", "dw"));
    this.list = element("list");
    this.find(".rows").replaceChildren(head, this.list, this.others);
  }

  find(selector) {
    return this.section.querySelector(selector);
  }

  /** Draw a presentation, or none. */
  draw(done) {
    this.find(".rows").hidden = this.find(".axes").hidden = !done;
    const equation = done ? this.#equation(done) : "Nothing has been presented yet: step once to see the first update.";
    say(this.find(".equation"), equation);
    if (!done) return;
    this.#credits(done);
    this.#difference(done);
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
      say(dw, signed(change[n]));
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
    const old = this.record.trace(pattern, before, POINTS, conditions);
    const now = this.record.trace(pattern, after, POINTS, conditions);
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
    const text = `Voltage of pattern ${pattern + 1}: peak ${old.peak.v.toFixed(3)} before and ${now.peak.v.toFixed(3)} after the step`;
    this.find("svg").setAttribute("aria-label", text);
  }
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
