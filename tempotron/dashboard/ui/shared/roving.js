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
