// The stage: one experiment under a person's hands. The browser owns it while it is edited and
// shows at once what follows; Python answers every committed edit, and its answer takes the place
// of the preview unless a newer edit is already on its way.

import { write } from "./address.js";
import { inOrder, setNumber, valueOf, withValue } from "./edits.js";
import { Gestures } from "./gestures.js";
import { History } from "./history.js";
import { Mail } from "./mail.js";
import { count, patterns } from "./patterns.js";
import { nameOf, Picture, plain, POINTS, thumbnail } from "./picture.js";
import { roving } from "./roving.js";
import { Table } from "./table.js";
import { solve } from "./voltage.js";

// Browsers ignore a page that writes its address more than about 200 times in 30 s.
const ADDRESS_INTERVAL = 170;

const WELCOME = "Drag a spike, one of the upright ticks, to the left or right, and watch the voltage.";
const WELCOMED = "tempotron.welcomed.1";

const FIRST = { kind: "spike", afferent: 0, spike: 0 };

// What a link can lock, and what it is called.
const PARTS = {
  spikes: { title: "The spikes are", fields: ["spikes"] },
  weights: { title: "The weights are", fields: ["weights"] },
  theta: { title: "The threshold is", fields: ["theta"] },
  tau: { title: "The time constants are", fields: ["tau", "tau_s", "pinned"] },
  more: { title: "These settings are", fields: ["T", "exact", "scaled", "shunt"] },
};

const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

class Stage {
  constructor(root, data, mail) {
    this.root = root;
    this.limits = data.limits;
    this.names = data.names;
    this.presets = data.presets;
    this.rev = -1;
    this.selected = FIRST;
    this.hinted = false;
    this.welcome = isWelcomed() ? "" : WELCOME;
    this.picture = new Picture(root);
    this.history = new History();
    this.mail = mail;
    this.gestures = new Gestures(root, this.picture, this);
    this.table = new Table(root.querySelector(".numbers"), this);
    this.#gallery();
    this.#controls();
    this.kept = () => this.#patterns();
    patterns.addEventListener("change", this.kept);
    patterns.ready.then(this.kept);
    this.keys = (event) => this.#key(event);
    addEventListener("keydown", this.keys);
    root.addEventListener("pointerdown", (event) => this.#hold(event), true);
  }

  /** A press that leaves a field changes the sentence: what is pressed is not to move with it. */
  #hold({ target }) {
    if (!target.closest("button, input, label")) return;
    const { style, offsetHeight } = this.root.querySelector(".status");
    Object.assign(style, { height: `${offsetHeight}px`, minHeight: 0, overflow: "hidden" });
    const over = new AbortController();
    const release = () => {
      over.abort();
      setTimeout(() => Object.assign(style, { height: "", minHeight: "", overflow: "" }));
    };
    for (const end of ["pointerup", "pointercancel"]) addEventListener(end, release, { signal: over.signal });
  }

  /** Take what Python sends: a state of its own making, and its answer to an edit. */
  receive(data) {
    this.#origin(data.origin);
    this.root.dataset.hide = data.hide.join(" ");
    this.locked = data.lock;
    const answered = this.mail.answered(data.taken);
    if (data.rev > this.rev) this.#adopt(data);
    if (answered || !this.mail.awaited("edit").length) this.#confirm(data);
  }

  #adopt({ rev, experiment, refusal }) {
    const first = this.rev < 0;
    const repaired = !first && this.edited; // Python took an edit of ours, but not as it was
    this.rev = rev;
    this.edited = false;
    this.gestures.forget();
    const [edit] = this.mail.awaited("edit");
    const kept = first ? this.#kept(edit, rev) : null;
    this.mail.forget("edit");
    if (repaired) this.history.replace(experiment);
    else this.history.push(kept ?? experiment);
    this.#open(experiment);
    if (kept && !same(kept, experiment)) this.#travel(kept);
    else if (refusal) this.say(refusal);
  }

  /** Lead back to where the experiment came from, if that was Train. */
  #origin(origin) {
    const chip = this.root.querySelector(".origin");
    chip.hidden = !origin;
    chip.textContent = origin && `\u2190 ${origin}: back to Train`;
  }

  /** What was edited here before and Python does not know: on a stage that was left, or reloaded. */
  #kept(edit, rev) {
    if (edit) return edit.rev >= rev ? edit.experiment : null;
    return firstOfReload() && rev === 0 ? this.history.current : null;
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
    this.#explain(answer.help);
    this.source = "torch";
    clearTimeout(this.address);
    const due = (this.written ?? -Infinity) + ADDRESS_INTERVAL;
    this.address = setTimeout(() => this.#writeAddress(), due - performance.now());
    this.picture.draw(this.experiment, this.solution, this);
    this.#say();
    // Not together with the edit: Streamlit takes updates of one batch for one fragment.
    this.edited = false;
    if (this.ghost === null && this.mail.newest > 0) dispatchEvent(new Event("tempotron:settled"));
    if (this.copying) this.#copy();
  }

  /** Say of the field that has the focus, or had it last, what it does; all tell it to a pointer. */
  #explain(help = this.help) {
    this.help = help;
    this.explained = this.root.getRootNode().activeElement?.dataset.number ?? this.explained;
    this.root.querySelector(".help").textContent = help[this.explained] ?? "";
    for (const input of this.root.querySelectorAll("[data-number]")) input.title = help[input.dataset.number];
  }

  #writeAddress() {
    this.written = performance.now();
    if (this.link !== undefined) write(this.link ?? "", this.names);
  }

  // What hands can do; Gestures calls these.

  /** Show a changed experiment at once and offer it to Python. */
  change(experiment) {
    if (same(experiment, this.experiment) || this.#refuses(experiment)) return;
    this.ghost ??= { experiment: this.experiment, solution: this.solution };
    this.experiment = experiment;
    this.#post();
    this.frame ??= requestAnimationFrame(() => this.#preview());
  }

  /** Whether a change is one that the link has locked; then say so. */
  #refuses(experiment) {
    const part = this.locked.find((name) => PARTS[name].fields.some((field) => !same(experiment[field], this.experiment[field])));
    if (part) this.say(`${PARTS[part].title} locked here: nothing was changed.`);
    return part !== undefined;
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
    this.#greeted();
    if (!this.ghost) return this.#draw(); // nothing was changed
    this.ghost = null;
    const [experiment, selected] = inOrder(this.experiment, this.selected);
    const focused = this.picture.elementOf(this.selected) === this.root.getRootNode().activeElement;
    this.selected = selected;
    this.history.push(experiment);
    this.#open(experiment);
    if (focused) this.picture.elementOf(selected).focus();
    this.#post();
  }

  /** The line that says what to try is gone for good after the first gesture. */
  #greeted() {
    if (!this.welcome) return;
    this.welcome = "";
    try {
      localStorage.setItem(WELCOMED, "1");
    } catch {
      // Forbidden in some frames: then it is there again at the next visit.
    }
  }

  /** Show the hint, or take it away; Python works it out only where it is asked for. */
  #toggleHint() {
    this.#greeted();
    this.#hintAt(!this.hinted);
    if (this.hinted) this.#post();
    this.#say();
  }

  #hintAt(hinted) {
    this.hinted = hinted;
    this.root.querySelector("[data-do=hint]").setAttribute("aria-pressed", hinted);
  }

  /** Offer the state to Python; until it answers there is only a preview. */
  #post() {
    this.hint = this.notice = "";
    this.link = undefined;
    this.source = "preview";
    this.edited = true;
    const moving = this.ghost !== null;
    const { rev, experiment, hinted: hint } = this;
    this.mail.post("edit", { rev, experiment, hint, moving }, { replaces: true, moving });
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

  /** Undo and redo work on the whole page; only a text that is being typed keeps its own undo. */
  #key(event) {
    if (!(event.ctrlKey || event.metaKey) || event.altKey) return;
    const key = event.key.toLowerCase();
    if (key !== "z" && key !== "y") return;
    const target = event.composedPath()[0];
    const own = this.root.contains(target);
    const typing = own ? isTyped(target) : target.closest?.("input, textarea, [contenteditable], canvas");
    if (typing) return;
    event.preventDefault();
    if (this.gestures.busy) return;
    if (key === "y" || event.shiftKey) this.redo();
    else this.undo();
  }

  /** Take what is typed in a field and not yet entered. */
  flush() {
    const field = this.root.getRootNode().activeElement;
    if (field && isTyped(field)) field.blur();
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
    if (this.#refuses(experiment)) return;
    this.selected = FIRST;
    this.#hintAt(false); // a question comes before its answer
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
    const more = [this.notice, this.hinted && this.hint, this.welcome].filter(Boolean);
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
    const group = (title, finer) => {
      const made = document.createElement("div");
      made.className = "group";
      made.innerHTML = `<span>${title}</span><div role="group" aria-label="${title}"></div>`;
      made.lastChild.append(...buttons.filter((_, i) => this.presets[i].finer === finer));
      return made;
    };
    const gallery = this.root.querySelector(".gallery");
    gallery.replaceChildren(group("Start here", false), group("Finer points", true));
    this.settleGallery = roving(gallery);
  }

  #controls() {
    const acts = {
      add: () => this.gestures.addSpike(),
      remove: () => this.gestures.removeSpike(),
      widen: () => this.gestures.addAfferent(),
      narrow: () => this.gestures.removeAfferent(),
      hint: () => this.#toggleHint(),
      return: () => this.mail.post("return", {}, { leads: true }),
      undo: () => this.undo(),
      redo: () => this.redo(),
      reset: () => this.#replace(this.presets[0].experiment),
      link: () => this.#askForCopy(),
      fire: () => this.#keep(true),
      silent: () => this.#keep(false),
      replace: () => this.#putBack(),
      unkeep: () => patterns.undo(),
      train: () => patterns.list.length && this.mail.post("train", {}, { leads: true }),
      less: () => this.gestures.nudge(-1),
      more: () => this.gestures.nudge(1),
    };
    for (const button of this.root.querySelectorAll("[data-do]")) {
      button.addEventListener("click", acts[button.dataset.do]);
    }
    for (const input of this.root.querySelectorAll("[data-number]")) this.#listen(input);
    this.root.addEventListener("focusin", () => this.help && this.#explain());
    for (const box of this.root.querySelectorAll("[data-flag]")) {
      box.addEventListener("change", () => this.#flag(box.dataset.flag, box.checked));
    }
    this.root.querySelector(".value").addEventListener("change", ({ target }) => {
      this.enter(target, (value) => withValue(this.experiment, this.selected, value, this.limits));
    });
  }

  // Patterns of one's own.

  #keep(fire) {
    const { spikes, T } = this.experiment;
    if (patterns.list.length >= this.limits.patterns) {
      this.say(`Not kept: there are ${this.limits.patterns} patterns, and there is no room for more.`);
      return;
    }
    this.keeping = true;
    patterns.add(fire, spikes, T);
    this.say(`Kept as pattern ${patterns.list.length}, which ought to ${fire ? "fire" : "be silent"}.`);
  }

  #putBack() {
    const { spikes, T } = this.experiment;
    const there = patterns.replace(patterns.replacing, spikes, T);
    this.say(there ? "Put in its place." : "That pattern was removed meanwhile: keep this one as a new pattern.");
    patterns.replacing = null;
    this.#patterns();
  }

  #patterns() {
    const { list, replacing } = patterns;
    const find = (what) => this.root.querySelector(`[data-do=${what}]`);
    this.root.querySelector(".kept").textContent = list.length ? count(list) : "none yet";
    find("train").setAttribute("aria-disabled", !list.length);
    find("unkeep").hidden = !this.keeping || !patterns.canUndo;
    const place = list.findIndex(({ id }) => id === replacing);
    find("replace").hidden = place < 0;
    find("replace").textContent = `Put in place of pattern ${place + 1}`;
  }

  /** A range changes things as it moves; a number field once it is left. */
  #listen(input) {
    const name = input.dataset.number;
    const next = (value) => setNumber(this.experiment, name, value, this.limits);
    if (input.type === "range") {
      input.addEventListener("input", () => this.change(next(input.valueAsNumber)));
      input.addEventListener("change", () => this.settle());
    } else {
      input.addEventListener("change", () => this.enter(input, next));
      input.addEventListener("keydown", (event) => this.#arrow(event, name, next));
    }
  }

  /** Up and down in a field change its number by the step of its range. */
  #arrow(event, name, next) {
    if (event.key !== "ArrowUp" && event.key !== "ArrowDown") return;
    event.preventDefault();
    this.flush();
    event.target.focus();
    const { step } = this.root.querySelector(`[type=range][data-number=${name}]`);
    this.put(next(Number(event.target.value) + (event.key === "ArrowUp" ? 1 : -1) * Number(step)));
  }

  /** Accept what was typed, or the nearest value that is possible, and say so. */
  enter(input, next) {
    const { text, value: typed, comma } = read(input.value);
    input.dataset.shown = input.value;
    if (Number.isNaN(typed)) return this.refuse(`“${text}” is not a number: nothing was changed.`);
    this.put(next(typed));
    const taken = Number(input.value);
    if (Math.abs(taken - typed) > 1e-4) this.say(`${plain(typed)} is not possible here: now ${plain(taken)}.`);
    else if (comma) this.say(`${text} has a decimal comma: read as ${plain(typed)}.`);
    return undefined;
  }

  /** Take over a whole experiment that was typed. */
  put(experiment) {
    this.change(experiment);
    this.settle();
  }

  /** Leave what was typed aside and say why. */
  refuse(why) {
    this.#fields();
    this.say(why);
  }

  #flag(name, on) {
    const { tau, tau_s } = this.experiment;
    const [low, high] = this.limits.tau_s;
    const synaptic = tau_s ?? Math.min(Math.max(tau / 4, low), high);
    const changes = {
      locked: { tau_s: on ? null : synaptic },
      pinned: { pinned: on ? [tau, synaptic] : null },
    };
    this.put({ ...this.experiment, ...(changes[name] ?? { [name]: on }) });
  }

  /** Bring all fields and buttons up to date. */
  #fields() {
    const { experiment, root, selected } = this;
    const numbers = { ...experiment, tau_s: experiment.tau_s ?? experiment.tau / 4 };
    const flags = { ...experiment, locked: experiment.tau_s === null, pinned: experiment.pinned !== null };
    for (const input of root.querySelectorAll("[data-number]")) {
      const { number } = input.dataset;
      this.show(input, plain(numbers[number]));
      input.disabled = (number === "tau_s" && flags.locked) || this.locks(number);
      if (input.type === "range") input.setAttribute("aria-valuetext", `${plain(numbers[number])}${number === "theta" ? "" : " ms"}`);
    }
    for (const box of root.querySelectorAll("[data-flag]")) {
      box.checked = flags[box.dataset.flag];
      box.disabled = this.locks(box.dataset.flag === "locked" ? "tau_s" : box.dataset.flag);
    }
    this.show(root.querySelector(".value"), plain(valueOf(experiment, selected)));
    root.querySelector(".selection").textContent = nameOf(selected);
    root.querySelector(".measure").textContent = selected.kind === "spike" ? "ms" : "theta";
    root.querySelector("[data-do=undo]").setAttribute("aria-disabled", !this.history.canUndo);
    root.querySelector("[data-do=redo]").setAttribute("aria-disabled", !this.history.canRedo);
    const { T, exact, scaled, shunt } = experiment;
    const finer = [T !== this.presets[0].experiment.T && `trial of ${T} ms`, !exact && "peak on whole ms", scaled && "scaled with theta", shunt && "shunt"];
    const differs = finer.filter(Boolean).join("; ");
    root.querySelector(".finer .differs").textContent = differs && `: ${differs}`;
    this.table.draw();
    this.#ask();
  }

  /** Show a value in a field, unless a person is typing another one there. */
  show(input, value) {
    if (!isTyped(input) && input.dataset.shown !== value) input.value = input.dataset.shown = value;
  }

  locks(field) {
    return this.locked.some((name) => PARTS[name].fields.includes(field));
  }

  /** The question of the preset that is open, until another one is. */
  #ask() {
    const open = this.presets.findIndex((preset) => same(preset.experiment, this.experiment));
    if (open >= 0) this.root.querySelector(".ask").textContent = this.presets[open].ask;
    this.root.querySelectorAll(".gallery button").forEach((button, i) => button.setAttribute("aria-pressed", i === open));
    this.settleGallery();
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
      this.say("The browser did not allow copying: the link stands below, selected.");
      this.#show(location.href);
    }
    return undefined;
  }

  /** Show a link where it can be copied by hand: in a frame nobody sees the address bar. */
  #show(link) {
    const field = this.root.querySelector(".link");
    field.hidden = false;
    field.value = link;
    field.select();
  }

  close() {
    this.#forgetFrame();
    clearTimeout(this.address);
    removeEventListener("keydown", this.keys);
    patterns.removeEventListener("change", this.kept);
    this.mail.close();
  }
}

/** Whether a person has been here before; where the browser does not say, not. */
function isWelcomed() {
  try {
    return localStorage.getItem(WELCOMED) !== null;
  } catch {
    return false;
  }
}


/** Whether a field holds what a person has typed and not yet entered. */
function isTyped(field) {
  return field.matches("input[inputmode]:focus") && field.value !== field.dataset.shown;
}

/** Read a number; a decimal comma is read as a point. */
function read(written) {
  const text = written.trim().replace("\u2212", "-");
  const comma = /^[+-]?\d*,\d+$/.test(text);
  return { text, comma, value: text ? Number(comma ? text.replace(",", ".") : text) : NaN };
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
    const mail = new Mail("stage", (post) => setStateValue("post", post));
    mail.inherit();
    stage = new Stage(parentElement.querySelector(".stage"), data, mail);
    stages.set(parentElement, stage);
  }
  stage.mail.send = (post) => setStateValue("post", post);
  stage.receive(data);
  return () => {
    stage.close();
    stages.delete(parentElement);
  };
}
