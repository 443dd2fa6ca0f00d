// Patterns of one's own. They live in this browser, one collection for all its tabs, with undo; the
// latest edit wins, and other tabs follow it. Python is sent them when it does not know their name.

const [BASE, STORE, KEY] = ["tempotron", "kept", "patterns"];
const DEPTH = 60; // states that undo leads back to
const EMPTY = { patterns: [], T: 100 };

const newId = () => `${Date.now().toString(36)}-${Math.random().toString(36).slice(2, 10)}`;

class Patterns extends EventTarget {
  constructor() {
    super();
    this.states = [EMPTY];
    this.at = 0;
    this.edited = 0; // when the latest edit was made, here or in another tab
    this.replacing = null; // id of the pattern that is edited on Explore
    this.ready = this.#load();
    this.channel = globalThis.BroadcastChannel && new BroadcastChannel(BASE);
    if (this.channel) this.channel.onmessage = () => this.#load();
  }

  get list() {
    return this.states[this.at].patterns;
  }

  get T() {
    return this.states[this.at].T;
  }

  get canUndo() {
    return this.at > 0;
  }

  /** Follows from the content: patterns of one name are the same, here and in Python. */
  get name() {
    const state = this.states[this.at];
    state.name ??= nameOf(state);
    return state.name;
  }

  /** Add a pattern at the end; a longer one makes all of them longer. */
  add(fire, spikes, T) {
    const longest = this.list.length ? Math.max(T, this.T) : T;
    this.change([...this.list, { id: newId(), fire, spikes }], longest);
  }

  /** Give a pattern, known by its id, other spikes; false if it is not there any more. */
  replace(id, spikes, T) {
    if (!this.list.some((pattern) => pattern.id === id)) return false;
    this.change(this.list.map((old) => (old.id === id ? { ...old, spikes } : old)), Math.max(T, this.T));
    return true;
  }

  /** Take other patterns in place of those that are here; it can be undone. */
  change(patterns, T = this.T) {
    const named = patterns.map((pattern) => (pattern.id ? pattern : { ...pattern, id: newId() }));
    this.states = [...this.states.slice(0, this.at + 1), { patterns: named, T }].slice(-DEPTH);
    this.at = this.states.length - 1;
    this.#keep();
  }

  undo() {
    if (!this.canUndo) return;
    this.at -= 1;
    this.#keep();
  }

  /** Forget everything that is kept here. */
  forget() {
    this.states = [EMPTY];
    this.at = 0;
    this.#keep();
  }

  #tell() {
    this.dispatchEvent(new Event("change"));
  }

  async #keep() {
    this.edited = Math.max(this.edited + 1, Date.now());
    this.#tell();
    try {
      const { states, at, edited } = this;
      await request("readwrite", (store) => store.put({ states, at, edited }, KEY));
      this.channel?.postMessage(edited);
    } catch {
      // Where a browser forbids it they are kept for as long as the page is open.
    }
  }

  async #load() {
    try {
      const kept = await request("readonly", (store) => store.get(KEY));
      if (!kept || kept.edited <= this.edited) return;
      Object.assign(this, kept);
      this.#tell();
    } catch {
      // As above: there is nothing to follow.
    }
  }
}

function request(mode, ask) {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open(BASE, 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore(STORE);
    opening.onerror = () => reject(opening.error);
    opening.onsuccess = () => {
      const base = opening.result;
      const transaction = base.transaction(STORE, mode);
      const asked = ask(transaction.objectStore(STORE));
      transaction.oncomplete = () => {
        base.close();
        resolve(asked.result);
      };
      transaction.onabort = transaction.onerror = () => {
        base.close();
        reject(transaction.error);
      };
    };
  });
}

/**
 * A name of 106 bits: two runs of the same mixing over the text of the patterns. Silent afferents at
 * the end, which a link adds, and more than four decimals, which it drops, play no part.
 */
export function nameOf({ patterns, T }) {
  const tidy = (row) => row.map((time) => Math.round(time * 1e4) / 1e4);
  const rows = ({ spikes }) => spikes.slice(0, 1 + spikes.findLastIndex((row) => row.length)).map(tidy);
  const text = JSON.stringify([T, patterns.map((pattern) => [pattern.fire, rows(pattern)])]);
  return patterns.length ? `${hash(text, 1)}${hash(text, 2)}` : "";
}

function hash(text, seed) {
  let [a, b] = [0xdeadbeef ^ seed, 0x41c6ce57 ^ seed];
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    a = Math.imul(a ^ code, 2654435761);
    b = Math.imul(b ^ code, 1597334677);
  }
  a = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909);
  b = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909);
  return (4294967296 * (2097151 & b) + (a >>> 0)).toString(36);
}

/** How many there are, and of which kind. */
export function count(list) {
  const fire = list.filter((pattern) => pattern.fire).length;
  return `${list.length} ${list.length === 1 ? "pattern" : "patterns"}: ${fire} +, ${list.length - fire} \u2212`;
}

// One for the document, whichever component asks first.
export const patterns = (globalThis.tempotronPatterns ??= new Patterns());
