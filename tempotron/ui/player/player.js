// Plays a recorded run: every step is there already, so that pause, back and scrub are immediate.
// The playhead follows a clock, not the frames; where it rests, Python is told.

import { Record } from "./record.js";
import { classOf, Scene, TILES } from "./scene.js";

const PER_SECOND = 4; // presentations at speed 1x
const FASTEST = 4; // seconds for a whole run
const REST = 250; // ms without a move after which the playhead rests

class Player {
  constructor(root, tell) {
    this.root = root;
    this.tell = tell;
    this.neuron = 0;
    this.page = 0;
    this.order = [];
    this.calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    root.addEventListener("click", ({ target }) => this.#click(target));
    root.addEventListener("keydown", (event) => this.#key(event));
    root.addEventListener("change", ({ target }) => target.dataset.choose && this.#choose(target));
    this.scrubber.addEventListener("input", () => this.#seek(this.scrubber.valueAsNumber));
    this.find(".curve .plot").addEventListener("click", (event) => this.#pick(event));
  }

  get scrubber() {
    return this.find(".scrubber");
  }

  find(selector) {
    return this.root.querySelector(selector);
  }

  /** Take a run and the step at which to show it, unless it is the one already here. */
  receive({ id, run, task, step }) {
    if (id === this.id) return;
    this.id = id;
    this.#halt();
    this.record = new Record(Uint8Array.from(atob(run), (letter) => letter.charCodeAt(0)).buffer, task);
    this.scene = new Scene(this.root, this.record);
    this.scrubber.max = this.record.count;
    this.neuron = Math.min(this.neuron, this.record.neurons - 1);
    this.#neurons();
    this.step = Math.min(step, this.record.count);
    this.told = this.step;
    this.page = 0;
    this.#sort();
    this.#draw();
  }

  #neurons() {
    const select = this.find("[data-choose=neuron]");
    const { neurons } = this.record;
    select.replaceChildren(...Array.from({ length: neurons }, (_, o) => new Option(String(o + 1), o, false, o === this.neuron)));
    this.find(".neuron").hidden = neurons === 1;
  }

  /** Decide which patterns come first; only while nothing moves, so that tiles do not jump. */
  #sort() {
    const count = this.record.task.targets.length;
    this.order = Array.from({ length: count }, (_, p) => p);
    if (this.find("[data-choose=order]").value === "margin") {
      const margins = this.scene.margins(this.step, this.neuron);
      this.order.sort((a, b) => margins[a] - margins[b]);
    }
    const pages = Math.ceil(count / TILES);
    this.page = Math.min(this.page, pages - 1);
    this.find(".pages").hidden = pages === 1;
  }

  #draw() {
    const first = this.page * TILES;
    this.scene.draw(this.step, { neuron: this.neuron, shown: this.order.slice(first, first + TILES) });
    this.scrubber.value = this.step;
    const done = this.#sentence();
    this.scrubber.setAttribute("aria-valuetext", done);
    const status = this.find(".status");
    status.setAttribute("aria-busy", Boolean(this.playing));
    status.textContent = done;
  }

  #sentence() {
    const { count, outcome, errors } = this.record;
    const ends = { converged: "no error in the last epoch", limit: "stopped at its limit", cancelled: "cancelled" };
    if (this.step === 0) {
      return `Before the first of ${count} presentations in ${errors.length} epochs (${ends[outcome] ?? outcome}). Press play, or step.`;
    }
    const { pattern, epoch, fire, fired, v_max, changed, reason } = this.record.presentation(this.step, this.neuron);
    const judged = fire === fired ? "right" : fire ? "missed" : "false alarm";
    const done = changed ? "weights changed" : reason;
    return `Presentation ${this.step} of ${count}, epoch ${epoch + 1}: pattern ${pattern + 1} (${classOf(fire)}), V_max = ${v_max.toFixed(3)}, ${judged}; ${done}.`;
  }

  #seek(step) {
    this.#halt();
    this.#show(step);
  }

  #show(step) {
    this.step = Math.max(0, Math.min(step, this.record.count));
    clearTimeout(this.resting);
    if (!this.frame) this.frame = requestAnimationFrame(() => this.#frame());
    if (!this.playing) this.resting = setTimeout(() => this.#rest(), REST);
  }

  #frame() {
    this.frame = null;
    this.#draw();
  }

  #rest() {
    this.#sort();
    this.#draw();
    if (this.told === this.step) return;
    this.told = this.step;
    this.tell({ id: this.id, step: this.step });
  }

  #play() {
    const from = this.step >= this.record.count ? 0 : this.step;
    this.playing = { from, since: performance.now(), drawn: -Infinity };
    this.#label();
    this.#tick();
  }

  #tick() {
    if (!this.playing) return;
    const now = performance.now();
    const { from, since, drawn } = this.playing;
    const step = from + Math.floor(((now - since) / 1000) * this.#rate());
    const due = !this.calm || now - drawn > 1000;
    if (due && step !== this.step) {
      this.playing.drawn = now;
      this.step = Math.min(step, this.record.count);
      this.#draw();
    }
    if (step >= this.record.count) this.#seek(this.record.count);
    else this.beat = requestAnimationFrame(() => this.#tick());
  }

  #rate() {
    const chosen = this.find("[data-choose=speed]").value;
    return chosen === "fastest" ? Math.max(PER_SECOND * 64, this.record.count / FASTEST) : PER_SECOND * Number(chosen);
  }

  #halt() {
    cancelAnimationFrame(this.beat);
    this.playing = null;
    this.#label();
  }

  #label() {
    const button = this.find(".play");
    button.textContent = this.playing ? "❚❚ Pause" : "▶ Play";
    button.setAttribute("aria-label", this.playing ? "Pause" : "Play");
  }

  #toggle() {
    if (this.playing) this.#seek(this.step);
    else this.#play();
  }

  #click(target) {
    const acts = {
      play: () => this.#toggle(),
      start: () => this.#seek(0),
      end: () => this.#seek(this.record.count),
      back: () => this.#seek(this.step - 1),
      step: () => this.#seek(this.step + 1),
      error: () => this.#seek(this.record.nextError(this.step, 1)),
      epoch: () => this.#seek(this.record.endOfEpoch(this.step)),
      fewer: () => this.#turn(-1),
      more: () => this.#turn(1),
    };
    acts[target.closest("[data-go]")?.dataset.go]?.();
  }

  #turn(direction) {
    const pages = Math.ceil(this.order.length / TILES);
    this.page = (this.page + direction + pages) % pages;
    this.#draw();
  }

  #key(event) {
    if (event.target.matches("select") || event.ctrlKey || event.metaKey || event.altKey) return;
    const onButton = event.target.matches("button");
    const acts = {
      " ": () => this.#toggle(),
      ArrowLeft: () => this.#seek(event.shiftKey ? this.record.nextError(this.step, -1) : this.step - 1),
      ArrowRight: () => this.#seek(event.shiftKey ? this.record.nextError(this.step, 1) : this.step + 1),
      Home: () => this.#seek(0),
      End: () => this.#seek(this.record.count),
    };
    if (!acts[event.key] || (onButton && event.key === " ")) return;
    event.preventDefault();
    acts[event.key]();
  }

  #choose({ dataset, value }) {
    if (dataset.choose === "neuron") this.neuron = Number(value);
    if (dataset.choose === "speed" && this.playing) this.#play();
    else if (dataset.choose !== "speed") {
      this.page = 0;
      this.#sort();
      this.#draw();
    }
  }

  /** A click on the error curve goes to the end of that epoch. */
  #pick(event) {
    const box = event.currentTarget.getBoundingClientRect();
    const epoch = Math.floor(((event.clientX - box.left) / box.width) * this.record.errors.length);
    const start = this.record.epoch.indexOf(Math.max(0, Math.min(epoch, this.record.errors.length - 1)));
    this.#seek(this.record.endOfEpoch(start));
  }

  close() {
    cancelAnimationFrame(this.beat);
    cancelAnimationFrame(this.frame);
    clearTimeout(this.resting);
  }
}

const players = new WeakMap();

export default function mount({ data, parentElement, setStateValue }) {
  let player = players.get(parentElement);
  if (!player) {
    player = new Player(parentElement.querySelector(".player"), (rest) => player.send(rest));
    players.set(parentElement, player);
  }
  player.send = (rest) => setStateValue("rest", rest);
  player.receive(data);
  return () => {
    player.close();
    players.delete(parentElement);
  };
}
