// Draws one step of a recorded run. Knows nothing of time, keys or Python.

import { Bars } from "./bars.js";
import { Curve } from "./curve.js";
import { say } from "./dom.js";
import { Lens } from "./lens.js";
import { Tiles } from "./tiles.js";

export class Scene {
  constructor(root, record) {
    const find = (selector) => root.querySelector(selector);
    this.record = record;
    this.curve = new Curve(find(".curve"), record);
    this.bars = new Bars(find(".weights"), record);
    this.tiles = new Tiles(find(".tiles"), record);
    this.lens = new Lens(find(".lens"), record);
    say(find(".patterns .of"), `(${record.task.patterns})`);
  }

  /** Take in that the record has grown, and which runs are pinned beside it. */
  grow(pins) {
    this.curve.grow(pins);
  }

  /** Draw the run after k presentations: some patterns, the weights, the error curve, the lens. */
  draw(k, { neuron, shown, looked }) {
    const done = k > 0 && this.record.presentation(k, neuron);
    const weights = done ? done.after : this.record.weights(0, neuron);
    const seen = looked ?? (done ? null : this.record.pattern[0]);
    this.curve.draw(k);
    this.bars.draw(weights, neuron);
    this.tiles.draw(shown, weights, { k, neuron, now: seen ?? done.pattern });
    if (seen === null) this.lens.draw(done);
    else this.lens.look(seen, weights, { k, fire: this.record.target(seen, neuron, k) });
  }

  /** Distance of every pattern's peak from the threshold, negative on the wrong side of it. */
  margins(k, neuron) {
    const { record } = this;
    const [weights, conditions] = [record.weights(k, neuron), record.under(k)];
    return Array.from({ length: record.task.patterns }, (_, p) => {
      const above = record.trace(p, weights, 0, conditions).peak.v - conditions.theta;
      return record.target(p, neuron, k) ? above : -above;
    });
  }
}
