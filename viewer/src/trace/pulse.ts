/**
 * The corners of the calibration pulse in mm relative to its left edge and
 * baseline: 0.2 s wide and 1 mV high, with the feet of a recorder's.
 */
export function pulse(speed: number, gain: number): readonly (readonly [number, number])[] {
  const w = speed * 0.2
  return [[0, 0], [1, 0], [1, -gain], [1 + w, -gain], [1 + w, 0], [2 + w, 0]]
}
