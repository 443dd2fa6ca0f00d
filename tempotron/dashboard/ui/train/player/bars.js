// Draws the weights of one neuron as bars, with what they were at the start.

import { roundUp, ticks } from "./axes.js";
import { labels, signed } from "./dom.js";

export class Bars {
  constructor(section, record) {
    this.section = section;
    this.record = record;
    section.style.setProperty("--count", record.task.afferents);
  }

  find(selector) {
    return this.section.querySelector(selector);
  }

  draw(weights, neuron) {
    if (this.neuron !== neuron) this.#choose(neuron);
    this.#widen(weights);
    const bars = { plus: "", minus: "" };
    weights.forEach((w, n) => {
      bars[w < 0 ? "minus" : "plus"] += `M${this.#x(n)} ${this.#y(0)}V${this.#y(w)}`;
    });
    this.find(".plus").setAttribute("d", bars.plus);
    this.find(".minus").setAttribute("d", bars.minus);
    const strongest = Array.from(weights.keys()).sort((a, b) => Math.abs(weights[b]) - Math.abs(weights[a]));
    const told = strongest.slice(0, 3).map((n) => `A${n + 1} ${signed(weights[n], 3)}`);
    this.find("svg").setAttribute("aria-label", `Weights; the largest are ${told.join(", ")}`);
  }

  #choose(neuron) {
    this.neuron = neuron;
    this.range = null;
    this.start = this.record.weights(0, neuron);
    const count = this.start.length;
    const names = ticks(1, Math.max(count, 2), 8).filter((n) => Number.isInteger(n) && n > 0 && n <= count);
    labels(this.find(".times"), names, "left", (n) => (n - 0.5) / count);
  }

  /** Have an axis for all weights of the run as far as it is known; it stays while it serves. */
  #widen(weights) {
    let [low, high] = this.record.reach(this.neuron);
    for (const w of weights) {
      if (w < low) low = w;
      if (w > high) high = w;
    }
    if (this.range && this.range[0] <= low && this.range[1] >= high) return;
    const step = roundUp(Math.max(high - low, 1e-6) / 4);
    this.range = [Math.floor(low / step) * step, Math.ceil(high / step) * step];
    this.#axis();
  }

  #axis() {
    const [low, high] = this.range;
    const half = 400 / this.start.length;
    const marks = Array.from(this.start, (w, n) => `M${(this.#x(n) - half).toFixed(1)} ${this.#y(w)}h${(2 * half).toFixed(1)}`);
    this.find(".start").setAttribute("d", marks.join(""));
    this.find(".rest").setAttribute("d", `M0 ${this.#y(0)}H1000`);
    labels(this.find(".levels"), ticks(low, high, 4), "top", (w) => (high - w) / (high - low));
  }

  #x(n) {
    return (((n + 0.5) / this.start.length) * 1000).toFixed(1);
  }

  #y(w) {
    const [low, high] = this.range;
    return ((1 - (w - low) / (high - low)) * 1000).toFixed(1);
  }
}
