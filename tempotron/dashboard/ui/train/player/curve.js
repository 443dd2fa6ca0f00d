// Draws the misclassified patterns of each epoch, and where the playhead is among them.

import { path, roundUp, ticks } from "./axes.js";
import { element, labels, percent, resize, say } from "./dom.js";

const SVG = "http://www.w3.org/2000/svg";

export class Curve {
  constructor(section, record) {
    this.section = section;
    this.record = record;
    this.pins = [];
    this.lines = Array.from(this.find(".pins").children);
    this.dots = Array.from(section.querySelectorAll(".pin-dot"));
    this.notes = Array.from(this.find(".notes").children);
  }

  #pin(pins) {
    this.pins = pins;
    resize(this.lines, pins.length, () => document.createElementNS(SVG, "path"), this.find(".pins"));
    resize(this.dots, pins.length, () => element("pin-dot"), this.find(".plot"));
    resize(this.notes, pins.length, () => document.createElement("li"), this.find(".notes"));
    pins.forEach(({ number }, i) => {
      for (const part of [this.lines[i], this.dots[i], this.notes[i]]) part.dataset.pin = number;
    });
  }

  find(selector) {
    return this.section.querySelector(selector);
  }

  /**
   * Draw all epochs that are there, beside those of other runs; while there will be more, on an
   * axis with room for some.
   */
  grow(pins) {
    this.#pin(pins);
    const { errors, growing, outcome, conditions, task } = this.record;
    this.span = Math.max(errors.length, 1, ...this.pins.map((pin) => pin.errors.length));
    if (growing) this.span = Math.min(roundUp(Math.max(this.span, 10)), Math.max(conditions.epochs, this.span));
    const high = Math.max(1, ...errors, ...this.pins.flatMap((pin) => pin.errors)) * 1.08;
    this.high = high;
    const levels = ticks(0, high, 4).filter(Number.isInteger);
    labels(this.find(".levels"), levels, "top", (v) => 1 - v / high);
    const epochs = ticks(1, this.span, 6).filter((e) => Number.isInteger(e) && e > 0);
    labels(this.find(".times"), epochs, "left", (e) => (e - 0.5) / this.span);
    this.find(".errors").setAttribute("d", this.#line(errors));
    this.pins.forEach((pin, i) => this.lines[i].setAttribute("d", this.#line(pin.errors)));
    this.find(".grid").setAttribute("d", levels.map((v) => `M0 ${1000 - (v / high) * 1000}H1000`).join(""));
    this.find(".rest").setAttribute("d", "M0 1000H1000");
    this.find(".converged").hidden = outcome !== "converged";
    say(this.find(".of"), `(of ${task.patterns}), each epoch`);
    const end = outcome === "converged" ? "the last one without an error" : "none of them without an error";
    this.find("svg").setAttribute("aria-label", `Misclassified patterns in each of ${errors.length} epochs, ${end}`);
  }

  #line(errors) {
    return path(errors.map((_, e) => (e + 0.5) / this.span), errors.map((v) => v / this.high));
  }

  /** Draw the playhead after k presentations. */
  draw(k) {
    const { epoch, starts, task, count } = this.record;
    const last = epoch[k - 1];
    const at = k === 0 ? 0 : last + Math.min(1, (k - starts[last]) / task.patterns);
    this.find(".head").setAttribute("d", count ? `M${((at / this.span) * 1000).toFixed(1)} 0V1000` : "");
    this.pins.forEach((pin, i) => this.#follow(pin, k, this.dots[i], this.notes[i]));
  }

  /** Let a pinned run be at the same presentation, or at its end. */
  #follow({ number, errors, patterns }, k, dot, note) {
    const epoch = Math.min(Math.max(Math.ceil(k / patterns), 1), errors.length) - 1;
    dot.style.left = percent((epoch + 0.5) / this.span);
    dot.style.bottom = percent(errors[epoch] / this.high);
    note.hidden = number === 0; // its button says what it is
    say(note, `Pinned run ${number}: ${errors[epoch]} of ${patterns} wrong in epoch ${epoch + 1}`);
  }

  /** The step at the end of the epoch at a fraction of the width. */
  stepAt(fraction) {
    const last = this.record.errors.length - 1;
    const epoch = Math.max(0, Math.min(last, Math.floor(fraction * this.span)));
    return this.record.endOfEpoch(this.record.starts[epoch] ?? 0);
  }
}
