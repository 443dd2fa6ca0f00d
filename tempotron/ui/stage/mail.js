// Edits go to Python, answers come back. The newest edit is always sent in the end; while a hand
// moves, at most ten a second and at most two without an answer.

const INTERVAL = 100;
const IN_FLIGHT = 2;

export class Mail {
  constructor(send) {
    this.send = send;
    this.newest = 0;
    this.unanswered = [];
    this.waiting = null;
    this.last = -Infinity;
  }

  /** Offer an edit: it leaves as soon as the rate allows. */
  post(letter) {
    this.waiting = letter;
    this.newest = Math.max(this.newest + 1, Date.now()); // rises through every reload
    this.#schedule();
  }

  /** Send at once: a gesture has ended. */
  flush() {
    clearTimeout(this.timer);
    if (this.waiting === null) return;
    this.last = performance.now();
    this.unanswered.push(this.newest);
    this.send({ ...this.waiting, edit: this.newest });
    this.waiting = null;
  }

  /** Take note of an answer; true if nothing newer has been edited since. */
  answered(edit) {
    this.unanswered = this.unanswered.filter((sent) => sent > edit);
    this.#schedule();
    return edit >= this.newest;
  }

  close() {
    clearTimeout(this.timer);
  }

  #schedule() {
    clearTimeout(this.timer);
    if (this.waiting === null || this.unanswered.length >= IN_FLIGHT) return;
    this.timer = setTimeout(() => this.flush(), this.last + INTERVAL - performance.now());
  }
}
