// All numbers of an experiment as a table: a weight and a list of spike times for each afferent.

import { setTimes, setWeight } from "./edits.js";
import { plain } from "./picture.js";
import { doubtOf, wordsOf } from "./times.js";

const ROW = `<tr><th scope="row"></th>
  <td><input inputmode="decimal" autocomplete="off" data-column="weight" /></td>
  <td><input inputmode="text" autocomplete="off" data-column="times" /></td></tr>`;

export class Table {
  /** `hands` takes what is typed: `enter` a number, `put` an experiment and a sentence, or `say` why not. */
  constructor(fold, hands) {
    this.fold = fold;
    this.hands = hands;
    this.body = fold.querySelector("tbody");
    fold.addEventListener("toggle", () => this.draw());
    fold.addEventListener("change", ({ target }) => this.#enter(target));
    fold.addEventListener("focusin", ({ target }) => this.#select(target));
  }

  /** Show every number, unless a person is typing another one there. */
  draw() {
    const { hands } = this;
    if (!hands.experiment) return;
    const { weights, spikes } = hands.experiment;
    const [n, many] = [weights.length, spikes.flat().length];
    this.fold.querySelector(".differs").textContent = `: ${n} afferent${n === 1 ? "" : "s"}, ${many} spike${many === 1 ? "" : "s"}`;
    if (!this.fold.open) return;
    while (this.body.rows.length > n) this.body.lastElementChild.remove();
    while (this.body.rows.length < n) this.#add(this.body.rows.length + 1);
    weights.forEach((weight, afferent) => {
      const [first, second] = this.body.rows[afferent].querySelectorAll("input");
      hands.show(first, plain(weight));
      hands.show(second, spikes[afferent].map(plain).join(", "));
      first.disabled = hands.locks("weights");
      second.disabled = hands.locks("spikes");
    });
  }

  #add(number) {
    this.body.insertAdjacentHTML("beforeend", ROW);
    const row = this.body.lastElementChild;
    row.querySelector("th").textContent = `A${number}`;
    row.querySelector("[data-column=weight]").setAttribute("aria-label", `Weight of A${number} in numbers`);
    row.querySelector("[data-column=times]").setAttribute("aria-label", `Spike times of A${number} in ms`);
  }

  #afferentOf(target) {
    return [...this.body.rows].indexOf(target.closest("tr"));
  }

  /** The afferent of a field is the one that the stage's buttons mean. */
  #select(target) {
    if (target.dataset.column) this.hands.select({ kind: "weight", afferent: this.#afferentOf(target) }, { focus: false });
  }

  #enter(target) {
    const { hands } = this;
    const afferent = this.#afferentOf(target);
    if (target.dataset.column === "weight") {
      hands.enter(target, (value) => setWeight(hands.experiment, afferent, value, hands.limits));
      return;
    }
    const words = wordsOf(target.value.replaceAll(";", " "));
    const times = words.map((word) => Number(word.replace("\u2212", "-")));
    const wrong = words.find((_, i) => !Number.isFinite(times[i]));
    const most = hands.limits.spikes;
    const doubt = doubtOf(target.value);
    target.dataset.shown = target.value; // it is entered, whatever comes of it
    if (wrong !== undefined) hands.refuse(`“${wrong}” is not a time: nothing was changed.`);
    else if (times.length > most) hands.refuse(`${times.length} spikes are too many, there may be ${most}: nothing was changed.`);
    else {
      hands.put(setTimes(hands.experiment, afferent, times));
      const outside = times.find((time) => time < 0 || time > hands.experiment.T);
      if (outside !== undefined) hands.say(`${plain(outside)} is not within the trial of ${hands.experiment.T} ms: now at its nearer end.`);
      else if (doubt) hands.say(doubt);
    }
  }
}
