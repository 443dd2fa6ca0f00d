// Spike times as a person writes them: between commas or spaces.

export const wordsOf = (text) => text.split(/[,\s]+/).filter(Boolean);

/** Say how "12,5" was read, which could have been meant as a decimal comma; "" if there is no such. */
export function doubtOf(text) {
  const pair = text.match(/\d+,\d+/)?.[0];
  return pair ? `${pair} was read as two spikes, at ${pair.replace(",", " and ")} ms.` : "";
}
