// Fetches the record of a run by URL, chunk after chunk, and asks for more while it is computed.
// What the URL does not give (behind a proxy it may lead to another process) Python is asked for.

import { Record } from "./record.js";
import { Task } from "./task.js";

const AGAIN = 3000; // ms after which a question that got lost is asked again
const WAITING = 500; // ms after which one that waits in the queue asks again, and keeps its place
const RETRY = 2000; // ms after which a part that did not come is fetched again

export class Feed {
  /**
   * `ask` is called for more, `fetch` for a part by its name; `grown` with the record whenever there
   * is more of it.
   */
  constructor(url, { ask, fetch, grown }) {
    Object.assign(this, { url, ask, grown, askFor: fetch });
    this.loaded = 0;
    this.leaving = new AbortController(); // the files of a run that was left may go at any time
    this.work = Promise.resolve();
  }

  /** Follow the run to where it is now. */
  receive({ part, ...news }) {
    clearTimeout(this.asking);
    if (part) this.arrived?.(part);
    this.work = this.work.then(() => this.#follow(news));
  }

  async #follow({ chunks, outcome, share, place }) {
    const task = this.record ? null : await this.#fetch("task");
    const fresh = [];
    while (this.loaded + fresh.length < chunks) fresh.push(await this.#fetch(`${this.loaded + fresh.length}`));
    if (this.closed) return;
    if (task) this.record = new Record(new Task(task));
    for (const chunk of fresh) this.record.append(chunk);
    this.loaded = chunks;
    Object.assign(this.record, { outcome, share, place });
    this.grown(this.record);
    if (outcome === "running" && !this.stopped) this.#more();
  }

  async #fetch(name) {
    while (!this.closed) {
      const found = await this.#get(name).catch(() => null);
      const bytes = found ?? (await this.#asked(name));
      if (bytes) return bytes;
    }
    return null;
  }

  async #get(name) {
    const address = new URL(`${this.url}/${name}`, document.baseURI);
    const answer = await fetch(address, { signal: this.leaving.signal });
    return answer.ok ? answer.arrayBuffer() : null;
  }

  /** Ask Python for a part, and wait a while for it. */
  #asked(name) {
    return new Promise((resolve) => {
      const late = setTimeout(() => resolve(null), RETRY);
      this.arrived = (part) => {
        if (part.name !== name || !part.bytes) return;
        clearTimeout(late);
        resolve(Uint8Array.from(atob(part.bytes), (letter) => letter.charCodeAt(0)).buffer);
      };
      if (!this.closed) this.askFor(name);
    });
  }

  #more() {
    if (this.closed || this.stopped) return;
    this.ask(this.loaded);
    this.asking = setTimeout(() => this.#more(), this.record.place ? WAITING : AGAIN);
  }

  /** Ask for no more. */
  stop() {
    this.stopped = true;
    clearTimeout(this.asking);
  }

  close() {
    this.closed = true;
    this.leaving.abort();
    clearTimeout(this.asking);
  }
}
