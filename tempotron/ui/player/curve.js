// Draws the misclassified patterns of each epoch, and where the playhead is among them.

import { path, roundUp, ticks } from "./axes.js";
import { labels, say } from "./dom.js";

export class Curve {
  constructor(section, record) {
    this.section = section;
    this.record = record;
  }

  find(selector) {
    return this.section.querySelector(selector);
  }

  /** Draw all epochs that are there; while there will be more, on an axis with room for some. */
  grow() {
    const { errors, growing, outcome, settings, task } = this.record;
    this.span = Math.max(errors.length, 1);
    if (growing) this.span = Math.min(roundUp(Math.max(this.span, 10)), Math.max(settings.epochs, this.span));
    const high = Math.max(...errors, 1) * 1.08;
    const levels = ticks(0, high, 4).filter(Number.isInteger);
    labels(this.find(".levels"), levels, "top", (v) => 1 - v / high);
    const epochs = ticks(1, this.span, 6).filter((e) => Number.isInteger(e) && e > 0);
    labels(this.find(".times"), epochs, "left", (e) => (e - 0.5) / this.span);
    const xs = errors.map((_, e) => (e + 0.5) / this.span);
    this.find(".errors").setAttribute("d", path(xs, errors.map((v) => v / high)));
    this.find(".grid").setAttribute("d", levels.map((v) => `M0 ${1000 - (v / high) * 1000}H1000`).join(""));
    this.find(".rest").setAttribute("d", "M0 1000H1000");
    this.find(".converged").hidden = outcome !== "converged";
    say(this.find(".of"), `(of ${task.patterns}), each epoch`);
    const end = outcome === "converged" ? "the last one without an error" : "none of them without an error";
    this.find("svg").setAttribute("aria-label", `Misclassified patterns in each of ${errors.length} epochs, ${end}`);
  }

  /** Draw the playhead after k presentations. */
  draw(k) {
    const { epoch, starts, task, count } = this.record;
    const last = epoch[k - 1];
    const at = k === 0 ? 0 : last + Math.min(1, (k - starts[last]) / task.patterns);
    this.find(".head").setAttribute("d", count ? `M${((at / this.span) * 1000).toFixed(1)} 0V1000` : "");
  }

  /** The step at the end of the epoch at a fraction of the width. */
  stepAt(fraction) {
    const last = this.record.errors.length - 1;
    const epoch = Math.max(0, Math.min(last, Math.floor(fraction * this.span)));
    return this.record.endOfEpoch(this.record.starts[epoch] ?? 0);
  }
}
