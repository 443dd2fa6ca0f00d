// The address bar holds parameters of ours, and others that a course or a mailing has added.

/** Replace our parameters, which `names` lists, by a query string; others stay as they were. */
export function write(query, names) {
  const isForeign = (pair) => pair && !names.includes(decodeURIComponent(pair.split("=")[0]));
  const pairs = [...location.search.slice(1).split("&").filter(isForeign), query].filter(Boolean);
  const address = pairs.length ? `?${pairs.join("&")}` : location.pathname;
  history.replaceState(history.state, "", address);
}
