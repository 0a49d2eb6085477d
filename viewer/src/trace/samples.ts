/** Samples of one lead in µV; NaN is a gap. */
export type Samples = Float64Array

/** Samples as the hub sends them, where null is a gap. */
export function samplesOf(list: readonly (number | null)[]): Samples {
  return Float64Array.from(list, (v) => v ?? NaN)
}
