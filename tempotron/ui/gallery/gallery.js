// The tasks as buttons: on each a pattern that ought to make the neuron fire, and one that ought not.

export default function mount({ data, parentElement, setTriggerValue }) {
  const gallery = parentElement.querySelector(".gallery");
  if (!gallery.dataset.listens) {
    gallery.dataset.listens = true;
    gallery.addEventListener("click", ({ target }) => {
      const task = target.closest("button")?.dataset.task;
      if (task) gallery.choose(task);
    });
  }
  gallery.choose = (task) => setTriggerValue("task", task);
  const { tasks, chosen } = data;
  while (gallery.children.length > tasks.length) gallery.lastChild.remove();
  while (gallery.children.length < tasks.length) gallery.append(newButton());
  tasks.forEach((task, i) => label(gallery.children[i], task, task.key === chosen));
  if (gallery.dataset.chosen === chosen) return;
  gallery.dataset.chosen = chosen;
  reveal(gallery, gallery.querySelector("[aria-pressed=true]"));
}

/** Scroll a button into sight, sideways only. */
function reveal(gallery, button) {
  const [frame, box] = [gallery.getBoundingClientRect(), button.getBoundingClientRect()];
  gallery.scrollLeft += Math.max(0, box.right - frame.right) - Math.max(0, frame.left - box.left);
}

function newButton() {
  const button = document.createElement("button");
  button.type = "button";
  button.innerHTML = '<div class="pair" aria-hidden="true"></div><span></span>';
  return button;
}

/** Change a button in place, so that it keeps the focus. */
function label(button, { key, name, patterns }, chosen) {
  button.dataset.task = key;
  button.lastChild.textContent = name;
  button.firstChild.innerHTML = patterns.map(picture).join("");
  button.setAttribute("aria-pressed", chosen);
}

function picture({ fire, rows }) {
  const height = 1000 / rows.length;
  const tick = (row) => (x) => `M${(x * 1000).toFixed(1)} ${((row + 0.1) * height).toFixed(1)}v${(0.8 * height).toFixed(1)}`;
  const ticks = rows.flatMap((row, i) => row.map(tick(i))).join("");
  return `<svg class="${fire ? "fire" : "silent"}" viewBox="0 0 1000 1000" preserveAspectRatio="none"><path d="${ticks}"/></svg>`;
}
