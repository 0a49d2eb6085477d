import type { Samples } from './samples'

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

/**
 * The leads of one recording through the filters. What a stage made is kept,
 * so that another low-pass does not run the high-pass again, and asking for
 * the same filter twice gives the same arrays.
 */
export class Filters {
  private readonly bridges: readonly { x: Samples; gaps: number[] }[]
  private readonly kept = new Map<string, { of: string; samples: readonly Samples[] }>()

  constructor(private readonly leads: readonly Samples[], private readonly rateHz: number) {
    this.bridges = leads.map(bridged)
  }

  /** The leads filtered; gaps stay gaps. Stages the rate cannot carry are left out. */
  through(f: Filter): readonly Samples[] {
    const rate = this.rateHz
    const carried = (hz: number) => hz > 0 && hz < 0.45 * rate
    if (f.highPass === 0 && !carried(f.lowPass) && !carried(f.notch)) return this.leads
    let x: readonly Samples[] = this.bridges.map((b) => b.x)
    let of = ''
    const stage = (name: string, hz: number, section: Section, reach: number) => {
      of += `${name} ${hz} `
      const before = x
      x = this.keep(name, of, () => before.map((lead) => zeroPhase(lead, section, Math.floor(reach))))
    }
    if (f.highPass > 0) stage('high', f.highPass, highPass(moved(f.highPass, twice, rate), rate), (2 * rate) / f.highPass)
    if (carried(f.lowPass)) stage('low', f.lowPass, lowPass(moved(f.lowPass, 1 / twice, rate), rate), (4 * rate) / f.lowPass)
    if (carried(f.notch)) stage('notch', f.notch, notch(f.notch, rate), rate)
    return this.keep('gaps', of, () => x.map((lead, i) => reopened(lead, this.bridges[i]!.gaps)))
  }

  /** What a stage made last, if it was made of the same. */
  private keep(stage: string, of: string, make: () => readonly Samples[]): readonly Samples[] {
    const last = this.kept.get(stage)
    if (last?.of === of) return last.samples
    const samples = make()
    this.kept.set(stage, { of, samples })
    return samples
  }
}

/** One lead filtered by itself. */
export function filtered(samples: Samples, rateHz: number, f: Filter): Samples {
  return new Filters([samples], rateHz).through(f)[0]!
}

function reopened(x: Samples, gaps: readonly number[]): Samples {
  if (gaps.length === 0) return x
  const out = x.slice()
  for (const i of gaps) out[i] = NaN
  return out
}

/** hz times factor on the analogue scale of the bilinear transform. */
function moved(hz: number, factor: number, rate: number): number {
  return (rate / Math.PI) * Math.atan(factor * Math.tan((Math.PI * hz) / rate))
}

/** Gaps replaced by straight lines, and where they were. */
function bridged(samples: Samples): { x: Samples; gaps: number[] } {
  const x = samples.slice()
  const gaps: number[] = []
  let last = -1
  for (let i = 0; i < x.length; i++) {
    const v = x[i]!
    if (!Number.isFinite(v)) {
      gaps.push(i)
      continue
    }
    const from = last >= 0 ? x[last]! : v
    for (let j = last + 1; j < i; j++) x[j] = from + ((v - from) * (j - last)) / (i - last)
    last = i
  }
  for (let j = last + 1; j < x.length; j++) x[j] = last >= 0 ? x[last]! : 0
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
function zeroPhase(x: Samples, q: Section, reach: number): Samples {
  const n = x.length
  if (n < 2) return x
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
function run(x: Samples, [b0, b1, b2, a1, a2]: Section): void {
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
