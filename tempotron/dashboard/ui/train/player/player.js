// Plays a recorded run: pause, back and scrub are immediate, as every step is there already.
// The step belongs to the player while it shows a run; Python is told where it rests, and what a
// person does is told with the step it was done at.

import { write } from "./address.js";
import { classOf, say } from "./dom.js";
import { Feed } from "./feed.js";
import { Mail } from "./mail.js";
import { Own } from "./own.js";
import { Panel } from "./panel.js";
import { Playhead } from "./playhead.js";
import { Scene } from "./scene.js";

const TILES = 12; // patterns shown at a time
const REST = 250; // ms without a move after which the playhead rests
const ENDS = { running: "still being computed", converged: "no error in the last epoch", limit: "stopped at its limit", cancelled: "cancelled" };
const STORY = 0.9; // seconds for a step from which on it is told as a story
const TYPED = "input[type=text], textarea, select";

class Player {
  constructor(root, mail) {
    this.root = root;
    this.mail = mail;
    this.moved = -1;
    this.untold = false; // whether a person has moved and Python has not been told
    this.path = location.pathname;
    this.playhead = new Playhead(() => this.#moved());
    this.panel = new Panel(root, (what, letter) => this.#act(what, letter));
    this.own = new Own(root, {
      act: (what, letter) => this.#act(what, letter),
      send: (what, message) => this.send(what, message),
    });
    this.own.step = Number(new URLSearchParams(location.search).get("step")) || 0;
    this.neuron = 0;
    this.page = 0;
    this.order = [];
    root.addEventListener("click", ({ target }) => this.#click(target));
    root.addEventListener("change", ({ target }) => target.dataset.choose && this.#choose(target));
    this.scrubber.addEventListener("input", () => this.#seek(this.scrubber.valueAsNumber));
    this.find(".curve .plot").addEventListener("click", (event) => this.#pick(event));
    this.find(".tiles").addEventListener("click", ({ target }) => this.#look(target.closest(".tile")));
    this.keys = (event) => this.#key(event);
    this.back = () => this.#visit();
    addEventListener("keydown", this.keys);
    addEventListener("popstate", this.back);
  }

  get scrubber() {
    return this.find(".scrubber");
  }

  /** The step that is shown, or will be once the run is there. */
  get step() {
    const loading = this.root.dataset.run !== this.feed?.url;
    return loading ? (this.#lastMove() ?? this.given) : (this.wanted ?? this.playhead.step);
  }

  find(selector) {
    return this.root.querySelector(selector);
  }

  /** Follow Python: another run, another step of it, or another answer. */
  receive(data) {
    const settled = this.mail.answered(data.taken);
    this.pins = data.twin ? [data.twin, ...data.pins] : data.pins;
    this.given = data.step;
    if (data.id !== this.feed?.url) this.#open(data);
    else if (data.moved > this.moved && !this.mail.awaited("rest").length) this.#go(data.step);
    this.moved = data.moved;
    this.panel.receive(data, this.mail.awaited("set"));
    if (settled) this.#address(data);
    this.own.receive(data);
    this.feed.receive(data);
    if (this.record) this.#verdict(this.playhead.step);
  }

  /** Have another run fetched; until it is there, the one shown can still be moved over. */
  #open({ id, step }) {
    this.playhead.pause();
    this.feed?.close();
    if (!this.record) this.wanted = step;
    const ask = (chunks) => this.send("more", { id, chunks });
    const fetch = (part) => this.send("fetch", { id, part });
    this.feed = new Feed(id, { ask, fetch, grown: (record) => this.#grown(record) });
  }

  /** Where a person has gone that Python has not answered yet; null if nowhere. */
  #lastMove() {
    if (this.untold) return this.playhead.step;
    const [rest] = this.mail.awaited("rest");
    return rest ? rest.step : null;
  }

  /** Go where Python has set the step. */
  #go(step) {
    if (!this.record) {
      this.wanted = step;
      return;
    }
    this.playhead.pause();
    clearTimeout(this.resting);
    this.told = this.wanted = step;
    this.untold = false;
    this.#await();
    this.#label();
    this.#sort();
    this.#draw();
  }

  /** Have the address link to what is shown: a new entry for each plan, none for a step of it. */
  #address({ address, names }) {
    const anew = this.acted && address !== this.address;
    this.acted = false;
    Object.assign(this, { address, names });
    this.#write({ anew });
  }

  #write(how) {
    if (this.address === undefined || this.#leads()) return;
    const { step } = this;
    write([this.address, step && `step=${step}`].filter(Boolean).join("&"), this.names, how);
  }

  /** Open what Back or Forward has led to. */
  #visit() {
    if (location.pathname !== this.path) return; // to another page
    this.acted = this.untold = false;
    clearTimeout(this.resting);
    this.mail.post("visit", { query: location.search.slice(1) }, { replaces: true });
  }

  /** Whether Back or Forward leads to another run, which is not there yet. */
  #leads() {
    return this.mail.awaited("visit").length > 0;
  }

  /** Do something that Python has to do, at the step that is shown. */
  #act(what, letter) {
    this.#pause();
    const { step } = this;
    this.#tell(step);
    if (what !== "own") this.acted = true; // by a person, who may want to go back
    const at = ["fork", "reopen", "exchange", "show"].includes(what) ? { step } : {};
    this.mail.post(what, { ...letter, ...at }, { leads: ["show", "borrow"].includes(what) });
  }

  #pause() {
    if (this.playhead.playing) this.playhead.seek(this.playhead.step);
    clearTimeout(this.resting);
  }

  #grown(record) {
    const first = this.record !== record;
    if (first) this.#begin(record);
    this.scrubber.max = record.count;
    this.scene.grow(this.pins);
    this.find("[data-go=resume]").hidden = record.outcome !== "cancelled";
    this.#computing();
    this.#await();
    if (first) this.#sort();
    this.#draw();
    this.root.dataset.run = this.feed.url;
  }

  #begin(record) {
    this.wanted = this.#lastMove() ?? this.given;
    this.told = this.given;
    clearTimeout(this.resting);
    this.playhead.pause();
    this.record = record;
    this.playhead.enter(record, 0);
    this.looked = null;
    this.#tell(this.wanted);
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
    if (this.wanted > count && growing) return;
    this.wanted = null;
    this.#tell(this.playhead.step); // a run may be shorter than the one before
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
    this.mail.post("cancel", { run: this.feed.url });
  }

  #resume() {
    this.feed.stopped = false;
    this.mail.post("resume", { run: this.feed.url });
  }

  /** Tell at the end why nothing was learned. Its room is there before, so that nothing jumps. */
  #verdict(step) {
    const { verdict } = this.panel.data;
    const box = this.find(".verdict");
    box.hidden = !verdict;
    box.classList.toggle("early", step < this.record.count);
    say(box.firstChild, verdict?.sentence ?? "");
    say(box.lastChild, verdict?.offer ?? "");
    box.lastChild.hidden = !verdict?.offer;
  }

  #cure() {
    this.acted = true;
    this.#pause();
    this.mail.post("cure", { run: this.feed.url });
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
    this.find(".pages").hidden = pages <= 1;
  }

  #draw() {
    const { step, playing } = this.playhead;
    const first = this.page * TILES;
    const shown = this.order.slice(first, first + TILES);
    this.scene.draw(step, { neuron: this.neuron, shown, looked: this.looked });
    this.#story(step);
    this.panel.follow(step ? this.record.pattern[step - 1] + 1 : null);
    this.scrubber.value = step;
    const done = this.#sentence(step);
    this.scrubber.setAttribute("aria-valuetext", done);
    const status = this.find(".status");
    status.setAttribute("aria-busy", playing);
    fade(playing);
    say(status, done);
    this.#verdict(step);
  }

  /** Slow enough, a step is a story: voltage, peak, decision, blame, weights, the new voltage. */
  #story(step) {
    const { playing, calm, seconds } = this.playhead;
    const slow = playing && !calm && seconds >= STORY && step > 0;
    if (slow && step === this.storied) return;
    this.storied = slow ? step : null;
    this.scene.lens.tell(slow ? seconds : 0, slow && this.record.presentation(step, this.neuron).changed);
  }

  #sentence(step) {
    const { count, outcome, errors, growing } = this.record;
    if (step === 0) {
      const epochs = errors.length === 1 ? "1 epoch" : `${errors.length} epochs`;
      return `Before the first of ${count} presentations in ${epochs} (${ENDS[outcome]}). Press play, or step.`;
    }
    const all = growing ? `${count} so far` : count;
    const presented = this.record.presentation(step, this.neuron);
    const { pattern, epoch, fire, fired, v_max, changed, reason } = presented;
    const judged = fire === fired ? "right" : fire ? "missed" : "false alarm";
    const done = changed ? this.#changed(presented) : fire === fired ? "nothing changed" : reason;
    return `Presentation ${step} of ${all}, epoch ${epoch + 1}: pattern ${pattern + 1} (${classOf(fire)}), V_max = ${v_max.toFixed(3)}, ${judged}; ${done}.`;
  }

  #changed(presented) {
    const { v_max, fires } = this.record.decisionAfter(presented);
    return `weights changed, now ${fires ? "fires" : "silent"} (V_max = ${v_max.toFixed(3)})`;
  }

  #seek(step) {
    this.wanted = null;
    this.looked = null;
    this.playhead.seek(step);
  }

  /** Show a pattern as the neuron sees it now, until the next move. */
  #look(tile) {
    if (!tile || !this.record) return;
    if (this.playhead.playing) this.#seek(this.playhead.step);
    this.looked = Number(tile.dataset.pattern);
    this.#draw();
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
    this.untold = true;
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
    this.#tell(step);
  }

  #tell(step) {
    this.untold = false;
    if (!this.record || this.told === step || this.#leads()) return;
    this.told = step;
    this.#write();
    this.mail.post("rest", { run: this.feed.url, step, address: this.address ?? null }, { replaces: true });
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
      resume: () => this.#resume(),
      cure: () => this.#cure(),
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

  /** Keys play wherever the focus is on nothing that uses them itself. */
  #key(event) {
    const target = event.composedPath()[0];
    const other = target.closest?.("[role=dialog], [contenteditable], canvas, " + TYPED);
    if (!this.record || other || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    const within = target.getRootNode() === this.root.getRootNode();
    if (!within && target.closest?.("input, button, a, summary, [role=slider], [role=tab]")) return;
    const { record } = this;
    const { step } = this.playhead;
    const acts = {
      " ": () => this.#toggle(),
      ArrowLeft: () => this.#seek(event.shiftKey ? record.nextError(step, -1) : step - 1),
      ArrowRight: () => this.#seek(event.shiftKey ? record.nextError(step, 1) : step + 1),
      Home: () => this.#seek(0),
      End: () => this.#seek(record.count),
    };
    if (!acts[event.key] || (event.key === " " && target.matches("button, summary"))) return;
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

  /** Have nothing under way: neither a frame, nor a rest, nor a file. */
  close() {
    if (this.record) this.#tell(this.step);
    this.playhead.pause();
    fade(false);
    this.feed?.close();
    cancelAnimationFrame(this.frame);
    this.frame = null;
    clearTimeout(this.resting);
    removeEventListener("keydown", this.keys);
    removeEventListener("popstate", this.back);
    this.own.close();
    this.mail.close();
  }
}

/** Show that what Python says below is about the step at which it last rested, while it plays. */
function fade(playing) {
  for (const part of document.querySelectorAll(".st-key-standing")) part.style.opacity = playing ? 0.45 : "";
}

const players = new WeakMap();

export default function mount({ data, parentElement, setStateValue, setTriggerValue }) {
  let player = players.get(parentElement);
  if (!player) {
    const mail = new Mail("player", (post) => setStateValue("post", post));
    player = new Player(parentElement.querySelector(".player"), mail);
    players.set(parentElement, player);
    mail.inherit();
  }
  player.mail.send = (post) => setStateValue("post", post);
  player.send = (what, message) => player.mail.leaves || setTriggerValue(what, message);
  player.receive(data);
  parentElement.querySelector(".place").drawn = player.feed.work;
  return () => {
    player.close();
    players.delete(parentElement);
  };
}
