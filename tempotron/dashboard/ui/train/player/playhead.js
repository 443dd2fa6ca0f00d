// Moves over the steps of a record, tied to a clock and not to the frames.

const PER_SECOND = 4; // presentations at speed 1x
const FASTEST = 4; // seconds for a whole run
const HOLD = 1; // seconds at the end before a loop begins again

export class Playhead {
  /** `moved` is called after each move. */
  constructor(moved) {
    this.moved = moved;
    this.step = 0;
    this.speed = "1";
    this.looping = false;
    this.playing = false;
    this.calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  }

  /** Move over another record, from one of its steps on. */
  enter(record, step) {
    this.record = record;
    this.step = step;
  }

  /** How long a step takes while it plays, in seconds. */
  get seconds() {
    return 1 / this.#rate();
  }

  seek(step) {
    this.pause();
    this.step = Math.max(0, Math.min(step, this.record.count));
    this.moved();
  }

  play() {
    const { count, growing } = this.record;
    this.position = this.step >= count && !growing ? 0 : this.step;
    this.since = performance.now();
    this.drawn = -Infinity;
    this.playing = true;
    this.#tick();
  }

  pause() {
    cancelAnimationFrame(this.beat);
    this.playing = false;
  }

  #tick() {
    const now = performance.now();
    this.position += ((now - this.since) / 1000) * this.#rate();
    this.since = now;
    if (this.position >= this.record.count && !this.#goesOn()) {
      this.seek(this.record.count);
      return;
    }
    this.beat = requestAnimationFrame(() => this.#tick());
    this.#show(Math.min(Math.floor(this.position), this.record.count), now);
  }

  /** Tell whether playing goes on at the end: with what is still to come, or from the start. */
  #goesOn() {
    const { count, growing } = this.record;
    if (growing) this.position = count;
    else if (this.position >= count + HOLD * this.#rate()) this.position = 0;
    return growing || this.looping;
  }

  /** Move to a step; where motion is to be reduced, once a second only. */
  #show(step, now) {
    if (step === this.step || (this.calm && now - this.drawn < 1000)) return;
    this.drawn = now;
    this.step = step;
    this.moved();
  }

  #rate() {
    if (this.speed !== "fastest") return PER_SECOND * Number(this.speed);
    return Math.max(PER_SECOND * 64, this.record.count / FASTEST);
  }
}
