// Draws an experiment and its solution. Knows nothing of pointers, keys or Python: it is given
// values and sets attributes. Positions are fractions, so a resized page needs no redrawing.

import { path, roundUp, ticks, voltageRange } from "./axes.js";
import { halfWidth, psp, solve } from "./voltage.js";

/** How many points the voltage is drawn with. */
export const POINTS = 801;
const KERNEL_POINTS = 241;

const percent = (fraction) => `${(fraction * 100).toFixed(3)}%`;
const signed = (weight) => (weight < 0 ? "\u2212" : "+") + Math.abs(weight).toFixed(2);

/** A number as people write it: up to four decimals, none for their own sake. */
export const plain = (value) => String(Math.round(value * 1e4) / 1e4);

export const nameOf = ({ kind, afferent, spike }) => {
  if (kind === "threshold") return "Threshold";
  if (kind === "weight") return `Weight of afferent ${afferent + 1}`;
  return `Afferent ${afferent + 1}, spike ${spike + 1}`;
};

export class Picture {
  constructor(root) {
    this.root = root;
    this.rows = [];
    this.drawn = null;
  }

  find(selector) {
    return this.root.querySelector(selector);
  }

  /** Choose ranges for the axes; called only while no hand moves anything. */
  fit(experiment, solution) {
    this.range = voltageRange(solution.v, experiment.theta, this.range);
    this.span = [20, 50, 100, 200, 500, 1000, 2000, 5000].find((s) => s >= 4 * solution.kernel.slow) ?? 5000;
    const strongest = Math.max(...experiment.weights.map(Math.abs));
    this.strength = Math.max(1, roundUp(strongest));
    this.drawn = null; // everything has moved
    this.#axes(experiment);
  }

  /** Draw everything that differs from what is drawn. */
  draw(experiment, solution, { selected, ghost }) {
    this.#raster(experiment, selected);
    this.#voltage(experiment, solution, ghost);
    const constants = JSON.stringify([experiment.tau, experiment.tau_s, experiment.pinned, !ghost]);
    if (this.drawn?.constants !== constants) this.#kernel(experiment, solution.kernel, ghost);
    this.drawn = { experiment, selected, constants, handles: this.handles };
  }

  elementOf({ kind, afferent, spike }) {
    if (kind === "threshold") return this.find(".threshold");
    const row = this.rows[afferent];
    return kind === "weight" ? row.weight : row.spikes[spike];
  }

  #axes(experiment) {
    const [low, high] = this.range;
    const { T } = experiment;
    const times = ticks(0, T, 10);
    const levels = ticks(low, high, 5);
    const height = (v) => 1 - (v - low) / (high - low);
    this.find(".voltage .times").replaceChildren(...times.map((t) => label(plain(t), "left", t / T)));
    this.find(".levels").replaceChildren(...levels.map((v) => label(plain(v), "top", height(v))));
    const lines = times.map((t) => `M${(t / T) * 1000} 0V1000`);
    this.find(".voltage .grid").setAttribute("d", lines.join(""));
    this.root.style.setProperty("--grid", percent(roundUp(T / 10) / T));
    const rows = experiment.weights.length;
    this.find(".more").textContent = rows > 12 ? `Spikes (scroll for all ${rows} afferents)` : "Spikes";
    this.find(".voltage .rest").setAttribute("d", `M0 ${height(0) * 1000}H1000`);
    const delays = ticks(0, this.span, 4);
    this.find(".kernel .times").replaceChildren(...delays.map((s) => label(plain(s), "left", s / this.span)));
  }

  #raster(experiment, selected) {
    const raster = this.find(".raster");
    while (this.rows.length > experiment.weights.length) this.rows.pop().element.remove();
    while (this.rows.length < experiment.weights.length) this.rows.push(newRow(raster, this.rows.length));
    const before = this.drawn?.experiment;
    this.rows.forEach((row, i) => {
      const same = before?.spikes[i] === experiment.spikes[i] && before?.weights[i] === experiment.weights[i];
      if (!same) drawRow(row, experiment, i, this.strength);
    });
    const handles = this.root.querySelectorAll(".spike").length;
    if (this.drawn?.selected !== selected || this.drawn.handles !== handles) this.#select(selected);
    this.handles = handles;
  }

  /** One Tab stop among the spikes, one among the weights; the selected handle stands out. */
  #select(selected) {
    for (const old of this.root.querySelectorAll(".chosen")) old.classList.remove("chosen");
    for (const old of this.root.querySelectorAll(".raster [tabindex='0']")) old.tabIndex = -1;
    this.elementOf(selected)?.classList.add("chosen");
    const afferent = selected.afferent ?? 0;
    this.rows[afferent].weight.tabIndex = 0;
    const spikes = this.rows[afferent].spikes;
    const first = this.find(".spike");
    const stop = (selected.kind === "spike" && spikes[selected.spike]) || spikes[0] || first;
    if (stop) stop.tabIndex = 0;
  }

  #voltage(experiment, solution, ghost) {
    const { T, theta } = experiment;
    const [low, high] = this.range;
    const y = (v) => (v - low) / (high - low);
    this.find(".voltage .trace").setAttribute("d", this.#curve(solution, T, y));
    this.find(".voltage .ghost").setAttribute("d", ghost ? this.#curve(ghost.solution, T, y) : "");
    const top = solution.peak;
    place(this.find(".voltage .summit"), top.t / T, y(top.v));
    const drop = this.find(".drop");
    place(drop, top.t / T, y(top.v));
    drop.style.height = percent(Math.max(y(top.v) - y(0), 0));
    const crossing = this.find(".crossing");
    crossing.hidden = !solution.fires;
    place(crossing, solution.crossing / T, y(theta));
    this.root.classList.toggle("fires", solution.fires);
    const threshold = this.find(".threshold");
    place(threshold, 0, y(theta));
    this.find(".threshold .name").textContent = `theta = ${theta.toFixed(2)}`;
    setValue(threshold, theta, [0.05, 10], `${plain(theta)}, in units of the default threshold`);
  }

  /** The sampled curve, with the exact peak among its points. */
  #curve({ times, v, peak }, T, y) {
    const after = times.findIndex((t) => t > peak.t);
    const at = after < 0 ? times.length : after;
    const xs = [...times.slice(0, at), peak.t, ...times.slice(at)].map((t) => t / T);
    return path(xs, [...v.slice(0, at), peak.v, ...v.slice(at)].map(y));
  }

  #kernel(experiment, kernel, ghost) {
    const draw = (selector, k) => this.find(selector).setAttribute("d", k ? this.#potential(k) : "");
    draw(".kernel .trace", kernel);
    draw(".kernel .ghost", ghost && ghost.solution.kernel);
    const pinned = experiment.pinned && solve({ ...experiment, tau: experiment.pinned[0], tau_s: experiment.pinned[1] }, 2).kernel;
    draw(".kernel .pinned", pinned);
    this.find(".kernel .rest").setAttribute("d", "M0 1000H1000");
    const width = halfWidth(kernel);
    place(this.find(".kernel .summit"), kernel.peakTime / this.span, 1 / 1.15);
    const bar = this.find(".width");
    place(bar, width.start / this.span, 0.5 / 1.15);
    bar.style.width = percent((width.end - width.start) / this.span);
    const facts = `peak after ${kernel.peakTime.toFixed(1)} ms, half-width ${(width.end - width.start).toFixed(1)} ms`;
    this.find(".facts").textContent = facts;
    this.find(".kernel svg").setAttribute("aria-label", `Kernel: ${facts}`);
  }

  #potential(kernel) {
    const xs = Array.from({ length: KERNEL_POINTS }, (_, i) => i / (KERNEL_POINTS - 1));
    return path(xs, xs.map((x) => psp(kernel, x * this.span) / 1.15));
  }
}

/** A small picture of an experiment, for the button that opens it. */
export function thumbnail(experiment) {
  const { T, theta, weights } = experiment;
  const solution = solve(experiment, 121);
  const [low, high] = voltageRange(solution.v, theta);
  const y = (v) => (v - low) / (high - low);
  const xs = [...solution.times].map((t) => t / T);
  const curve = path(xs, [...solution.v].map((v) => 0.62 * y(v)));
  const marks = { plus: "", minus: "" };
  experiment.spikes.forEach((row, i) => {
    const top = 20 + (i * 330) / weights.length;
    const tick = (time) => `M${(time / T) * 1000} ${top.toFixed(1)}v${(250 / weights.length).toFixed(1)}`;
    marks[weights[i] < 0 ? "minus" : "plus"] += row.map(tick).join("");
  });
  const level = 1000 - 620 * y(theta);
  return `<svg viewBox="0 0 1000 1000" preserveAspectRatio="none" aria-hidden="true">
    <path class="plus" d="${marks.plus}"/><path class="minus" d="${marks.minus}"/>
    <path class="level" d="M0 ${level}H1000"/><path class="trace" d="${curve}"/></svg>`;
}

function newElement(className, role) {
  const element = document.createElement("div");
  element.className = className;
  if (role) element.setAttribute("role", role);
  return element;
}

function newRow(raster, index) {
  const element = newElement("row");
  element.dataset.afferent = index;
  const name = newElement("name");
  name.textContent = `A${index + 1}`;
  const value = newElement("number");
  const weight = newElement("weight", "slider");
  weight.setAttribute("aria-label", nameOf({ kind: "weight", afferent: index }));
  weight.tabIndex = -1;
  weight.append(newElement("bar"), newElement("knob"));
  const track = newElement("track");
  element.append(name, value, weight, track);
  raster.append(element);
  return { element, value, weight, track, spikes: [] };
}

function drawRow(row, experiment, index, strength) {
  const weight = experiment.weights[index];
  row.element.classList.toggle("inhibitory", weight < 0);
  row.value.textContent = signed(weight);
  row.weight.style.setProperty("--from", percent(0.5 + Math.min(weight, 0) / strength / 2));
  row.weight.style.setProperty("--to", percent(0.5 + Math.max(weight, 0) / strength / 2));
  row.weight.style.setProperty("--tip", percent(0.5 + weight / strength / 2));
  setValue(row.weight, weight, [-10, 10], signed(weight));
  const times = experiment.spikes[index];
  while (row.spikes.length > times.length) row.spikes.pop().remove();
  while (row.spikes.length < times.length) {
    const spike = newElement("spike", "slider");
    spike.tabIndex = -1;
    spike.setAttribute("aria-label", nameOf({ kind: "spike", afferent: index, spike: row.spikes.length }));
    row.track.append(spike);
    row.spikes.push(spike);
  }
  row.spikes.forEach((spike, i) => {
    spike.style.left = percent(times[i] / experiment.T);
    setValue(spike, times[i], [0, experiment.T], `${plain(times[i])} ms`);
  });
}

function setValue(element, value, [low, high], text) {
  element.setAttribute("aria-valuemin", low);
  element.setAttribute("aria-valuemax", high);
  element.setAttribute("aria-valuenow", plain(value));
  element.setAttribute("aria-valuetext", text);
}

function place(element, x, y) {
  element.style.left = percent(x);
  element.style.bottom = percent(y);
}

function label(text, side, fraction) {
  const span = document.createElement("span");
  span.textContent = text;
  span.style[side] = percent(fraction);
  return span;
}
