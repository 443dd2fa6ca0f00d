// Packed bytes, as tempotron/dashboard/answers/recording.py writes them, and the patterns of a task.

const TYPES = { "<i4": Int32Array, "<f4": Float32Array, "<f8": Float64Array, "|i1": Int8Array };

/** Read packed bytes: the fields of the header, the arrays, and their shapes. */
export function unpack(buffer) {
  const length = new Uint32Array(buffer, 0, 1)[0];
  const { arrays, ...fields } = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 8, length)));
  const shapes = {};
  for (const [name, [type, shape, offset]] of Object.entries(arrays)) {
    const count = shape.reduce((product, size) => product * size, 1);
    fields[name] = new TYPES[type](buffer, 8 + length + offset, count);
    shapes[name] = shape;
  }
  return { ...fields, shapes };
}

/** The patterns that are learned. */
export class Task {
  constructor(buffer) {
    const { T, neurons, spikes, shapes } = unpack(buffer);
    [this.patterns, this.afferents, this.places] = shapes.spikes;
    this.neurons = neurons;
    this.T = T;
    this.spikes = spikes; // [P, N, S]
    this.sorted = [];
  }

  /** The spikes of one afferent that count. */
  row(pattern, afferent) {
    const start = (pattern * this.afferents + afferent) * this.places;
    return this.spikes.subarray(start, start + this.places).filter((time) => time >= 0 && time < this.T);
  }

  /** All spikes of a pattern that count, in the order of time: {time, afferent}. */
  events(pattern) {
    this.sorted[pattern] ??= Array.from({ length: this.afferents }, (_, afferent) => Array.from(this.row(pattern, afferent), (time) => ({ time, afferent })))
      .flat()
      .sort((a, b) => a.time - b.time);
    return this.sorted[pattern];
  }
}
