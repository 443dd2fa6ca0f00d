// Small acts on the page, none of them done where nothing has changed: they are called every frame.

export const percent = (fraction) => `${(fraction * 100).toFixed(2)}%`;
export const signed = (value, digits = 4) => (Math.abs(value) < 0.5 * 10 ** -digits ? "\u00b1" : value < 0 ? "\u2212" : "+") + Math.abs(value).toFixed(digits);
export const classOf = (fire) => (fire ? "+" : "\u2212");

export function element(className, ...children) {
  const made = document.createElement("div");
  made.className = className;
  made.append(...children);
  return made;
}

export function say(box, text) {
  if (box.textContent !== text) box.textContent = text;
}

const written = new WeakMap();

/** Write the labels of an axis, each at a fraction of the box from the given side. */
export function labels(box, values, side, fraction) {
  const marks = values.map((value) => [String(Math.round(value * 1e6) / 1e6), percent(fraction(value))]);
  const key = marks.join();
  if (written.get(box) === key) return;
  written.set(box, key);
  box.replaceChildren(
    ...marks.map(([text, place]) => {
      const span = document.createElement("span");
      span.textContent = text;
      span.style[side] = place;
      return span;
    }),
  );
}

/** Have as many children of a kind in a list and in its box as there are things to show. */
export function resize(list, count, make, box) {
  while (list.length > count) list.pop().remove();
  while (list.length < count) {
    list.push(make());
    box.append(list.at(-1));
  }
}

/** Have these elements in a box, in this order; those that are there already are left alone. */
export function arrange(box, elements) {
  const { children } = box;
  if (elements.length === children.length && elements.every((element, i) => element === children[i])) return;
  box.replaceChildren(...elements);
}

/**
 * Make the buttons of a group one stop of the Tab key; arrows lead from one to the next. Call what
 * this returns when there are other buttons: the chosen one, or else the first, is the stop.
 */
export function roving(group) {
  const buttons = () => Array.from(group.querySelectorAll("button"));
  const stop = (chosen) => {
    for (const button of buttons()) button.tabIndex = button === chosen ? 0 : -1;
  };
  group.addEventListener("focusin", ({ target }) => stop(target.closest("button")));
  group.addEventListener("keydown", (event) => {
    const all = buttons();
    const at = all.indexOf(event.target.closest("button"));
    const to = { ArrowRight: at + 1, ArrowDown: at + 1, ArrowLeft: at - 1, ArrowUp: at - 1, Home: 0, End: all.length - 1 }[event.key];
    if (at < 0 || to === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    all[Math.max(0, Math.min(to, all.length - 1))].focus();
  });
  return () => {
    const focused = group.getRootNode().activeElement;
    const all = buttons();
    stop(all.find((button) => button === focused) ?? all.find((button) => button.getAttribute("aria-pressed") === "true") ?? all[0]);
  };
}
