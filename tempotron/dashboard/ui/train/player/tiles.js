// Draws some patterns, each as a small voltage trace: threshold, peak, class, right or wrong.

import { path, voltageRange } from "./axes.js";
import { percent, resize, say } from "./dom.js";
import { roving } from "./roving.js";
import { reaches } from "./record.js";

const POINTS = 121;

export class Tiles {
  constructor(box, record) {
    this.box = box;
    this.record = record;
    this.tiles = [];
    box.replaceChildren();
    box.settle ??= roving(box);
  }

  /** Draw some patterns under the weights of a neuron after k presentations; one was the last. */
  draw(shown, weights, { k, neuron, now }) {
    const count = this.tiles.length;
    resize(this.tiles, shown.length, newTile, this.box);
    if (count !== this.tiles.length) this.box.settle();
    const { record } = this;
    const conditions = record.under(k);
    const { theta } = conditions;
    const solved = shown.map((p) => record.trace(p, weights, POINTS, conditions));
    this.range = voltageRange(solved.flatMap(({ v, peak }) => [Math.min(...v), peak.v]), theta, this.range);
    shown.forEach((p, i) => {
      const about = { pattern: p, range: this.range, theta, T: record.task.T, fire: record.target(p, neuron, k), now: p === now };
      drawTile(this.tiles[i], solved[i], about);
    });
  }
}

function newTile() {
  const tile = document.createElement("button");
  tile.type = "button";
  tile.className = "tile";
  tile.innerHTML = `<span class="number"></span><span class="class"></span><span class="judged"></span>
    <span class="picture"><svg viewBox="0 0 1000 1000" preserveAspectRatio="none" role="img">
    <path class="level"/><path class="trace"/></svg><span class="dot"></span></span>`;
  return tile;
}

function drawTile(tile, { times, v, peak }, { pattern, range: [low, high], theta, T, fire, now }) {
  const find = (selector) => tile.querySelector(selector);
  const y = (value) => (value - low) / (high - low);
  const fires = reaches(peak.v, theta);
  tile.dataset.pattern = pattern;
  tile.classList.toggle("now", now);
  tile.classList.toggle("wrong", fires !== fire);
  say(find(".number"), `${pattern + 1}`);
  say(find(".class"), fire ? "▲ fire" : "▼ silent");
  find(".class").className = `class ${fire ? "fire" : "silent"}`;
  say(find(".judged"), fires === fire ? "✓" : fire ? "✗ silent" : "✗ fires");
  find(".trace").setAttribute("d", path(Array.from(times, (t) => t / T), Array.from(v, y)));
  find(".level").setAttribute("d", `M0 ${((1 - y(theta)) * 1000).toFixed(1)}H1000`);
  find(".dot").style.left = percent(peak.t / T);
  find(".dot").style.bottom = percent(y(peak.v));
  const verdict = `${fires ? "fires" : "silent"}, ${fires === fire ? "right" : "wrong"}`;
  find("svg").setAttribute("aria-label", `Pattern ${pattern + 1}: V_max ${peak.v.toFixed(3)}, ${verdict}`);
}
