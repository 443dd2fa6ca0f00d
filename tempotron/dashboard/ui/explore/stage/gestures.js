// Hands on the stage: pointers and keys become edits. A gesture is one drag, one click or one key;
// `hands` tells what to do with it: change (live), settle (it is over), cancel, select.

import { addAfferent, addSpike, allSpikes, freePlace, removeAfferent, removeSpike, valueOf, withValue } from "./edits.js";

const REACH = 12; // px around a spike or handle that belong to it: targets are 24 px wide
const STILL = 4; // px that a click may move
const STEPS = {
  spike: { fine: 0.1, step: 1, page: 10, snap: 0.5 },
  weight: { fine: 0.01, step: 0.05, page: 0.5, snap: 0.05 },
  threshold: { fine: 0.01, step: 0.05, page: 0.5, snap: 0.05 },
};
const KEYS = {
  ArrowRight: ["step", 1],
  ArrowLeft: ["step", -1],
  PageUp: ["page", 1],
  PageDown: ["page", -1],
};

export class Gestures {
  constructor(root, picture, hands) {
    this.root = root;
    this.picture = picture;
    this.hands = hands;
    this.drag = null;
    const on = (type, listener) => root.addEventListener(type, listener.bind(this));
    on("pointerdown", this.#press);
    on("pointermove", this.#move);
    on("pointerup", this.#release);
    on("pointercancel", this.#abandon);
    on("keydown", this.#key);
    on("focusin", this.#focus);
  }

  get busy() {
    return this.drag !== null;
  }

  /** Let go of whatever is held: the state under the hand has been replaced. */
  forget() {
    this.drag = null;
  }

  /** The handle that an element of the page stands for. */
  #handleOf(element) {
    if (element.closest(".threshold")) return { kind: "threshold" };
    const row = element.closest(".row");
    if (!row) return null;
    const afferent = Number(row.dataset.afferent);
    if (element.closest(".weight")) return { kind: "weight", afferent };
    const spike = this.picture.rows[afferent].spikes.indexOf(element.closest(".spike"));
    return spike < 0 ? { kind: "track", afferent } : { kind: "spike", afferent, spike };
  }

  /** The spike of a row that is nearest to a pointer, or the empty track. */
  #nearest(afferent, event) {
    const spikes = this.picture.rows[afferent].spikes;
    const distances = spikes.map((spike) => {
      const box = spike.getBoundingClientRect();
      return Math.abs((box.left + box.right) / 2 - event.clientX);
    });
    const spike = distances.indexOf(Math.min(...distances));
    return distances[spike] <= REACH ? { kind: "spike", afferent, spike } : { kind: "track", afferent };
  }

  #press(event) {
    // A pointer that presses anew has been let go where it was not seen.
    if (this.drag?.pointer === event.pointerId) this.#abandon();
    if (event.button !== 0 || this.busy) return;
    let handle = this.#handleOf(event.target);
    if (handle?.afferent !== undefined && handle.kind !== "weight") handle = this.#nearest(handle.afferent, event);
    const before = this.hands.experiment;
    this.hands.flush();
    if (!handle) return;
    handle = this.#followed(handle, before);
    if (!handle) return event.preventDefault(); // or the browser would focus what has come there
    this.drag = { handle, x: event.clientX, y: event.clientY, moved: false, pointer: event.pointerId };
    if (handle.kind === "track") return; // perhaps a click, perhaps a finger that scrolls
    event.preventDefault();
    this.root.setPointerCapture(event.pointerId);
    this.drag.from = valueOf(this.hands.experiment, handle);
    this.drag.scale = this.#scale(handle);
    this.hands.select(handle, { focus: true });
  }

  /** Where a pressed handle is after what was typed has been taken; null for a place that moved. */
  #followed(handle, before) {
    const { experiment, selected } = this.hands;
    if (experiment === before || handle.kind === "weight" || handle.kind === "threshold") return handle;
    if (experiment.T !== before.T) return handle.kind === "track" ? null : handle; // in the same order
    if (handle.kind === "track") return handle;
    const spike = experiment.spikes[handle.afferent].indexOf(valueOf(before, handle));
    if (spike >= 0) return { ...handle, spike };
    return selected.kind === "spike" && selected.afferent === handle.afferent ? selected : null; // moved, or gone
  }

  /** The change of a value for each pixel to the right and up. */
  #scale({ kind, afferent }) {
    if (kind === "threshold") {
      const [low, high] = this.picture.range;
      return { x: 0, y: (high - low) / this.root.querySelector(".voltage .plot").clientHeight };
    }
    const { track, weight } = this.picture.rows[afferent];
    if (kind === "spike") return { x: this.hands.experiment.T / track.clientWidth, y: 0 };
    return { x: (2 * this.picture.strength) / weight.clientWidth, y: 0 };
  }

  #move(event) {
    const drag = this.drag;
    if (!drag || drag.pointer !== event.pointerId) return;
    const [dx, dy] = [event.clientX - drag.x, drag.y - event.clientY];
    if (!drag.moved && Math.hypot(dx, dy) < (drag.handle.kind === "track" ? STILL : 1)) return;
    drag.moved = true;
    if (drag.handle.kind === "track") return;
    const value = drag.from + dx * drag.scale.x + dy * drag.scale.y;
    const snap = event.altKey ? STEPS[drag.handle.kind].fine : STEPS[drag.handle.kind].snap;
    const snapped = Math.round(value / snap) * snap;
    this.hands.change(withValue(this.hands.experiment, drag.handle, snapped, this.hands.limits));
  }

  #release(event) {
    const drag = this.drag;
    if (!drag || drag.pointer !== event.pointerId) return;
    this.drag = null;
    if (drag.handle.kind === "track") {
      if (!drag.moved) this.#addAt(drag.handle.afferent, event);
    } else if (drag.moved) this.hands.settle();
  }

  #abandon() {
    const moved = this.drag?.moved && this.drag.handle.kind !== "track";
    this.drag = null;
    if (moved) this.hands.cancel();
  }

  #addAt(afferent, event) {
    const box = this.picture.rows[afferent].track.getBoundingClientRect();
    const time = ((event.clientX - box.left) / box.width) * this.hands.experiment.T;
    const { snap, fine } = STEPS.spike;
    const grid = event.altKey ? fine : snap;
    this.#add(afferent, Math.round(time / grid) * grid);
  }

  #add(afferent, time) {
    const before = this.hands.experiment;
    const after = addSpike(before, afferent, time, this.hands.limits);
    if (after === before) {
      this.hands.say(`Afferent ${afferent + 1} has ${this.hands.limits.spikes} spikes, as many as it can hold.`);
      return;
    }
    this.hands.change(after);
    this.hands.select({ kind: "spike", afferent, spike: before.spikes[afferent].length }, { focus: true });
    this.hands.settle();
  }

  /** Add a spike to the selected afferent, beside the selected spike. */
  addSpike() {
    const { experiment, selected } = this.hands;
    const afferent = selected.afferent ?? 0;
    const near = selected.kind === "spike" ? valueOf(experiment, selected) + 5 : experiment.T / 2;
    this.#add(afferent, freePlace(experiment, afferent, Math.round(Math.min(near, experiment.T))));
  }

  /** Remove the selected spike, or the last one of the selected afferent. */
  removeSpike() {
    const { experiment, selected } = this.hands;
    const afferent = selected.afferent ?? 0;
    const count = experiment.spikes[afferent].length;
    if (!count) {
      this.hands.say(`Afferent ${afferent + 1} has no spike to remove.`);
      return;
    }
    const spike = selected.kind === "spike" ? selected.spike : count - 1;
    this.hands.change(removeSpike(experiment, { afferent, spike }));
    const left = { kind: "spike", afferent, spike: Math.min(spike, count - 2) };
    this.hands.select(count > 1 ? left : { kind: "weight", afferent }, { focus: true });
    this.hands.settle();
  }

  addAfferent() {
    const before = this.hands.experiment;
    const after = addAfferent(before, this.hands.limits);
    if (after === before) this.hands.say(`There are ${before.weights.length} afferents, as many as there is room for.`);
    else this.#rebuild(after, { kind: "spike", afferent: before.weights.length, spike: 0 });
  }

  /** Remove the selected afferent, or the last one. */
  removeAfferent() {
    const { experiment, selected } = this.hands;
    const last = experiment.weights.length - 1;
    const afferent = selected.afferent ?? last;
    const after = removeAfferent(experiment, afferent);
    if (after === experiment) this.hands.say("A neuron needs an afferent: the last one stays.");
    else this.#rebuild(after, { kind: "weight", afferent: Math.min(afferent, last - 1) });
  }

  /** Take an experiment with other rows, and select something in it. */
  #rebuild(experiment, handle) {
    this.hands.selected = { kind: "weight", afferent: 0 }; // is there before and after
    this.hands.change(experiment);
    this.hands.settle();
    this.hands.select(handle, { focus: true });
  }

  /** Change the selected value by one step, as its buttons do. */
  nudge(direction) {
    const { selected } = this.hands;
    this.#shift(selected, direction * STEPS[selected.kind].step);
  }

  #shift(handle, change) {
    const { experiment, limits } = this.hands;
    this.hands.change(withValue(experiment, handle, valueOf(experiment, handle) + change, limits));
    this.hands.settle();
  }

  #key(event) {
    if (this.busy) return this.#interrupt(event);
    const handle = this.#handleOf(event.target);
    if (!handle || handle.kind === "track" || event.ctrlKey || event.metaKey || event.altKey) return;
    if (this.#command(handle, event)) event.preventDefault();
  }

  /** While a hand holds something, Escape breaks it off, and no other key does anything. */
  #interrupt(event) {
    if (event.key === "Escape") this.#abandon();
    else if (event.key !== "Tab") event.preventDefault();
  }

  #command(handle, { key, shiftKey }) {
    if (KEYS[key]) {
      const [size, direction] = KEYS[key];
      const amount = STEPS[handle.kind][shiftKey && size === "step" ? "fine" : size];
      this.#shift(handle, direction * amount);
    } else if (key === "ArrowUp" || key === "ArrowDown") {
      this.#vertical(handle, key === "ArrowUp" ? -1 : 1, shiftKey);
    } else if (handle.kind === "threshold") {
      return false;
    } else if (key === "Delete" || key === "Backspace" || key === "-") {
      if (handle.kind === "spike") this.removeSpike();
    } else if (key === "+" || key === "=" || key === "Insert" || key === "Enter") {
      this.addSpike();
    } else if (key === "Home" || key === "End") {
      this.#edge(handle, key === "Home");
    } else return false;
    return true;
  }

  /** Up and down choose another spike or weight; on the threshold they change it. */
  #vertical(handle, direction, fine) {
    if (handle.kind === "threshold") {
      return this.#shift(handle, -direction * STEPS.threshold[fine ? "fine" : "step"]);
    }
    const { experiment } = this.hands;
    if (handle.kind === "weight") {
      const afferent = handle.afferent + direction;
      if (afferent in experiment.weights) this.hands.select({ kind: "weight", afferent }, { focus: true });
      return undefined;
    }
    const all = allSpikes(experiment);
    const at = all.findIndex((other) => other.afferent === handle.afferent && other.spike === handle.spike);
    if (all[at + direction]) this.hands.select(all[at + direction], { focus: true });
    return undefined;
  }

  #edge(handle, first) {
    const { experiment } = this.hands;
    const all = handle.kind === "spike" ? allSpikes(experiment) : experiment.weights.map((_, afferent) => ({ kind: "weight", afferent }));
    this.hands.select(all.at(first ? 0 : -1), { focus: true });
  }

  #focus(event) {
    const handle = this.#handleOf(event.target);
    if (handle && handle.kind !== "track" && !this.busy) this.hands.select(handle, {});
  }
}
