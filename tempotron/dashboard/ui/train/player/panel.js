// What stands around the picture: the task, its fields in folds, forks and pinned runs. It shows what
// Python says, except where a person types or waits for an answer, and tells what a person does.

import { arrange, element, say } from "./dom.js";
import { roving } from "./roving.js";

const unfolded = new Set(); // by name: what a person has opened, for as long as the document stands

export class Panel {
  /** `act(what, letter)` is called for everything a person does here. */
  constructor(root, act) {
    this.root = root;
    this.act = act;
    this.fields = new Map();
    this.folds = new Map();
    root.addEventListener("click", (event) => this.#click(event));
    this.settle = roving(this.find(".gallery"));
    remember(this.find("[data-fold=compare]"), "compare");
  }

  find(selector) {
    return this.root.querySelector(selector);
  }

  /** Follow Python; `waiting` are the letters that set fields and have no answer yet. */
  receive(data, waiting) {
    this.data = data;
    this.root.dataset.hide = data.hide.join(" ");
    this.locked = new Set(data.lock);
    const unanswered = new Set(waiting.map(({ name }) => name));
    const { task, about, notice, swap, one, barred } = data;
    say(this.find(".task"), `${task.name} ▾`);
    say(this.find(".about").firstChild, about[0]);
    say(this.find(".about").lastChild, about[1]);
    say(this.find(".notice"), notice);
    this.find(".notice").hidden = !notice;
    const swapButton = this.find("[data-do=swap]");
    if (!unanswered.has("swap")) swapButton.setAttribute("aria-pressed", swap);
    const fixed = this.locked.has("task");
    swapButton.disabled = fixed || !one;
    for (const name of ["gallery", "seed", "reset"]) this.find(`[data-do=${name}]`).disabled = fixed;
    for (const section of data.sections) this.#section(section, unanswered);
    this.#forks(data);
    this.#twin(data.twin);
    say(this.find(".barred"), barred);
    this.find("[data-do=show]").disabled = Boolean(barred);
    this.#mark();
  }

  /** Say which pattern a step presented: it is the one that a fork relabels. */
  follow(pattern) {
    this.pattern = pattern;
    const button = this.find("[data-do=relabelled]");
    say(button, pattern ? `Fork, pattern ${pattern} relabelled` : "Fork, pattern relabelled");
    button.disabled = !pattern || !this.data?.one || this.locked.has("forks");
  }

  // Fields.

  #section({ title, differs, fields }, unanswered) {
    if (!this.folds.has(title)) this.folds.set(title, newFold(title, this.find(".folds")));
    const fold = this.folds.get(title);
    say(fold.querySelector(".differs"), differs && `: ${differs}`);
    const names = fields.map(({ name }) => name).join();
    if (fold.dataset.names !== names) {
      fold.dataset.names = names;
      fold.querySelector(".fields").replaceChildren(...fields.map((field) => this.#newField(field)));
    }
    for (const field of fields) if (!unanswered.has(field.name)) this.#fill(field);
  }

  #newField({ name, label, options }) {
    const box = document.createElement("label");
    box.className = "field";
    box.innerHTML = options ? "<span></span><select></select>" : '<span></span><input type="text" inputmode="decimal" role="spinbutton" autocomplete="off" spellcheck="false" />';
    box.firstChild.textContent = label;
    const input = box.lastChild;
    input.addEventListener("focus", () => this.#explain(input));
    if (options) input.append(...options.map((option) => new Option(option, option)));
    input.addEventListener("change", () => this.#enter(name, input.value));
    if (!options) input.addEventListener("keydown", (event) => this.#arrow(event, name));
    this.fields.set(name, input);
    return box;
  }

  /** Show what Python says, unless a person is typing there. */
  #fill(field) {
    const input = this.fields.get(field.name);
    const typing = input.matches("input:focus") && input.value !== input.dataset.shown;
    input.disabled = field.shut || this.locked.has("fields") || (field.name === "seed" && this.locked.has("task"));
    input.title = field.help;
    if (input.matches(":focus")) this.#explain(input);
    if (field.options) {
      input.value = field.value;
      return;
    }
    input.dataset.shown = field.value;
    if (!typing) input.value = field.value;
    input.placeholder = field.instead;
    input.setAttribute("aria-valuemin", field.low);
    input.setAttribute("aria-valuemax", field.high);
    input.setAttribute("aria-valuenow", field.value || field.instead || field.low);
    input.field = field;
  }

  /** Say below a fold's fields what the one with the focus does. */
  #explain(input) {
    say(input.closest(".fold").querySelector(".help"), input.title);
  }

  #enter(name, value) {
    const input = this.fields.get(name);
    if (value === input.dataset.shown) return;
    input.dataset.shown = value;
    this.act("set", { name, value });
  }

  /** Up and down change a number by its step, from what is in force where the field is empty. */
  #arrow(event, name) {
    if (event.key !== "ArrowUp" && event.key !== "ArrowDown") return;
    event.preventDefault();
    const input = this.fields.get(name);
    const { step, low, high, instead } = input.field;
    const from = Number((input.value || instead).replace(",", "."));
    if (Number.isNaN(from)) return;
    const to = Math.min(Math.max(from + (event.key === "ArrowUp" ? step : -step), low), high);
    input.value = String(Number(to.toPrecision(6)));
    this.#enter(name, input.value);
  }

  // Acts.

  #click({ target, detail }) {
    const button = target.closest("[data-do]");
    if (!button || button.disabled) return;
    if (detail > 1 && button.dataset.do !== "join") return; // a double click is one act; undo is not
    const acts = {
      gallery: () => this.#open(this.find(".gallery").hidden),
      task: () => this.#choose(button.dataset.task),
      swap: () => this.#swap(button),
      seed: () => this.#newSeed(),
      more: () => this.#more(button),
      here: () => this.act("fork", { how: "here" }),
      swapped: () => this.act("fork", { how: "swapped" }),
      relabelled: () => this.act("fork", { how: "relabelled", pattern: this.pattern }),
      reopen: () => this.act("reopen", { number: Number(button.dataset.number) }),
      unpin: () => this.act("unpin", { number: Number(button.dataset.number) }),
    };
    (acts[button.dataset.do] ?? (() => this.act(button.dataset.do, {})))();
  }

  #swap(button) {
    const swap = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", swap);
    this.act("set", { name: "swap", value: swap });
  }

  #more(button) {
    const rest = this.find(".about").lastChild;
    rest.hidden = !rest.hidden;
    button.setAttribute("aria-expanded", !rest.hidden);
  }

  /** Take the seed after the one in the field, which Python may not have heard of yet. */
  #newSeed() {
    const input = this.fields.get("seed");
    const { value, low, high } = input.field;
    const typed = Number(input.value);
    const before = Number.isInteger(typed) && typed >= low ? typed : Number(value);
    const seed = before < high ? before + 1 : low;
    input.value = input.dataset.shown = String(seed);
    this.act("set", { name: "seed", value: seed });
  }

  // The gallery of tasks.

  async #open(open) {
    const gallery = this.find(".gallery");
    gallery.hidden = !open;
    this.find(".task").setAttribute("aria-expanded", open);
    if (!open) return;
    if (!gallery.firstChild) {
      const answer = await fetch(new URL(this.data.gallery, document.baseURI));
      gallery.replaceChildren(...(await answer.json()).map(newTask));
      this.#mark();
    }
    gallery.querySelector("[aria-pressed=true]")?.focus();
  }

  #choose(task) {
    this.#open(false);
    this.find(".task").focus();
    if (task !== this.data.task.key) this.act("set", { name: "task", value: task });
  }

  #mark() {
    for (const button of this.find(".gallery").children) button.setAttribute("aria-pressed", button.dataset.task === this.data.task.key);
    this.settle();
  }

  // Forks and pinned runs.

  /** Offer the run before the last change, which is dashed in the picture. */
  #twin(twin) {
    const button = this.find(".twin");
    button.hidden = !twin;
    say(button, twin ? `Back to ${twin.differs}` : "");
  }

  #forks({ lineage, forked, pinnable, one, pins }) {
    say(this.find(".lineage"), lineage);
    say(this.find("[data-fold=compare] .differs"), [forked && lineage, pins.length && `${pins.length} pinned`].filter(Boolean).map((text) => `: ${text}`).join(""));
    const fixed = this.locked.has("forks");
    this.find("[data-do=here]").disabled = this.find("[data-do=join]").disabled = fixed;
    this.find("[data-do=swapped]").disabled = fixed || !one;
    this.find("[data-do=join]").hidden = !forked;
    this.find("[data-do=pin]").disabled = fixed || !pinnable;
    const list = this.find(".pinned");
    const old = new Map(Array.from(list.children, (item) => [Number(item.dataset.pin), item]));
    const items = pins.map((pin) => fill(old.get(pin.number) ?? newPin(pin), pin));
    arrange(list, items);
  }
}

function newFold(title, box) {
  const fold = document.createElement("details");
  fold.className = "fold";
  fold.innerHTML = "<summary><b></b><span class='differs'></span></summary><div class='fields'></div><p class='help'></p>";
  fold.querySelector("b").textContent = title;
  box.append(fold);
  remember(fold, title);
  return fold;
}

/** Keep a fold as it was left, also when the player is drawn anew. */
function remember(fold, name) {
  fold.open = unfolded.has(name);
  fold.addEventListener("toggle", () => (fold.open ? unfolded.add(name) : unfolded.delete(name)));
}

function newPin({ number }) {
  const item = document.createElement("li");
  item.dataset.pin = number;
  item.innerHTML = `<span></span> <button type="button" data-do="reopen" data-number="${number}">Open run ${number}</button> <button type="button" data-do="unpin" data-number="${number}">Unpin run ${number}</button>`;
  return item;
}

function fill(item, { number, differs, right, ended }) {
  say(item.firstChild, `Pinned run ${number}: differs in ${differs}. ${right}. ${ended}`);
  return item;
}

/** A task as a button: a pattern that ought to make the neuron fire, and one that ought not. */
function newTask({ key, name, patterns }) {
  const button = document.createElement("button");
  button.type = "button";
  button.dataset.do = "task";
  button.dataset.task = key;
  const pair = element("pair");
  pair.setAttribute("aria-hidden", true);
  pair.innerHTML = patterns.map(picture).join("");
  const label = document.createElement("span");
  label.textContent = name;
  button.append(pair, label);
  return button;
}

function picture({ fire, rows }) {
  const height = 1000 / rows.length;
  const tick = (row) => (x) => `M${(x * 1000).toFixed(1)} ${((row + 0.1) * height).toFixed(1)}v${(0.8 * height).toFixed(1)}`;
  const ticks = rows.flatMap((row, i) => row.map(tick(i))).join("");
  return `<svg class="${fire ? "fire" : "silent"}" viewBox="0 0 1000 1000" preserveAspectRatio="none"><path d="${ticks}"/></svg>`;
}
