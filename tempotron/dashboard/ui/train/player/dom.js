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
