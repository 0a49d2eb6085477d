import type { Sample } from './line'

/**
 * What the eye is spared: corner frequencies in Hz at −3 dB; 0 leaves a stage
 * out. Applied forwards and backwards, so that no wave moves. The same sections
 * as the hub's drawing, so that screen and print agree.
 */
export interface Filter {
  highPass: 0 | 0.05 | 0.15 | 0.5
  lowPass: 0 | 25 | 40 | 75 | 100 | 150
  notch: 0 | 50
}

export const highPasses: readonly Filter['highPass'][] = [0, 0.05, 0.15, 0.5]
export const lowPasses: readonly Filter['lowPass'][] = [0, 25, 40, 75, 100, 150]

/** Diagnostic bandwidth. */
export const diagnostic: Filter = { highPass: 0.05, lowPass: 150, notch: 0 }

/** By how much the corner of a second-order Butterworth comes down when it runs twice. */
const twice = 0.8022

/** A filtered copy of samples in µV; gaps stay gaps. Stages the rate cannot carry are left out. */
export function filtered(samples: readonly Sample[], rateHz: number, f: Filter): Sample[] {
  if (samples.length < 2 || (f.highPass === 0 && f.lowPass === 0 && f.notch === 0)) return samples as Sample[]
  const { x, gaps } = bridged(samples)
  let y = x
  if (f.highPass > 0) y = zeroPhase(y, highPass(moved(f.highPass, twice, rateHz), rateHz), Math.floor((2 * rateHz) / f.highPass))
  if (f.lowPass > 0 && f.lowPass < 0.45 * rateHz) y = zeroPhase(y, lowPass(moved(f.lowPass, 1 / twice, rateHz), rateHz), Math.floor((4 * rateHz) / f.lowPass))
  if (f.notch > 0 && f.notch < 0.45 * rateHz) y = zeroPhase(y, notch(f.notch, rateHz), Math.floor(rateHz))
  const out: Sample[] = Array.from(y)
  for (const i of gaps) out[i] = null
  return out
}

/** hz times factor on the analogue scale of the bilinear transform. */
function moved(hz: number, factor: number, rate: number): number {
  return (rate / Math.PI) * Math.atan(factor * Math.tan((Math.PI * hz) / rate))
}

/** Gaps replaced by straight lines, and where they were. */
function bridged(samples: readonly Sample[]): { x: Float64Array; gaps: number[] } {
  const x = new Float64Array(samples.length)
  const gaps: number[] = []
  let last = -1
  for (let i = 0; i < samples.length; i++) {
    const v = samples[i]
    if (v === null || v === undefined || !Number.isFinite(v)) {
      gaps.push(i)
      continue
    }
    x[i] = v
    const from = last >= 0 ? x[last]! : v
    for (let j = last + 1; j < i; j++) x[j] = from + ((v - from) * (j - last)) / (i - last)
    last = i
  }
  for (let j = last + 1; last >= 0 && j < x.length; j++) x[j] = x[last]!
  return { x, gaps }
}

/** A second-order section with a0 = 1: b0, b1, b2, a1, a2. */
type Section = readonly [number, number, number, number, number]

function lowPass(hz: number, rate: number): Section {
  const w = (2 * Math.PI * hz) / rate
  const cos = Math.cos(w)
  const alpha = Math.sin(w) / Math.SQRT2
  const a0 = 1 + alpha
  return [(1 - cos) / 2 / a0, (1 - cos) / a0, (1 - cos) / 2 / a0, (-2 * cos) / a0, (1 - alpha) / a0]
}

function highPass(hz: number, rate: number): Section {
  const w = (2 * Math.PI * hz) / rate
  const cos = Math.cos(w)
  const alpha = Math.sin(w) / Math.SQRT2
  const a0 = 1 + alpha
  return [(1 + cos) / 2 / a0, -(1 + cos) / a0, (1 + cos) / 2 / a0, (-2 * cos) / a0, (1 - alpha) / a0]
}

/** 2 Hz wide. */
function notch(hz: number, rate: number): Section {
  const w = (2 * Math.PI * hz) / rate
  const cos = Math.cos(w)
  const alpha = Math.sin(w) / hz
  const a0 = 1 + alpha
  return [1 / a0, (-2 * cos) / a0, 1 / a0, (-2 * cos) / a0, (1 - alpha) / a0]
}

/** Forwards and backwards over x, continued at both ends by its point reflection. */
function zeroPhase(x: Float64Array, q: Section, reach: number): Float64Array {
  const n = x.length
  const pad = Math.min(reach, n - 1)
  const long = new Float64Array(n + 2 * pad)
  for (let i = 0; i < pad; i++) {
    long[i] = 2 * x[0]! - x[pad - i]!
    long[pad + n + i] = 2 * x[n - 1]! - x[n - 2 - i]!
  }
  long.set(x, pad)
  run(long, q)
  long.reverse()
  run(long, q)
  long.reverse()
  return long.slice(pad, pad + n)
}

/** Filters x in place, as if x[0] had stood for ever before it. */
function run(x: Float64Array, [b0, b1, b2, a1, a2]: Section): void {
  const gain = (b0 + b1 + b2) / (1 + a1 + a2)
  let x1 = x[0]!
  let x2 = x1
  let y1 = gain * x1
  let y2 = y1
  for (let i = 0; i < x.length; i++) {
    const v = x[i]!
    const y = b0 * v + b1 * x1 + b2 * x2 - a1 * y1 - a2 * y2
    x2 = x1
    x1 = v
    y2 = y1
    y1 = y
    x[i] = y
  }
}
