// Undo and redo. The past lives in the browser, where every gesture happens: it is as deep as the
// gestures were many, however few of them reached Python, and it survives a reload.

const DEPTH = 100;
const STORE = "tempotron.history.1";

export class History {
  constructor() {
    const kept = read();
    this.states = kept?.states ?? [];
    this.at = kept?.at ?? -1;
  }

  get canUndo() {
    return this.at > 0;
  }

  get canRedo() {
    return this.at < this.states.length - 1;
  }

  get current() {
    return this.at < 0 ? null : JSON.parse(this.states[this.at]);
  }

  /** Remember a state, unless it is the one already here; what had been undone is forgotten. */
  push(experiment) {
    const text = JSON.stringify(experiment);
    if (this.states[this.at] === text) return;
    this.states = [...this.states.slice(0, this.at + 1), text].slice(-DEPTH);
    this.at = this.states.length - 1;
    this.#keep();
  }

  /** Take another state in the place of the one that is here. */
  replace(experiment) {
    if (this.at < 0) return this.push(experiment);
    this.states[this.at] = JSON.stringify(experiment);
    return this.#keep();
  }

  undo() {
    return this.#go(-1);
  }

  redo() {
    return this.#go(1);
  }

  #go(step) {
    this.at += step;
    this.#keep();
    return this.current;
  }

  #keep() {
    try {
      sessionStorage.setItem(STORE, JSON.stringify({ states: this.states, at: this.at }));
    } catch {
      // A full or forbidden store costs the past only at the next reload.
    }
  }
}

/** What was kept; in a frame of another site browsers may forbid even to look. */
function read() {
  try {
    return JSON.parse(sessionStorage.getItem(STORE) ?? "null");
  } catch {
    return null;
  }
}
