const base = new URL("BASE", document.baseURI);
const text = (file) => fetch(new URL(file, base)).then((answer) => answer.text());
// A page that was open while the server was updated runs on with what it has.
const current = (globalThis.tempotronBuild ??= "BUILD") === "BUILD";
const parts = current && Promise.all([import(new URL("NAME.js", base)), ...["common.css", "NAME.css", "NAME.html"].map(text)]);
const cleanups = new WeakMap();

export default function load(component) {
  const place = component.parentElement.querySelector(".place");
  if (!current) return outdated();
  parts.then(([module, common, css, html]) => {
    if (!place.isConnected) return;
    if (!place.firstChild) place.innerHTML = `<style>${common}${css}</style>${html}`;
    cleanups.set(place, module.default(component));
    return place.drawn;
  }).catch((error) => {
    console.error(error);
    if (!cleanups.has(place)) place.textContent = "This part of the page could not be drawn. Reload the page: what you made is kept.";
  }).then(() => {
    place.removeAttribute("style");
    place.removeAttribute("aria-busy");
  });
  return () => {
    if (place.isConnected) return; // called early: a newer message overtook this one
    cleanups.get(place)?.();
    cleanups.delete(place);
  };
}

function outdated() {
  if (document.querySelector(".tempotron-note.outdated")) return;
  const note = document.createElement("div");
  note.className = "tempotron-note outdated";
  note.setAttribute("role", "alert");
  note.innerHTML = "<span>Tempotron was updated while this page was open. Your edits are kept.</span> <button type='button'>Reload</button>";
  note.lastChild.onclick = () => location.reload();
  document.body.append(note);
}
