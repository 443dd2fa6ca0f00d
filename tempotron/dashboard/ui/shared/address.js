// The address bar holds parameters of ours, and others that a course or a mailing has added.

/** Give our parameters, which `names` lists, by a query string; others stay as they were. */
export function write(query, names, { anew = false } = {}) {
  const isForeign = (pair) => pair && !names.includes(pair.split("=")[0]); // our names need no escape
  const pairs = [...location.search.slice(1).split("&").filter(isForeign), query].filter(Boolean);
  const address = pairs.length ? `?${pairs.join("&")}` : location.pathname;
  if (address === (location.search || location.pathname)) return;
  if (anew) history.pushState(history.state, "", address);
  else history.replaceState(history.state, "", address);
}
