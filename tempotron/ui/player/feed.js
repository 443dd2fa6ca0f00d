// Fetches the record of a run by URL, chunk after chunk, and asks for more while it is computed.

import { Record } from "./record.js";
import { Task } from "./task.js";

const AGAIN = 3000; // ms after which a question that got lost is asked again
const RETRY = 1000; // ms after which a file that did not come is fetched again
// Asks for the bytes as they are: numbers hardly shrink, and to compress them takes the server
// longer than to compute them.
const AS_IT_IS = { headers: { Range: "bytes=0-" } };

export class Feed {
  /** `ask` is called for more; `grown` with the record whenever there is more of it. */
  constructor(url, { ask, grown }) {
    this.url = url;
    this.ask = ask;
    this.grown = grown;
    this.loaded = 0;
    this.leaving = new AbortController(); // the files of a run that was left may go at any time
    this.work = Promise.resolve();
  }

  /** Follow the run to where it is now. */
  receive(news) {
    clearTimeout(this.asking);
    this.work = this.work.then(() => this.#follow(news));
  }

  async #follow({ chunks, outcome, share }) {
    const task = this.record ? null : await this.#fetch("task.bin");
    const fresh = [];
    while (this.loaded + fresh.length < chunks) fresh.push(await this.#fetch(`${this.loaded + fresh.length}.bin`));
    if (this.closed) return;
    if (task) this.record = new Record(new Task(task));
    for (const chunk of fresh) this.record.append(chunk);
    this.loaded = chunks;
    Object.assign(this.record, { outcome, share });
    this.grown(this.record);
    if (outcome === "running" && !this.stopped) this.#more();
  }

  async #fetch(name) {
    while (!this.closed) {
      const address = new URL(`${this.url}/${name}`, document.baseURI);
      const bytes = await this.#bytes(address).catch(() => null);
      if (bytes) return bytes;
      await new Promise((resolve) => setTimeout(resolve, RETRY));
    }
    return null;
  }

  async #bytes(address) {
    const answer = await fetch(address, { ...AS_IT_IS, signal: this.leaving.signal });
    return answer.ok ? answer.arrayBuffer() : null;
  }

  #more() {
    if (this.closed || this.stopped) return;
    this.ask(this.loaded);
    this.asking = setTimeout(() => this.#more(), AGAIN);
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
