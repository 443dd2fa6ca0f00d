// Edits go to Python, answers come back. At most ten edits a second leave, and at most two are
// under way without an answer; the newest one always leaves in the end. While a hand moves they
// are four a second: each message costs the page a frame or two.

const INTERVAL = 100;
const MOVING_INTERVAL = 250;
const IN_FLIGHT = 2;
const PATIENCE = 1500; // after which an answer is taken for lost

const AGAIN = 3000; // after which the newest edit, still unanswered, is posted again

let left = null; // the newest edit of a stage that was closed before it was answered

/** Take over what a closed stage has left, unless Python has that edit or another state by now. */
export function takeOver({ rev, edit }) {
  const found = left;
  left = null;
  return found && found.edit > edit && found.rev >= rev ? found.experiment : null;
}

export class Mail {
  constructor(send) {
    this.send = send;
    this.newest = 0;
    this.unanswered = [];
    this.waiting = null;
    this.last = -Infinity;
  }

  /** Offer an edit: it leaves as soon as the rate allows, unless a newer one takes its place. */
  post(letter) {
    this.newest = Math.max(this.newest + 1, Date.now()); // rises through every reload
    this.waiting = { ...letter, edit: this.newest };
    this.#schedule();
  }

  /** Take note of an answer; true if nothing newer has been edited since. */
  answered(edit) {
    this.unanswered = this.unanswered.filter((sent) => sent.edit > edit);
    if (edit >= this.newest) this.#calm();
    this.#schedule();
    return edit >= this.newest;
  }

  /** Drop all edits after one that was answered: the state they were made of has been replaced. */
  forget(edit) {
    this.newest = edit;
    this.waiting = null;
    this.unanswered = [];
    this.#calm();
  }

  /** Nothing is to be posted again. */
  #calm() {
    clearInterval(this.again);
    this.again = null;
  }

  close() {
    this.#calm();
    left = this.unanswered.length || this.waiting ? (this.waiting ?? this.letter) : null;
    clearTimeout(this.timer);
    if (this.waiting !== null) this.#dispatch();
  }

  #schedule() {
    clearTimeout(this.timer);
    if (this.waiting === null) return;
    const full = this.unanswered.length >= IN_FLIGHT;
    const interval = this.waiting.moving ? MOVING_INTERVAL : INTERVAL;
    const due = Math.max(this.last + interval, full ? this.unanswered.at(-IN_FLIGHT).at + PATIENCE : 0);
    this.timer = setTimeout(() => this.#dispatch(), due - performance.now());
  }

  #dispatch() {
    this.last = performance.now();
    this.unanswered.push({ edit: this.waiting.edit, at: this.last });
    this.letter = this.waiting;
    this.waiting = null;
    this.send(this.letter);
    // Lost with a connection, a server, or a batch that was for another fragment.
    this.again ??= setInterval(() => this.waiting === null && this.send({ ...this.letter, again: Date.now() }), AGAIN);
  }
}
