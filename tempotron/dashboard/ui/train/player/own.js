// The patterns of one's own on Train: looked after, edited, brought along and taken away. They belong
// to this browser (patterns.js); those of a link are shown for the visit, and added only on request.

import { arrange, say } from "./dom.js";
import { count, nameOf, patterns } from "./patterns.js";
import { doubtOf, wordsOf } from "./times.js";

const ROWS = 20; // patterns listed at a time
const LONG = 600; // characters of spike times beyond which they are not edited as a text
const AGAIN = 3000; // ms after which patterns that Python still wants are sent again

export class Own {
  /** `act` posts a letter; `send` hands over what is too large for one. */
  constructor(root, { act, send }) {
    Object.assign(this, { root, act, send });
    this.page = 0;
    this.fold = root.querySelector("[data-fold=own]");
    this.changed = () => this.#follow();
    patterns.addEventListener("change", this.changed);
    patterns.ready.then(this.changed);
    this.fold.addEventListener("click", ({ target }) => this.#click(target.closest("[data-own]")));
    this.fold.addEventListener("change", ({ target }) => this.#enter(target));
  }

  find(selector) {
    return this.fold.querySelector(selector);
  }

  receive({ own, task, brought, linkable }) {
    this.own = own;
    this.linkable = linkable;
    this.shown = task.key === "own";
    this.fold.hidden = !this.shown;
    if (brought && brought.n === this.asked) this.#take(brought);
    this.#follow();
  }

  /** Whether the patterns that are shown came with a link, and are not those of this browser. */
  get foreign() {
    return this.own.from === "link" && nameOf(this.own) !== patterns.name;
  }

  /** Keep Python and the list in step with the collection. */
  async #follow() {
    await patterns.ready;
    if (!this.own) return;
    if (this.shown) this.#offer();
    this.#draw();
  }

  /** Tell Python which patterns there are, and send them if it does not know them. */
  #offer() {
    const { name } = patterns;
    if (this.own.want === name && name) this.#sendAll(name);
    if (this.own.name === name) this.offered = null; // Back may lead to where they are not known
    if (this.foreign || this.own.name === name || this.offered === name) return;
    this.offered = name;
    this.act("own", { name, step: this.step || null });
    this.step = null;
  }

  #sendAll(name) {
    if (this.sent?.name === name && performance.now() - this.sent.at < AGAIN) return;
    this.sent = { name, at: performance.now() };
    this.send("patterns", { name, T: patterns.T, patterns: patterns.list.map(({ fire, spikes }) => [fire, spikes]) });
    clearTimeout(this.again);
    this.again = setTimeout(() => this.#follow(), AGAIN + 100);
  }

  // The list.

  #draw() {
    if (!this.shown) return;
    const { foreign } = this;
    const list = foreign ? this.own.patterns : patterns.list;
    const none = "Two examples to begin with. Keep your own on Explore, add one here, or bring a table (CSV).";
    const told = foreign ? `${count(list)}, which came with the link. They are shown for this visit.` : list.length ? count(list) : none;
    const more = this.linkable ? "" : " They are too large for a link, and missing where it is opened: take them along as a table (CSV).";
    say(this.find(".told"), told + more);
    for (const element of this.fold.querySelectorAll("[data-foreign]")) element.hidden = (element.dataset.foreign === "yes") !== foreign;
    this.find("[data-own=mine]").hidden = !foreign || !patterns.list.length;
    this.find("[data-own=undo]").disabled = !patterns.canUndo;
    this.find("[data-own=take]").disabled = !list.length;
    const length = this.find("[data-length]");
    if (!length.matches(":focus")) length.value = foreign ? this.own.T : patterns.T;
    length.disabled = foreign || !list.length;
    this.page = Math.max(0, Math.min(this.page, Math.ceil(list.length / ROWS) - 1));
    this.find(".turn").hidden = list.length <= ROWS;
    const first = this.page * ROWS;
    this.#list(list.slice(first, first + ROWS), first, foreign);
  }

  /** Change rows in place: a button that is pressed while a field beside it is left takes its click. */
  #list(shown, first, foreign) {
    const box = this.find(".own");
    const old = new Map(Array.from(box.children, (row) => [row.dataset.id, row]));
    const rows = shown.map((pattern, i) => {
      const id = pattern.id ?? `link-${first + i}`;
      return fill(old.get(id) ?? newRow(id), pattern, { number: first + i + 1, foreign });
    });
    arrange(box, rows);
  }

  #click(button) {
    if (!button || button.disabled || button.matches("input")) return;
    const id = button.closest("li")?.dataset.id;
    const acts = {
      flip: () => patterns.change(patterns.list.map((old) => (old.id === id ? { ...old, fire: !old.fire } : old))),
      remove: () => patterns.change(patterns.list.filter((old) => old.id !== id)),
      explore: () => this.#borrow(id),
      add: () => this.#add(),
      undo: () => patterns.undo(),
      take: () => this.#save(),
      bring: () => this.find("[type=file]").click(),
      keep: () => patterns.change([...patterns.list, ...this.own.patterns], Math.max(patterns.T, this.own.T)),
      mine: () => this.act("own", { name: patterns.name, step: null }),
      back: () => this.#turn(-1),
      next: () => this.#turn(1),
      point: () => this.#write(this.doubt.id, this.doubt.text.replace(/(\d),(?=\d)/g, "$1.")),
    };
    acts[button.dataset.own]?.();
    if (button.dataset.own === "keep") this.act("own", { name: patterns.name, step: null });
  }

  #turn(direction) {
    this.page += direction;
    this.#draw();
  }

  #add() {
    const last = patterns.list.at(-1);
    patterns.add(true, last ? last.spikes : [[20], [40]], patterns.T);
    this.page = Infinity;
    this.#draw();
  }

  #borrow(id) {
    const pattern = patterns.list.find((old) => old.id === id);
    patterns.replacing = id;
    this.act("borrow", { spikes: pattern.spikes, T: patterns.T });
  }

  // What is typed, and files.

  #enter(input) {
    if (input.matches("[type=file]")) return this.#read(input);
    if (input.matches("[data-length]")) return this.#lengthen(input);
    if (input.matches(".times")) return this.#write(input.closest("li").dataset.id, input.value);
    return undefined;
  }

  /** Take the spike times that were typed for a pattern, or say why not. */
  #write(id, text) {
    const { spikes, wrong } = parse(text);
    this.find("[data-own=point]").hidden = true;
    if (wrong) {
      this.#note(`Not taken: “${wrong}” is no spike time of 0 to 2000 ms.`);
      return this.#draw();
    }
    const doubt = doubtOf(text);
    this.#note(doubt);
    this.doubt = { id, text };
    this.find("[data-own=point]").hidden = !doubt;
    return patterns.change(patterns.list.map((old) => (old.id === id ? { ...old, spikes } : old)));
  }

  #lengthen(input) {
    const T = Math.round(Number(input.value.replace(",", ".")));
    if (T >= 10 && T <= 2000) patterns.change(patterns.list, T);
    else this.#note(`Not taken: a length of ${input.value || "nothing"}; it is 10 to 2000 ms.`);
    input.value = patterns.T;
  }

  async #read(input) {
    const [file] = input.files;
    input.value = "";
    if (!file) return;
    if (file.size > 2e6) return this.#note(`${file.name} was not opened: it is larger than 2 MB.`);
    this.asked = Date.now();
    this.send("table", { n: this.asked, name: file.name, text: await file.text() });
  }

  /** Take what Python has read from a file; a file of which nothing can be used changes nothing. */
  #take({ notice, patterns: found, T }) {
    this.asked = null;
    this.#note(notice);
    if (found) patterns.change(found.map(([fire, spikes]) => ({ fire, spikes })), T);
  }

  #note(text) {
    say(this.find(".note"), text);
    this.find(".note").hidden = !text;
  }

  #save() {
    const list = this.foreign ? this.own.patterns : patterns.list;
    const lines = list.flatMap(({ fire, spikes }, p) => spikes.flatMap((row, n) => (row.length ? row : [""]).map((time) => `${p + 1},${fire ? "+" : "-"},${n + 1},${time}`)));
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([["pattern,class,afferent,time_ms", ...lines, ""].join("\r\n")], { type: "text/csv" }));
    link.download = "patterns.csv";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  }

  close() {
    clearTimeout(this.again);
    patterns.removeEventListener("change", this.changed);
  }
}

/** Read rows between semicolons, times between commas or spaces. */
function parse(text) {
  const rows = text.split(";").map(wordsOf);
  const wrong = rows.flat().find((time) => !(Number(time) >= 0 && Number(time) <= 2000));
  return { spikes: rows.map((row) => row.map(Number).sort((a, b) => a - b)), wrong };
}

const write = (spikes) => spikes.map((row) => row.join(", ")).join("; ");

function newRow(id) {
  const row = document.createElement("li");
  row.dataset.id = id;
  row.innerHTML = `<b></b><button type="button" data-own="flip"></button>
    <span class="times"></span><input class="times" data-own="times" autocomplete="off" />
    <button type="button" data-own="explore">Edit in Explore</button>
    <button type="button" data-own="remove">Remove</button>`;
  return row;
}

/** Show a pattern in a row; long ones, and those of a link, are no text to be edited. */
function fill(row, { fire, spikes }, { number, foreign }) {
  const [name, flip, text, times, explore, remove] = row.children;
  const written = write(spikes);
  const total = spikes.reduce((sum, train) => sum + train.length, 0);
  const fixed = foreign || written.length > LONG;
  say(name, String(number));
  flip.className = fire ? "fire" : "silent";
  say(flip, fire ? "▲ +" : "▼ −");
  say(text, written.length > LONG ? `${spikes.length} afferents, ${total} spikes` : written);
  text.hidden = !fixed;
  times.hidden = fixed;
  if (!times.matches(":focus")) times.value = written;
  times.setAttribute("aria-label", `Spike times of pattern ${number} in ms, afferents between semicolons`);
  flip.setAttribute("aria-label", `Pattern ${number} ought to ${fire ? "fire" : "be silent"}: change its class`);
  explore.setAttribute("aria-label", `Edit pattern ${number} in Explore`);
  remove.setAttribute("aria-label", `Remove pattern ${number}`);
  for (const button of [flip, explore, remove]) button.disabled = foreign;
  return row;
}
