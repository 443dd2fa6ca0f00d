// The stage: one experiment under a person's hands. The browser owns it while it is edited and
// shows at once what follows; Python answers every committed edit, and its answer takes the place
// of the preview unless a newer edit is already on its way.

import { write } from "./address.js";
import { inOrder, setNumber, valueOf, withValue } from "./edits.js";
import { Gestures } from "./gestures.js";
import { History } from "./history.js";
import { Mail, takeOver } from "./mail.js";
import { nameOf, Picture, plain, POINTS, thumbnail } from "./picture.js";
import { solve } from "./voltage.js";

// Browsers ignore a page that writes its address more than about 200 times in 30 s.
const ADDRESS_INTERVAL = 170;

const FIRST = { kind: "spike", afferent: 0, spike: 0 };

const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

class Stage {
  constructor(root, data, send) {
    this.root = root;
    this.limits = data.limits;
    this.names = data.names;
    this.presets = data.presets;
    this.rev = -1;
    this.selected = FIRST;
    this.picture = new Picture(root);
    this.history = new History();
    this.mail = new Mail(send);
    this.gestures = new Gestures(root, this.picture, this);
    this.#gallery();
    this.#controls();
  }

  /** Take what Python sends: a state of its own making, and its answer to an edit. */
  receive(data) {
    if (data.rev > this.rev) this.#adopt(data);
    if (this.mail.answered(data.edit)) this.#confirm(data);
  }

  #adopt({ rev, edit, experiment }) {
    this.rev = rev;
    this.gestures.forget();
    this.mail.forget(edit);
    const kept = takeOver({ rev, edit }) ?? (firstOfReload() && rev === 0 && this.history.current);
    this.history.push(kept || experiment);
    this.#open(experiment);
    if (kept && !same(kept, experiment)) this.#travel(kept);
  }

  /** Show a whole new state. */
  #open(experiment) {
    this.experiment = experiment;
    this.ghost = null;
    if (!this.#exists(this.selected)) this.selected = { kind: "weight", afferent: 0 };
    this.solution = solve(experiment, POINTS);
    this.picture.fit(experiment, this.solution);
    this.#draw();
  }

  #exists({ kind, afferent, spike }) {
    if (kind === "threshold") return true;
    const row = this.experiment.spikes[afferent];
    return row !== undefined && (kind === "weight" || spike < row.length);
  }

  /** Replace the preview by torch's numbers, and the address by the link to this state. */
  #confirm({ answer, link }) {
    const { v_max, t_max, fires, crossing, voltage } = answer;
    const v = new Float64Array(decode(voltage));
    this.solution = { ...this.solution, v, fires, crossing, peak: { v: v_max, t: t_max } };
    this.link = link;
    this.hint = answer.advice;
    this.source = "torch";
    clearTimeout(this.address);
    const due = (this.written ?? -Infinity) + ADDRESS_INTERVAL;
    this.address = setTimeout(() => this.#writeAddress(), due - performance.now());
    this.picture.draw(this.experiment, this.solution, this);
    this.#say();
    // Not together with the edit: Streamlit takes updates of one batch for one fragment.
    if (this.ghost === null && this.mail.newest > 0) dispatchEvent(new Event("tempotron:settled"));
    if (this.copying) this.#copy();
  }

  #writeAddress() {
    this.written = performance.now();
    if (this.link !== undefined) write(this.link ?? "", this.names);
  }

  // What hands can do; Gestures calls these.

  /** Show a changed experiment at once and offer it to Python. */
  change(experiment) {
    if (same(experiment, this.experiment)) return;
    this.ghost ??= { experiment: this.experiment, solution: this.solution };
    this.experiment = experiment;
    this.#post();
    this.frame ??= requestAnimationFrame(() => this.#preview());
  }

  #preview() {
    this.frame = null;
    this.solution = solve(this.experiment, POINTS);
    this.#draw();
  }

  /** Draw no frame that was asked for. Its number goes, too: else `change` waits for it for ever. */
  #forgetFrame() {
    cancelAnimationFrame(this.frame);
    this.frame = null;
  }

  /** A gesture is over: tidy up, remember it, and tell Python. */
  settle() {
    this.#forgetFrame();
    this.ghost = null;
    const [experiment, selected] = inOrder(this.experiment, this.selected);
    const focused = this.picture.elementOf(this.selected) === this.root.getRootNode().activeElement;
    this.selected = selected;
    this.history.push(experiment);
    this.#open(experiment);
    if (focused) this.picture.elementOf(selected).focus();
    this.#post();
  }

  /** Offer the state to Python; until it answers there is only a preview. */
  #post() {
    this.hint = this.notice = "";
    this.link = undefined;
    this.source = "preview";
    this.mail.post({ rev: this.rev, experiment: this.experiment, moving: this.ghost !== null });
  }

  /** A gesture was broken off: everything is as it was. */
  cancel() {
    if (!this.ghost) return;
    this.experiment = this.ghost.experiment;
    this.settle();
  }

  select(handle, { focus }) {
    this.selected = handle;
    this.#draw();
    if (focus) this.picture.elementOf(handle).focus({ preventScroll: this.gestures.busy });
  }

  /** Tell something that stays told until the next edit, whatever torch answers meanwhile. */
  say(sentence) {
    this.notice = sentence;
    this.#say();
  }

  undo() {
    if (this.history.canUndo) this.#travel(this.history.undo());
  }

  redo() {
    if (this.history.canRedo) this.#travel(this.history.redo());
  }

  #travel(experiment) {
    this.#open(experiment);
    this.#post();
  }

  /** Replace the whole experiment, as presets and Reset do; it can be undone. */
  #replace(experiment) {
    this.selected = FIRST;
    this.history.push(experiment);
    this.#travel(experiment);
  }

  #draw() {
    this.picture.draw(this.experiment, this.solution, this);
    this.#fields();
    this.#say();
  }

  #say() {
    const { solution, experiment, ghost } = this;
    const { v, t } = solution.peak;
    const short = experiment.theta - v;
    const verdict = solution.fires
      ? `fires at ${solution.crossing.toFixed(1)} ms.`
      : `silent, ${short < 5e-4 ? short.toExponential(0) : short.toFixed(3)} short of theta.`;
    const status = this.root.querySelector(".status");
    status.setAttribute("aria-busy", ghost !== null);
    status.innerHTML = "<b></b><span></span>";
    status.firstChild.textContent = `V_max = ${v.toFixed(3)} at ${t.toFixed(1)} ms: ${verdict}`;
    const more = [this.notice, this.hint].filter(Boolean);
    status.lastChild.textContent = more.map((sentence) => ` ${sentence}`).join("");
    this.root.dataset.source = this.source;
  }

  #gallery() {
    const buttons = this.presets.map(({ name, ask, experiment }) => {
      const button = document.createElement("button");
      button.type = "button";
      button.innerHTML = `${thumbnail(experiment)}<span></span>`;
      button.lastChild.textContent = name;
      button.title = ask;
      button.addEventListener("click", () => this.#replace(experiment));
      return button;
    });
    this.root.querySelector(".gallery").replaceChildren(...buttons);
  }

  #controls() {
    const acts = {
      add: () => this.gestures.addSpike(),
      remove: () => this.gestures.removeSpike(),
      undo: () => this.undo(),
      redo: () => this.redo(),
      reset: () => this.#replace(this.presets[0].experiment),
      link: () => this.#askForCopy(),
      less: () => this.gestures.nudge(-1),
      more: () => this.gestures.nudge(1),
    };
    for (const button of this.root.querySelectorAll("[data-do]")) {
      button.addEventListener("click", acts[button.dataset.do]);
    }
    for (const input of this.root.querySelectorAll("[data-number]")) this.#listen(input);
    for (const box of this.root.querySelectorAll("[data-flag]")) {
      box.addEventListener("change", () => this.#flag(box.dataset.flag, box.checked));
    }
    this.root.querySelector(".value").addEventListener("change", ({ target }) => {
      this.#enter(target, (value) => withValue(this.experiment, this.selected, value, this.limits));
    });
  }

  /** A range changes things as it moves; a number field once it is left. */
  #listen(input) {
    const name = input.dataset.number;
    const next = (value) => setNumber(this.experiment, name, value, this.limits);
    if (input.type === "range") {
      input.addEventListener("input", () => this.change(next(input.valueAsNumber)));
      input.addEventListener("change", () => this.settle());
    } else {
      input.addEventListener("change", () => this.#enter(input, next));
    }
  }

  /** Accept what was typed, or the nearest value that is possible, and say so. */
  #enter(input, next) {
    const typed = input.valueAsNumber;
    if (Number.isNaN(typed)) {
      this.#fields();
      return this.say("That is not a number: nothing was changed.");
    }
    this.change(next(typed));
    this.settle();
    const taken = input.valueAsNumber;
    if (Math.abs(taken - typed) > 1e-4) this.say(`${plain(typed)} is not possible here: now ${plain(taken)}.`);
    return undefined;
  }

  #flag(name, on) {
    const { tau, tau_s } = this.experiment;
    const synaptic = tau_s ?? tau / 4;
    const changes = {
      locked: { tau_s: on ? null : synaptic },
      pinned: { pinned: on ? [tau, synaptic] : null },
    };
    this.change({ ...this.experiment, ...(changes[name] ?? { [name]: on }) });
    this.settle();
  }

  /** Bring all fields and buttons up to date. */
  #fields() {
    const { experiment, root, selected } = this;
    const numbers = { ...experiment, tau_s: experiment.tau_s ?? experiment.tau / 4 };
    const flags = { ...experiment, locked: experiment.tau_s === null, pinned: experiment.pinned !== null };
    for (const input of root.querySelectorAll("[data-number]")) {
      const { number } = input.dataset;
      input.value = plain(numbers[number]);
      input.disabled = number === "tau_s" && flags.locked;
      if (input.type === "range") input.setAttribute("aria-valuetext", `${plain(numbers[number])}${number === "theta" ? "" : " ms"}`);
    }
    for (const box of root.querySelectorAll("[data-flag]")) box.checked = flags[box.dataset.flag];
    root.querySelector(".value").value = plain(valueOf(experiment, selected));
    root.querySelector(".selection").textContent = nameOf(selected);
    root.querySelector(".measure").textContent = selected.kind === "spike" ? "ms" : "theta";
    root.querySelector("[data-do=undo]").setAttribute("aria-disabled", !this.history.canUndo);
    root.querySelector("[data-do=redo]").setAttribute("aria-disabled", !this.history.canRedo);
    this.#ask();
  }

  /** The question of the preset that is open, until another one is. */
  #ask() {
    const open = this.presets.findIndex((preset) => same(preset.experiment, this.experiment));
    if (open >= 0) this.root.querySelector(".ask").textContent = this.presets[open].ask;
    this.root.querySelectorAll(".gallery button").forEach((button, i) => button.setAttribute("aria-pressed", i === open));
  }

  /** Copy the link once Python has given one for this very state. */
  #askForCopy() {
    this.copying = true;
    if (this.link !== undefined) this.#copy();
  }

  async #copy() {
    this.copying = false;
    if (this.link === null) return this.say("This experiment is too large for a link: save it as a file on the Data page.");
    this.#writeAddress();
    try {
      await navigator.clipboard.writeText(location.href);
      this.say("Link copied.");
    } catch {
      this.say("The browser did not allow copying: the link is in the address bar.");
    }
    return undefined;
  }

  close() {
    this.#forgetFrame();
    clearTimeout(this.address);
    this.mail.close();
  }
}

/** Floats of 64 bits, sent as base64. */
function decode(text) {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)).buffer;
}

let arrived = false;

/** Whether the document was reloaded and no stage has stood in it yet. */
function firstOfReload() {
  const first = !arrived;
  arrived = true;
  return first && performance.getEntriesByType("navigation")[0]?.type === "reload";
}

const stages = new WeakMap();

export default function mount({ data, parentElement, setStateValue }) {
  let stage = stages.get(parentElement);
  if (!stage) {
    const root = parentElement.querySelector(".stage");
    stage = new Stage(root, data, (edit) => setStateValue("edit", edit));
    stages.set(parentElement, stage);
  }
  stage.receive(data);
  return () => {
    stage.close();
    stages.delete(parentElement);
  };
}
