// A Plotly figure that is redrawn in place: no remount, no blank between two states.

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

/** Give a figure the colours of the page it stands on; INK of tempotron/figures.py is its text's. */
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
  element.on("plotly_click", ({ points: [{ x, data }] }) => setTriggerValue("pick", { x, curve: data.name }));
  const save = element.parentElement.querySelector(".plot-save");
  save.hidden = !file;
  save.onclick = () => Plotly.downloadImage(element, { format: "svg", filename: file, width: 900, height: 500 });
}

export default function mount({ data, parentElement, setTriggerValue }) {
  const element = parentElement.querySelector(".plot-figure");
  element.setAttribute("aria-label", data.alt);
  parentElement.querySelector(".place").drawn = load(data.library).then(() => {
    if (!element.isConnected) return;
    const figure = themed(JSON.parse(data.figure), element);
    Plotly.react(element, figure.data, figure.layout, { displayModeBar: false, responsive: true });
    listen(element, data, setTriggerValue);
  });
  return () => globalThis.Plotly?.purge(element);
}
