// Runs once in every document, before Streamlit draws anything in it.

// Streamlit shows an empty page after a message from a page that has been left. From the click on a
// link of the menu on, nothing is sent until the other page's heading is there.

const LEAVING = 10_000; // ms after which a page that is still there was not left
let left = { heading: null, until: -Infinity };

const heading = () => document.querySelector("h1")?.textContent;

/** Whether the page is about to be left: then components send nothing. */
globalThis.tempotronLeaves = () => performance.now() < left.until && heading() === left.heading;

globalThis.tempotronLeave = () => {
  left = { heading: heading(), until: performance.now() + LEAVING };
};

const MENU = "[data-testid=stPageLink] a";
const LATEST = 1000; // ms for which a link waits for what is still to be sent
let going = false;

// A component hands a post to Streamlit, which sends it when it has time.
let sent = 0;
let owed = 0;
const send = WebSocket.prototype.send;
WebSocket.prototype.send = function count(...message) {
  sent += 1;
  return send.apply(this, message);
};
globalThis.tempotronPosts = () => {
  owed = sent + 1;
};

/** A link of the menu waits for a moment if something is still to be sent: it has to come first. */
function click(event) {
  const link = event.target.closest?.(MENU);
  const { ctrlKey, metaKey, shiftKey } = event;
  if (!link || ctrlKey || metaKey || shiftKey) return; // in another tab or window nothing is left
  const { href } = link;
  if (new URL(href).pathname === location.pathname) return;
  if (!going) dispatchEvent(new Event("tempotron:leave"));
  if (going || sent >= owed) return globalThis.tempotronLeave();
  event.preventDefault();
  event.stopImmediatePropagation();
  follow(href, performance.now() + LATEST);
}

function follow(href, latest) {
  if (sent < owed && performance.now() < latest) return setTimeout(() => follow(href, latest), 10);
  going = true;
  Array.from(document.querySelectorAll(MENU)).find((link) => link.href === href)?.click();
  going = false;
  return undefined;
}

/** Back and Forward lead to another page, or to another state of this one. */
let path = location.pathname;

function travel() {
  if (location.pathname !== path) globalThis.tempotronLeave();
  path = location.pathname;
}

document.addEventListener("click", click, { capture: true });
addEventListener("popstate", travel, { capture: true });
new MutationObserver(() => (path = location.pathname)).observe(document.head, { subtree: true, childList: true, characterData: true });

const LONGEST = 4000; // ms after which the page is shown as it is
const STEADY = 4; // times in a row that all is found to stand, 30 ms apart
let steady = 0;

/** Whether all that a first visit brings stands where it will stay. */
function drawn() {
  const app = document.querySelector(".stApp");
  if (app?.dataset.testScriptState !== "notRunning" || !app.querySelector("h1")) return false;
  // What is still to come low in the window moves little of what is seen.
  const low = 0.75 * innerHeight;
  const toCome = Array.from(app.querySelectorAll("[data-testid=stSkeleton]"));
  if (toCome.some((skeleton) => skeleton.getBoundingClientRect().top < low)) return false;
  const roots = [document, ...Array.from(app.querySelectorAll("*"), (element) => element.shadowRoot).filter(Boolean)];
  return roots.every((root) => !root.querySelector(".place[aria-busy]"));
}

/** Show the page when it is drawn: what a person sees does not move. */
function reveal() {
  // A component that is still to be mounted has no place yet: once is not enough.
  steady = drawn() ? steady + 1 : 0;
  if (steady < STEADY && performance.now() < LONGEST) {
    setTimeout(reveal, 30);
    return;
  }
  document.documentElement.dataset.drawn = "";
  dispatchEvent(new Event("tempotron:drawn"));
}

reveal();

// A way past the menu, for the keyboard.

const GOAL = ".player .play, .raster .spike[tabindex='0']";

/** What a page is for: Play, or the first spike; else its heading. */
function goal() {
  const roots = Array.from(document.querySelectorAll("*"), (element) => element.shadowRoot).filter(Boolean);
  const found = roots.map((root) => root.querySelector(GOAL)).find(Boolean) ?? document.querySelector("h1");
  if (found?.matches("h1")) found.tabIndex = -1;
  return found;
}

function newSkip() {
  const made = document.createElement("nav");
  made.className = "tempotron-skip";
  made.setAttribute("aria-label", "Shortcut");
  made.innerHTML = "<button type='button'>Skip the menu</button>";
  made.firstChild.onclick = () => goal()?.focus();
  return made;
}

document.body.prepend(newSkip());

// A lost connection. Streamlit comes back by itself, and letters without an answer are sent again.

const LOST = 1500; // ms without a connection after which it is told
const LONG_LOST = 10_000; // and after which a reload is offered
const GLANCE = 500; // ms between two looks at the connection
const EMPTY = 3; // glances after which a page that Streamlit left empty is asked for again
let connected = performance.now();
let once = false; // there has been a connection
let away = false; // there was none at the last glance
let line = null;
let empty = 0; // glances in a row at a page without anything, though nothing runs

function glance() {
  const now = performance.now();
  const { testConnectionState: state, testScriptState: script } = document.querySelector(".stApp")?.dataset ?? {};
  const back = state === "CONNECTED" && once && away;
  away = state !== "CONNECTED";
  if (!away) once = true;
  if (!away || !once) connected = now;
  empty = !away && script === "notRunning" && "drawn" in document.documentElement.dataset && !heading() ? empty + 1 : 0;
  if (back || empty === EMPTY) {
    empty = 0;
    runAgain();
  }
  const lost = now - connected;
  document.documentElement.toggleAttribute("data-lost", lost > LOST);
  if (lost > LOST) line ??= newLine();
  else if (line) line = line.remove() ?? null;
  if (line) line.lastChild.hidden = lost < LONG_LOST;
}

/** A server that was started anew knows no fragment of this page until the whole page has run: as
 * by Streamlit's own key for it. */
function runAgain() {
  for (const type of ["keydown", "keypress", "keyup"]) {
    document.body.dispatchEvent(new KeyboardEvent(type, { key: "r", code: "KeyR", keyCode: 82, which: 82, bubbles: true }));
  }
}

function newLine() {
  const made = document.createElement("div");
  made.className = "tempotron-note lost";
  made.setAttribute("role", "status");
  made.innerHTML = "<span>Reconnecting: your edits are kept here.</span><button type='button' hidden>Reload</button>";
  made.lastChild.onclick = () => location.reload();
  document.body.append(made);
  return made;
}

setInterval(glance, GLANCE);
