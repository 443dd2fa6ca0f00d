// Letters to Python. They are numbered and posted again until they are answered: a connection, a
// server or another message may swallow them. Python opens each once, in their order, and says
// which was the last.

const INTERVAL = 100; // ms between two posts
const MOVING_INTERVAL = 250; // while a hand moves: each message costs the page a frame or two
const IN_FLIGHT = 2; // posts without an answer
const PATIENCE = 1500; // after which an answer is taken for lost
const AGAIN = 3000; // after which everything unanswered is posted again

const left = new Map(); // by the name of a mail: the letters that its component had no answer to

export class Mail {
  /** `send` hands a post to Streamlit; mails of one name go on where the last one was closed. */
  constructor(name, send) {
    Object.assign(this, { name, send });
    this.letters = [];
    this.newest = 0;
    this.posts = [];
    this.last = -Infinity;
    this.leading = false; // a letter that is still to be sent leads to another page
    this.flush = () => this.timer && this.#dispatch(); // at once what is still to be sent
    addEventListener("tempotron:leave", this.flush);
  }

  /** Write a letter. It leaves as soon as the rate allows; one that `replaces` an earlier one of its
   * kind takes its place; after one that `leads` to another page nothing more is sent from here. */
  post(what, letter = {}, { replaces = false, moving = false, leads = false } = {}) {
    this.newest = Math.max(this.newest + 1, Date.now()); // rises through every reload
    if (replaces) this.letters = this.letters.filter((other) => other.what !== what);
    this.letters.push({ n: this.newest, what, ...letter });
    this.#schedule(moving);
    this.leading ||= leads;
  }

  /** Whether a page is about to be left. */
  get leaves() {
    return globalThis.tempotronLeaves?.() ?? false;
  }

  /** The unanswered letters of a kind. */
  awaited(what) {
    return this.letters.filter((letter) => letter.what === what);
  }

  /** Take note of the number of the last letter that was opened; true if none is unanswered. */
  answered(taken) {
    this.newest = Math.max(this.newest, taken);
    this.posts = this.posts.filter((post) => post.n > taken);
    this.#keep(this.letters.filter((letter) => letter.n > taken));
    return this.letters.length === 0;
  }

  /** Drop all letters of a kind: what they were about has been replaced. */
  forget(what) {
    this.#keep(this.letters.filter((letter) => letter.what !== what));
  }

  /** Go on with what a mail of this name has left. */
  inherit() {
    const letters = left.get(this.name) ?? [];
    left.delete(this.name);
    if (!letters.length) return;
    this.letters = letters;
    this.newest = letters.at(-1).n;
    this.#schedule(false);
  }

  #keep(letters) {
    this.letters = letters;
    if (letters.length) return;
    clearTimeout(this.timer);
    this.timer = null;
    this.posts = [];
    clearInterval(this.again);
    this.again = null;
  }

  /** Leave what is unanswered to the next mail of this name: it is too late to send from here. */
  close() {
    if (this.letters.length) left.set(this.name, this.letters);
    this.#keep([]);
    removeEventListener("tempotron:leave", this.flush);
  }

  #schedule(moving) {
    clearTimeout(this.timer);
    this.timer = null;
    if (this.leaves) {
      this.timer = setTimeout(() => this.#schedule(moving), INTERVAL);
      return;
    }
    const full = this.posts.length >= IN_FLIGHT;
    const interval = moving ? MOVING_INTERVAL : INTERVAL;
    const due = Math.max(this.last + interval, full ? this.posts.at(-IN_FLIGHT).at + PATIENCE : 0);
    this.timer = setTimeout(() => this.#dispatch(), due - performance.now());
  }

  #dispatch() {
    if (this.leaves) return this.#schedule(false);
    clearTimeout(this.timer);
    this.timer = null;
    this.last = performance.now();
    this.posts.push({ n: this.newest, at: this.last });
    this.#send({ letters: this.letters });
    if (this.leading) globalThis.tempotronLeave?.();
    this.leading = false;
    this.again ??= setInterval(() => this.#again(), AGAIN);
  }

  #again() {
    if (!this.timer && !this.leaves) this.#send({ letters: this.letters, again: Date.now() });
  }

  #send(post) {
    globalThis.tempotronPosts?.();
    this.send(post);
  }
}
