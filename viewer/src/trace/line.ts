/** A sample in µV; null is a gap. */
export type Sample = number | null

/**
 * The line of a piece of one lead in mm relative to its left edge and
 * baseline: pairs [x, y, x, y …], y growing downwards; NaN pairs break the
 * line at gaps.
 *
 * Where several samples fall into one step of `stepMm` (a device pixel) only
 * the first, lowest, highest and last are kept, in their order, so that no
 * peak is lost and the number of points is bounded by the width.
 */
export function line(
  samples: readonly Sample[], rateHz: number, from: number, to: number, speed: number, gain: number, stepMm: number,
): Float32Array {
  const first = Math.max(0, Math.ceil(from * rateHz - 1e-6))
  const last = Math.min(samples.length, Math.ceil(to * rateHz - 1e-6))
  const out: number[] = []
  const mmPerSample = speed / rateHz
  const x = (i: number) => (i / rateHz - from) * speed
  const y = (uv: number) => 0 - (uv / 1000) * gain
  if (mmPerSample >= stepMm) {
    for (let i = first; i < last; i++) {
      const v = samples[i]
      if (isValue(v)) out.push(x(i), y(v))
      else breakLine(out)
    }
    return Float32Array.from(out)
  }
  let i = first
  while (i < last) {
    const bin = Math.floor(x(i) / stepMm)
    let end = i + 1
    while (end < last && Math.floor(x(end) / stepMm) === bin) end++
    addBin(samples, i, end, x, y, out)
    i = end
  }
  return Float32Array.from(out)
}

function addBin(samples: readonly Sample[], from: number, to: number, x: (i: number) => number, y: (uv: number) => number, out: number[]): void {
  let low = -1
  let high = -1
  for (let i = from; i < to; i++) {
    const v = samples[i]
    if (!isValue(v)) {
      breakLine(out)
      continue
    }
    if (low < 0 || v < (samples[low] as number)) low = i
    if (high < 0 || v > (samples[high] as number)) high = i
  }
  if (low < 0) return
  const picks = [...new Set([from, low, high, to - 1])].sort((a, b) => a - b)
  for (const i of picks) {
    const v = samples[i]
    if (isValue(v)) out.push(x(i), y(v))
  }
}

function isValue(v: Sample | undefined): v is number {
  return v !== null && v !== undefined && Number.isFinite(v)
}

function breakLine(out: number[]): void {
  if (out.length >= 2 && !Number.isNaN(out[out.length - 1]!)) out.push(NaN, NaN)
}

/**
 * The calibration pulse in mm relative to its left edge and baseline: 0.2 s
 * wide and 1 mV high, with the feet of a recorder's.
 */
export function pulse(speed: number, gain: number): Float32Array {
  const w = speed * 0.2
  return Float32Array.from([0, 0, 1, 0, 1, -gain, 1 + w, -gain, 1 + w, 0, 2 + w, 0])
}
