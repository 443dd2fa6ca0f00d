// Draws one step of a recorded run. Knows nothing of time, keys or Python.

import { path, roundUp, ticks, voltageRange } from "./axes.js";
import { psp } from "./voltage.js";

/** How many patterns are shown at a time. */
export const TILES = 12;
const TILE_POINTS = 121;
const LENS_POINTS = 401;
const LENS_ROWS = 12;

const percent = (fraction) => `${(fraction * 100).toFixed(2)}%`;
const signed = (value, digits = 4) => (Math.abs(value) < 0.5 * 10 ** -digits ? "\u00b1" : value < 0 ? "\u2212" : "+") + Math.abs(value).toFixed(digits);
export const classOf = (fire) => (fire ? "+" : "\u2212");

export class Scene {
  constructor(root, record) {
    this.root = root;
    this.record = record;
    this.tiles = [];
    this.#errors();
    this.root.querySelector(".patterns .of").textContent = `(${record.task.targets.length})`;
  }

  find(selector) {
    return this.root.querySelector(selector);
  }

  /** Draw the run after k presentations: some patterns, the weights, the error curve, the lens. */
  draw(k, { neuron, shown }) {
    const weights = this.record.weights(k, neuron);
    this.#head(k);
    this.#weights(weights, neuron);
    this.#patterns(k, shown, weights, neuron);
    this.#lens(k, neuron);
  }

  /** Distance of every pattern's peak from the threshold, on the right side of it or not. */
  margins(k, neuron) {
    const weights = this.record.weights(k, neuron);
    return this.record.task.targets.map((target, p) => {
      const above = this.record.trace(p, weights, 0).peak.v - this.record.theta;
      return target[neuron] ? above : -above;
    });
  }

  #errors() {
    const { errors, outcome, task } = this.record;
    const count = Math.max(errors.length, 1);
    const high = Math.max(...errors, 1);
    const levels = ticks(0, high, 4).filter(Number.isInteger);
    labels(this.find(".curve .levels"), levels, "top", (v) => 1 - v / (high * 1.08));
    const epochs = ticks(1, count, 6).filter(Number.isInteger);
    labels(this.find(".curve .times"), epochs, "left", (e) => (e - 0.5) / count);
    const xs = Array.from(errors, (_, e) => (e + 0.5) / count);
    this.find(".errors").setAttribute("d", path(xs, Array.from(errors, (v) => v / (high * 1.08))));
    this.find(".curve .grid").setAttribute("d", levels.map((v) => `M0 ${1000 - (v / (high * 1.08)) * 1000}H1000`).join(""));
    this.find(".curve .rest").setAttribute("d", "M0 1000H1000");
    this.find(".converged").hidden = outcome !== "converged";
    this.find(".curve .of").textContent = `(of ${task.targets.length}), each epoch`;
    const end = outcome === "converged" ? "the last one without an error" : "none of them without an error";
    this.find(".curve svg").setAttribute("aria-label", `Misclassified patterns in each of ${errors.length} epochs, ${end}`);
  }

  #head(k) {
    const { errors, epoch, task, count } = this.record;
    const at = k === 0 ? 0 : epoch[k - 1] + Math.min(1, (k - epoch.indexOf(epoch[k - 1])) / task.targets.length);
    const x = (at / Math.max(errors.length, 1)) * 1000;
    this.find(".head").setAttribute("d", count ? `M${x.toFixed(1)} 0V1000` : "");
  }

  #weights(weights, neuron) {
    const start = this.record.weights(0, neuron);
    const count = weights.length;
    if (this.reach?.neuron !== neuron) this.reach = { neuron, range: this.#reach(neuron) };
    const [low, high] = this.reach.range;
    const y = (w) => ((1 - (w - low) / (high - low)) * 1000).toFixed(1);
    const x = (n) => (((n + 0.5) / count) * 1000).toFixed(1);
    const bars = { plus: "", minus: "" };
    weights.forEach((w, n) => {
      bars[w < 0 ? "minus" : "plus"] += `M${x(n)} ${y(0)}V${y(w)}`;
    });
    const half = 400 / count;
    const marks = Array.from(start, (w, n) => `M${(x(n) - half).toFixed(1)} ${y(w)}h${(2 * half).toFixed(1)}`);
    this.find(".weights .plus").setAttribute("d", bars.plus);
    this.find(".weights .minus").setAttribute("d", bars.minus);
    this.find(".weights .start").setAttribute("d", marks.join(""));
    this.find(".weights .rest").setAttribute("d", `M0 ${y(0)}H1000`);
    const width = this.find(".weights .plot").clientWidth;
    this.root.style.setProperty("--thick", `${Math.max(1, Math.min(14, (0.6 * width) / count))}px`);
    labels(this.find(".weights .levels"), ticks(low, high, 4), "top", (w) => (high - w) / (high - low));
    const names = ticks(1, Math.max(count, 2), 8).filter((n) => Number.isInteger(n) && n <= count);
    labels(this.find(".weights .times"), names, "left", (n) => (n - 0.5) / count);
    const strongest = Array.from(weights.keys()).sort((a, b) => Math.abs(weights[b]) - Math.abs(weights[a]));
    const told = strongest.slice(0, 3).map((n) => `A${n + 1} ${signed(weights[n], 3)}`);
    this.find(".weights svg").setAttribute("aria-label", `Weights; the largest are ${told.join(", ")}`);
  }

  /** The range of all weights that the run has kept, so that the axis stays where it is. */
  #reach(neuron) {
    let [low, high] = [0, 0];
    for (const k of this.record.steps) {
      for (const w of this.record.weights(k, neuron)) {
        if (w < low) low = w;
        if (w > high) high = w;
      }
    }
    const step = roundUp(Math.max(high - low, 1e-6) / 4);
    return [Math.floor(low / step) * step, Math.ceil(high / step) * step];
  }

  #patterns(k, shown, weights, neuron) {
    const now = k > 0 ? this.record.pattern[k - 1] : -1;
    const box = this.find(".tiles");
    while (this.tiles.length > shown.length) this.tiles.pop().element.remove();
    while (this.tiles.length < shown.length) this.tiles.push(newTile(box));
    const solved = shown.map((p) => this.record.trace(p, weights, TILE_POINTS));
    const { theta, task } = this.record;
    const range = voltageRange(solved.flatMap(({ v, peak }) => [Math.min(...v), peak.v]), theta, this.range);
    this.range = range;
    shown.forEach((p, i) => {
      drawTile(this.tiles[i], p, solved[i], { range, theta, T: task.T, fire: task.targets[p][neuron], now: p === now });
    });
  }

  #lens(k, neuron) {
    const done = k > 0 && this.record.presentation(k, neuron);
    this.find(".lens .rows").hidden = this.find(".lens .axes").hidden = !done;
    if (!done) {
      this.find(".equation").textContent = "Nothing has been presented yet: step once to see the first update.";
      return;
    }
    this.find(".equation").textContent = this.#equation(done);
    this.#credits(done);
    this.#difference(done);
  }

  #equation({ changed, reason, change, credit, step, v_max, t_max, fire, fired, wrong }) {
    const theta = this.record.theta;
    const what = `V_max = ${v_max.toFixed(3)} at ${t_max.toFixed(1)} ms, ${fired ? "fired" : "silent"}`;
    if (!changed) return `${what}: nothing changed, ${reason}.`;
    if (!wrong) return `${what}: nothing changed.`;
    const most = credit.reduce((best, c, n) => (Math.abs(c) > Math.abs(credit[best]) ? n : best), 0);
    const own = step * credit[most];
    const terms = `step x credit + momentum = ${signed(step)} x ${credit[most].toFixed(3)} ${signed(change[most] - own)}`;
    const word = fire ? "a miss: weights go up" : "a false alarm: weights go down";
    return `${what} (theta = ${theta}): ${word}. dw of A${most + 1} = ${terms} = ${signed(change[most])}.`;
  }

  /** The afferents with the largest change: their spikes, K(t_max - t_i) under each, and dw. */
  #credits({ pattern, credit, change, t_max, after }) {
    const { task, kernel } = this.record;
    const order = Array.from(credit.keys()).sort((a, b) => Math.abs(change[b]) - Math.abs(change[a]) || a - b);
    const chosen = order.slice(0, LENS_ROWS).sort((a, b) => a - b);
    const rows = chosen.map((n) => {
      const row = element("credit");
      row.style.setProperty("--ink", after[n] < 0 ? "var(--minus)" : "var(--plus)");
      const track = element("track");
      for (const time of task.spikes[pattern][n].filter((t) => t >= 0 && t < task.T)) {
        const share = psp(kernel, t_max - time);
        const [bar, tick] = [element("spike"), element("tick")];
        bar.style.left = tick.style.left = percent(time / task.T);
        bar.style.height = percent(share);
        track.append(bar, tick);
      }
      const moment = element("moment");
      moment.style.left = percent(t_max / task.T);
      track.append(moment);
      row.append(element("name", `A${n + 1}`), track, element("dw", signed(change[n])));
      return row;
    });
    const others = order.length - chosen.length;
    if (others > 0) rows.push(element("others", `and ${others} more afferents with smaller changes`));
    const head = element("credit");
    head.append(element("name"), element("track"), element("dw", "dw"));
    this.find(".lens .rows").replaceChildren(head, ...rows);
  }

  #difference({ pattern, before, after, t_max }) {
    const { task, theta } = this.record;
    const old = this.record.trace(pattern, before, LENS_POINTS);
    const now = this.record.trace(pattern, after, LENS_POINTS);
    this.lensRange = voltageRange([...old.v, ...now.v], theta, this.lensRange);
    const [low, high] = this.lensRange;
    const y = (v) => (v - low) / (high - low);
    const xs = Array.from(old.times, (t) => t / task.T);
    this.find(".lens .before").setAttribute("d", path(xs, Array.from(old.v, y)));
    this.find(".lens .after").setAttribute("d", path(xs, Array.from(now.v, y)));
    this.find(".lens .level").setAttribute("d", `M0 ${(1 - y(theta)) * 1000}H1000`);
    this.find(".lens .rest").setAttribute("d", `M0 ${(1 - y(0)) * 1000}H1000`);
    this.find(".drop").style.left = percent(t_max / task.T);
    labels(this.find(".lens .levels"), ticks(low, high, 4), "top", (v) => 1 - y(v));
    labels(this.find(".lens .times"), ticks(0, task.T, 8), "left", (t) => t / task.T);
    const text = `Voltage of pattern ${pattern + 1}: peak ${old.peak.v.toFixed(3)} before and ${now.peak.v.toFixed(3)} after the step`;
    this.find(".lens svg").setAttribute("aria-label", text);
  }
}

function newTile(box) {
  const tile = element("tile");
  tile.innerHTML = `<span class="number"></span><span class="class"></span><span class="judged"></span>
    <div class="picture"><svg viewBox="0 0 1000 1000" preserveAspectRatio="none" role="img">
    <path class="level"/><path class="trace"/></svg><div class="dot"></div></div>`;
  box.append(tile);
  return { element: tile, find: (selector) => tile.querySelector(selector) };
}

function drawTile(tile, pattern, { times, v, peak }, { range: [low, high], theta, T, fire, now }) {
  const y = (value) => (value - low) / (high - low);
  const fires = peak.v >= theta * (1 - 1e-6); // weights come in single precision
  tile.element.classList.toggle("now", now);
  tile.element.classList.toggle("wrong", fires !== fire);
  tile.find(".number").textContent = `${pattern + 1}`;
  tile.find(".class").textContent = fire ? "▲ fire" : "▼ silent";
  tile.find(".class").className = `class ${fire ? "fire" : "silent"}`;
  tile.find(".judged").textContent = fires === fire ? "✓" : fire ? "✗ silent" : "✗ fires";
  const xs = Array.from(times, (t) => t / T);
  tile.find(".trace").setAttribute("d", path(xs, Array.from(v, y)));
  tile.find(".level").setAttribute("d", `M0 ${((1 - y(theta)) * 1000).toFixed(1)}H1000`);
  tile.find(".dot").style.left = percent(peak.t / T);
  tile.find(".dot").style.bottom = percent(y(peak.v));
  const verdict = `${fires ? "fires" : "silent"}, ${fires === fire ? "right" : "wrong"}`;
  tile.find("svg").setAttribute("aria-label", `Pattern ${pattern + 1}: V_max ${peak.v.toFixed(3)}, ${verdict}`);
}

function element(className, text = "") {
  const made = document.createElement("div");
  made.className = className;
  made.textContent = text;
  return made;
}

function labels(box, values, side, fraction) {
  const text = (value) => String(Math.round(value * 1e6) / 1e6);
  box.replaceChildren(
    ...values.map((value) => {
      const span = document.createElement("span");
      span.textContent = text(value);
      span.style[side] = percent(fraction(value));
      return span;
    }),
  );
}
