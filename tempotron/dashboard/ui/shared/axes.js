// Ranges and ticks of the stage's axes: round numbers that stay where they are while they serve.

/** The smallest of 1, 2, 2.5, 5 times a power of ten that is at least the given number. */
export function roundUp(number) {
  const power = 10 ** Math.floor(Math.log10(number));
  return [1, 2, 2.5, 5, 10].map((lead) => lead * power).find((round) => round >= number * (1 - 1e-9));
}

/** Round numbers from low to high, about `count` of them. */
export function ticks(low, high, count) {
  const step = roundUp((high - low) / count);
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}

/** A range of voltages for a curve and its threshold; the old one if it still serves. */
export function voltageRange(v, theta, old) {
  let low = 0;
  let high = theta;
  for (const value of v) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  const [bottom, top] = [Math.min(low * 1.1, -0.25 * theta), Math.max(high * 1.12, 1.4 * theta)];
  if (old && old[0] <= low && old[1] >= high * 1.02 && old[1] - old[0] < 2 * (top - bottom)) return old;
  const step = roundUp((top - bottom) / 8);
  return [Math.floor(bottom / step) * step, Math.ceil(top / step) * step];
}

/** A path through points whose coordinates are fractions of the picture, 0 at the bottom left. */
export function path(xs, ys) {
  let d = "";
  for (let i = 0; i < xs.length; i += 1) {
    const y = Math.min(Math.max(1 - ys[i], -1), 2);
    d += `${i ? "L" : "M"}${(xs[i] * 1000).toFixed(2)} ${(y * 1000).toFixed(2)}`;
  }
  return d;
}
