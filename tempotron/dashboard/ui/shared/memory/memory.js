// What this browser keeps: patterns of one's own, the steps that undo leads back to, and that somebody
// has been here. It is forgotten at the second press: that cannot be undone.

import { count, patterns } from "./patterns.js";

const PREFIX = "tempotron.";

const stores = () => [globalThis.localStorage, globalThis.sessionStorage];
const namesIn = (store) => Object.keys(store).filter((name) => name.startsWith(PREFIX));

class Memory {
  constructor(place) {
    this.place = place;
    this.button = place.querySelector("button");
    this.button.addEventListener("click", () => this.#press());
    this.draw = () => this.#draw();
    patterns.addEventListener("change", this.draw);
    patterns.ready.then(this.draw);
  }

  #press() {
    if (this.asked) this.#forget();
    else this.asked = true;
    this.#draw();
  }

  #forget() {
    this.asked = false;
    patterns.forget();
    try {
      for (const store of stores()) namesIn(store).forEach((name) => store.removeItem(name));
    } catch {
      // Where a browser forbids even to look, nothing was kept.
    }
  }

  #draw() {
    const { list } = patterns;
    const text = list.length ? `your own patterns (${count(list)}), how far Undo leads back, and that you have been here` : "no patterns; at most how far Undo leads back, and that you have been here";
    this.place.querySelector(".kept").textContent = `This browser keeps ${text}. Nothing of it leaves this browser but what you train on or share.`;
    this.button.textContent = this.asked ? "Press again to forget it for good" : "Forget what this browser keeps";
  }

  close() {
    patterns.removeEventListener("change", this.draw);
  }
}

const memories = new WeakMap();

export default function mount({ parentElement }) {
  if (!memories.has(parentElement)) memories.set(parentElement, new Memory(parentElement));
  return () => {
    memories.get(parentElement).close();
    memories.delete(parentElement);
  };
}
