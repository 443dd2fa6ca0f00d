// Plays a recorded run: pause, back and scrub are immediate, as every step is there already.
// Where the playhead rests, Python is told.

import { write } from "./address.js";
import { classOf, say } from "./dom.js";
import { Feed } from "./feed.js";
import { Playhead } from "./playhead.js";
import { Scene } from "./scene.js";

const TILES = 12; // patterns shown at a time
const REST = 250; // ms without a move after which the playhead rests
const ENDS = { running: "still being computed", converged: "no error in the last epoch", limit: "stopped at its limit", cancelled: "cancelled" };

class Player {
  constructor(root, send) {
    this.root = root;
    this.send = send;
    this.playhead = new Playhead(() => this.#moved());
    this.neuron = 0;
    this.page = 0;
    this.order = [];
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

  /** Follow a run to where it is now; begin with the step told if it is another run. */
  receive({ id, step, pins, linked, ...news }) {
    this.pins = pins;
    this.linked = linked;
    if (id !== this.feed?.url) {
      this.close();
      this.record = null;
      this.wanted = step;
      const ask = (chunks) => this.send("more", { id, chunks });
      const fetch = (part) => this.send("fetch", { id, part });
      this.feed = new Feed(id, { ask, fetch, grown: (record) => this.#grown(record) });
    }
    this.feed.receive(news);
  }

  #grown(record) {
    const first = this.record !== record;
    if (first) this.#begin(record);
    this.scrubber.max = record.count;
    this.scene.grow(this.pins);
    this.#computing();
    this.#await();
    if (first) this.#sort();
    this.#draw();
    this.root.dataset.run = this.feed.url;
  }

  #begin(record) {
    this.record = record;
    this.playhead.enter(record, 0);
    this.told = this.wanted;
    this.scene = new Scene(this.root, record);
    this.page = 0;
    this.neuron = Math.min(this.neuron, record.task.neurons - 1);
    this.#neurons();
    this.#label();
  }

  #neurons() {
    const select = this.find("[data-choose=neuron]");
    const { neurons } = this.record.task;
    select.replaceChildren(...Array.from({ length: neurons }, (_, o) => new Option(String(o + 1), o, false, o === this.neuron)));
    this.find(".neuron").hidden = neurons === 1;
  }

  /** Go to the step that was asked for as soon as it is there, unless a person went elsewhere. */
  #await() {
    if (this.wanted === null) return;
    const { count, growing } = this.record;
    this.playhead.enter(this.record, Math.min(this.wanted, count));
    if (this.wanted <= count || !growing) this.wanted = null;
  }

  /** Show how far the run has been computed. */
  #computing() {
    const { growing, share, place } = this.record;
    this.find(".computing").hidden = !growing;
    this.find("progress").value = share;
    const going = place ? `Waiting: number ${place} in the queue of those that compute` : `Computing: ${Math.round(share * 100)}% of the epochs`;
    say(this.find(".computing span"), this.feed.stopped ? "Cancelling" : going);
  }

  #cancel() {
    this.feed.stop();
    this.#computing();
    this.send("cancel", { id: this.feed.url });
  }

  /** Decide which patterns come first; only while nothing moves, so that tiles do not jump. */
  #sort() {
    const count = this.record.task.patterns;
    this.order = Array.from({ length: count }, (_, p) => p);
    if (this.find("[data-choose=order]").value === "margin") {
      const margins = this.scene.margins(this.playhead.step, this.neuron);
      this.order.sort((a, b) => margins[a] - margins[b]);
    }
    const pages = Math.ceil(count / TILES);
    this.page = Math.min(this.page, pages - 1);
    this.find(".pages").hidden = pages === 1;
  }

  #draw() {
    const { step, playing } = this.playhead;
    const first = this.page * TILES;
    this.scene.draw(step, { neuron: this.neuron, shown: this.order.slice(first, first + TILES) });
    this.scrubber.value = step;
    const done = this.#sentence(step);
    this.scrubber.setAttribute("aria-valuetext", done);
    const status = this.find(".status");
    status.setAttribute("aria-busy", playing);
    say(status, done);
  }

  #sentence(step) {
    const { count, outcome, errors, growing } = this.record;
    if (step === 0) {
      const epochs = errors.length === 1 ? "1 epoch" : `${errors.length} epochs`;
      return `Before the first of ${count} presentations in ${epochs} (${ENDS[outcome]}). Press play, or step.`;
    }
    const all = growing ? `${count} so far` : count;
    const { pattern, epoch, fire, fired, v_max, changed, reason } = this.record.presentation(step, this.neuron);
    const judged = fire === fired ? "right" : fire ? "missed" : "false alarm";
    const done = changed ? "weights changed" : fire === fired ? "nothing changed" : reason;
    return `Presentation ${step} of ${all}, epoch ${epoch + 1}: pattern ${pattern + 1} (${classOf(fire)}), V_max = ${v_max.toFixed(3)}, ${judged}; ${done}.`;
  }

  #seek(step) {
    this.wanted = null;
    this.playhead.seek(step);
  }

  #toggle() {
    if (this.playhead.playing) return this.#seek(this.playhead.step);
    this.wanted = null;
    clearTimeout(this.resting);
    this.playhead.play();
    this.#label();
  }

  /** While it plays, a move comes with a frame of its own; else several may come before one. */
  #moved() {
    clearTimeout(this.resting);
    if (this.playhead.playing) return this.#draw();
    this.#label();
    this.frame ??= requestAnimationFrame(() => {
      this.frame = null;
      this.#draw();
    });
    this.resting = setTimeout(() => this.#rest(), REST);
  }

  #rest() {
    const { step } = this.playhead;
    this.#sort();
    this.#draw();
    if (this.told === step) return;
    this.told = step;
    if (this.linked) writeStep(step);
    this.send("rest", { id: this.feed.url, step });
  }

  #label() {
    const button = this.find(".play");
    const { playing } = this.playhead;
    say(button, playing ? "❚❚ Pause" : "▶ Play");
    button.setAttribute("aria-label", playing ? "Pause" : "Play");
  }

  #click(target) {
    const { record } = this;
    const { step } = this.playhead;
    const acts = {
      play: () => this.#toggle(),
      loop: () => this.#loop(),
      start: () => this.#seek(0),
      end: () => this.#seek(record.count),
      back: () => this.#seek(step - 1),
      step: () => this.#seek(step + 1),
      error: () => this.#seek(record.nextError(step, 1)),
      epoch: () => this.#seek(record.endOfEpoch(step)),
      fewer: () => this.#turn(-1),
      more: () => this.#turn(1),
      cancel: () => this.#cancel(),
    };
    if (record) acts[target.closest("[data-go]")?.dataset.go]?.();
  }

  #loop() {
    this.playhead.looping = !this.playhead.looping;
    this.find("[data-go=loop]").setAttribute("aria-pressed", this.playhead.looping);
  }

  #turn(direction) {
    const pages = Math.ceil(this.order.length / TILES);
    this.page = (this.page + direction + pages) % pages;
    this.#draw();
  }

  #key(event) {
    if (!this.record || event.target.matches("select") || event.ctrlKey || event.metaKey || event.altKey) return;
    const { record } = this;
    const { step } = this.playhead;
    const onButton = event.target.matches("button");
    const acts = {
      " ": () => this.#toggle(),
      ArrowLeft: () => this.#seek(event.shiftKey ? record.nextError(step, -1) : step - 1),
      ArrowRight: () => this.#seek(event.shiftKey ? record.nextError(step, 1) : step + 1),
      Home: () => this.#seek(0),
      End: () => this.#seek(record.count),
    };
    if (!acts[event.key] || (onButton && event.key === " ")) return;
    event.preventDefault();
    acts[event.key]();
  }

  #choose({ dataset, value }) {
    if (dataset.choose === "speed") this.playhead.speed = value;
    if (dataset.choose === "speed" || !this.record) return;
    if (dataset.choose === "neuron") this.neuron = Number(value);
    this.page = 0;
    this.#sort();
    this.#draw();
  }

  /** A click on the error curve goes to the end of that epoch. */
  #pick(event) {
    const box = event.currentTarget.getBoundingClientRect();
    if (this.record) this.#seek(this.scene.curve.stepAt((event.clientX - box.left) / box.width));
  }

  /** Have nothing under way for the run that is shown: neither a frame, nor a rest, nor a file. */
  close() {
    this.playhead.pause();
    this.feed?.close();
    cancelAnimationFrame(this.frame);
    this.frame = null;
    clearTimeout(this.resting);
  }
}

/** Put the step into the address, in its place: a rest is nothing to go back to. */
function writeStep(step) {
  write(step ? `step=${step}` : "", ["step"]);
}

const players = new WeakMap();

export default function mount({ data, parentElement, setStateValue, setTriggerValue }) {
  let player = players.get(parentElement);
  if (!player) {
    player = new Player(parentElement.querySelector(".player"), (what, message) => player.tell[what](message));
    players.set(parentElement, player);
  }
  player.tell = {
    rest: (message) => setStateValue("rest", message),
    more: (message) => setTriggerValue("more", message),
    cancel: (message) => setTriggerValue("cancel", message),
    fetch: (message) => setTriggerValue("fetch", message),
  };
  player.receive(data);
  parentElement.querySelector(".place").drawn = player.feed.work;
  return () => {
    player.close();
    players.delete(parentElement);
  };
}
