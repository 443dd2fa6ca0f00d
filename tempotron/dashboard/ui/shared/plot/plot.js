// A Plotly figure that is redrawn in place: no remount, no blank between two states. Its library is
// fetched once a figure comes into view.

let library;

function load(url) {
  library ??= new Promise((resolve, reject) => {
    if (globalThis.Plotly) return resolve();
    const script = document.createElement("script");
    Object.assign(script, { src: url, onload: resolve, onerror: reject });
    document.head.append(script);
  });
  return library;
}

/** Give a figure the colours of the page it stands on; INK of tempotron/dashboard/answers/figures.py is its text's. */
function themed({ data, layout }, element) {
  const { color, fontFamily } = getComputedStyle(element);
  const faint = color.replace(/rgba?\(([^,]+,[^,]+,[^,)]+).*/, "rgba($1, 0.14)");
  const inked = (value) => JSON.parse(JSON.stringify(value).replaceAll("rgb(1, 2, 3)", color));
  const axis = (old) => ({ ...old, gridcolor: faint, zerolinecolor: faint });
  return {
    data: data.map((trace) => ({ ...trace, ...(trace.line && { line: inked(trace.line) }), ...(trace.marker && { marker: inked(trace.marker) }) })),
    layout: {
      ...layout,
      paper_bgcolor: "transparent",
      plot_bgcolor: "transparent",
      font: { color, family: fontFamily, size: 12.5 },
      xaxis: axis(layout.xaxis),
      yaxis: axis(layout.yaxis),
    },
  };
}

function listen(element, { file }, setTriggerValue) {
  element.removeAllListeners("plotly_click");
  element.on("plotly_click", ({ points: [{ x, customdata, data }] }) => setTriggerValue("pick", { x: customdata?.[0] ?? x, curve: data.name }));
  const save = element.parentElement.querySelector(".plot-save");
  save.hidden = !file;
  save.onclick = () => Plotly.downloadImage(element, { format: "svg", filename: file, width: 900, height: 500 });
}

const NEAR = "200px"; // below the window
const latest = new WeakMap(); // of a figure's element, what to draw; known once it has come into view
// The library keeps a browser busy for a while: first all that needs none of it is shown (page.js).
const pageDrawn = new Promise((resolve) => {
  if ("drawn" in document.documentElement.dataset) resolve();
  else addEventListener("tempotron:drawn", resolve, { once: true });
});
const seen = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) if (isIntersecting) show(target);
}, { rootMargin: NEAR });

async function show(element) {
  seen.unobserve(element);
  await pageDrawn;
  element.seen = true;
  const { data } = latest.get(element);
  load(data.library).then(() => draw(element));
}

function draw(element) {
  if (!element.isConnected) return;
  const { data, setTriggerValue } = latest.get(element);
  const figure = themed(JSON.parse(data.figure), element);
  Plotly.react(element, figure.data, figure.layout, { displayModeBar: false, responsive: true });
  listen(element, data, setTriggerValue);
}

export default function mount({ data, parentElement, setTriggerValue }) {
  const element = parentElement.querySelector(".plot-figure");
  element.setAttribute("aria-label", data.alt);
  latest.set(element, { data, setTriggerValue });
  if (element.seen) load(data.library).then(() => draw(element));
  else seen.observe(element);
  return () => {
    seen.unobserve(element);
    globalThis.Plotly?.purge(element);
  };
}
