// Runs once in every document, before Streamlit draws anything in it.

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
