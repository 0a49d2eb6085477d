import { describe, expect, test } from 'vitest'
import { restore, standard as standardView } from '../src/app/ecg/view'
import { markAt, placeMarks } from '../src/draw/beats'
import { Pen } from '../src/draw/pen'
import { between, delta, intervals } from '../src/trace/beat'
import { grab, hit, march, nudge, read } from '../src/trace/caliper'
import { completed } from '../src/trace/derive'
import { filtered, Filters } from '../src/trace/filter'
import { arrange, lastStart, leadOrder, marginMm, rhythmLead } from '../src/trace/layout'
import { pinched } from '../src/trace/pinch'
import { pulse } from '../src/trace/pulse'
import { samplesOf } from '../src/trace/samples'
import { clockAt, neighbour, trendPaths } from '../src/trace/trend'
import { devicePxPerMm, fit, fromCard, recall, screenKey } from '../src/trace/scale'

const twelve = ['I', 'II', 'III', 'aVR', 'aVL', 'aVF', 'V1', 'V2', 'V3', 'V4', 'V5', 'V6']
const standard = { speed: 25, gain: 10 } as const

describe('the sheet', () => {
  test('puts twelve leads under each other over ten seconds', () => {
    const s = arrange(twelve, '12x1', standard, 0, 10)
    expect(s.rows).toBe(12)
    expect(s.strips.every((x) => x.from === 0 && x.to === 10 && x.width === 250)).toBe(true)
  })

  test('runs columns on in time, 2.5 s each, with the rhythm below', () => {
    const s = arrange(twelve, '3x4+1R', standard, 0, 10)
    const at = (name: string) => s.strips.find((x) => x.name === name && !x.rhythm)!
    expect([at('I').from, at('aVR').from, at('V1').from, at('V4').to]).toEqual([0, 2.5, 5, 10])
    expect([at('V4').x, at('V4').row]).toEqual([marginMm + 187.5, 0])
    const r = s.strips.find((x) => x.rhythm)!
    expect([r.name, r.row, r.from, r.to]).toEqual(['II', 3, 0, 10])
  })

  test('shows five seconds at 50 mm/s and none beyond the end', () => {
    const s = arrange(twelve, '6x2', { speed: 50, gain: 10 }, 7, 10)
    expect(s.seconds).toBe(5)
    expect(s.strips[0]).toMatchObject({ from: 7, to: 9.5 })
    expect(s.strips[11]).toMatchObject({ from: 9.5, to: 10 })
    expect(lastStart(10, 5)).toBe(5)
  })

  test('orders leads as read, whatever the file', () => {
    expect(leadOrder(['V1', 'II', 'X', 'I', 'AVR']).map((i) => ['V1', 'II', 'X', 'I', 'AVR'][i])).toEqual(['I', 'II', 'AVR', 'V1', 'X'])
    expect(rhythmLead(['X', 'V1'])).toBe(1)
    expect(arrange([], '3x4+1R', standard, 0, 0).strips).toEqual([])
  })
})

describe('the pen', () => {
  /** How much of each pixel a trace covers, 0–1, as rows, with a pen of `width` pixels; a sample per `dx` pixels, 1 µV a pixel. */
  function drawn(samples: readonly (number | null)[], { width = 1, dx = 1, size = 8 } = {}): number[][] {
    const film = { data: new Uint8ClampedArray(size * size * 4), width: size, height: size }
    new Pen(film, width, '#102030').trace(samplesOf(samples), 0, samples.length, { x: 0, dx, y: size / 2, dy: -1 })
    expect([...film.data.subarray(0, 3)]).toEqual([0x10, 0x20, 0x30])
    return Array.from({ length: size }, (_, y) => Array.from({ length: size }, (__, x) => film.data[(y * size + x) * 4 + 3]! / 255))
  }
  const column = (rows: number[][], x: number) => rows.map((r) => r[x]!)
  const sum = (list: readonly number[]) => list.reduce((a, b) => a + b, 0)

  test('a flat line is as thick as the pen and lies where its value is', () => {
    const rows = drawn([1, 1, 1, 1, 1, 1, 1, 1], { width: 1.5 })
    // 1 µV above the middle at 4: from 2.25 to 3.75.
    expect(column(rows, 3).map((v) => Math.round(v * 100) / 100)).toEqual([0, 0, 0.75, 0.75, 0, 0, 0, 0])
  })

  test('a steep line is as thick across as a flat one down', () => {
    const rows = drawn([-40, 40], { width: 2, dx: 8 })
    // A slope of 10: across it is wider by √(1 + 1/10²) only.
    expect(sum(rows[4]!)).toBeCloseTo(2 * Math.sqrt(1.01), 0)
    const wide = rows.map(sum)
    expect(Math.max(...wide.slice(1, 7)) - Math.min(...wide.slice(1, 7))).toBeLessThan(0.2)
  })

  test('keeps every peak when samples are denser than pixels', () => {
    const rows = drawn(Array.from({ length: 8000 }, (_, i) => (i === 4003 ? 3 : i === 4007 ? -3 : 0)), { dx: 0.001 })
    expect(column(rows, 4).filter((v) => v > 0)).toHaveLength(8)
    expect(column(rows, 6).filter((v) => v > 0)).toHaveLength(2)
  })

  test('breaks at gaps and never joins across them', () => {
    const rows = drawn([0, 0, null, null, null, null, 2, 2])
    expect([3, 4].map((x) => sum(column(rows, x)))).toEqual([0, 0])
    expect([0, 6].map((x) => sum(column(rows, x)) > 0)).toEqual([true, true])
    expect(sum(drawn([null, null]).flat())).toBe(0)
  })

  test('a sample alone is a dot, and what lies outside is left out', () => {
    expect(sum(drawn([null, null, null, 0, null], { width: 2 }).flat())).toBeGreaterThan(2)
    expect(sum(drawn([100, 100, -100, -100], { dx: 20 }).flat())).toBe(0)
  })

  test('the pulse is 0.2 s and 1 mV', () => {
    const p = pulse(25, 10)
    expect(p[3]![0] - p[2]![0]).toBeCloseTo(5)
    expect(p[2]![1]).toBe(-10)
    expect(pulse(50, 20)[2]![1]).toBe(-20)
  })
})

describe('the caliper', () => {
  test('reads time, rate and voltage', () => {
    expect(read({ x: 10, y: 20 }, { x: 30, y: 10 }, standard)).toEqual({ ms: 800, perMinute: 75, mv: 1 })
    expect(read({ x: 30, y: 10 }, { x: 30, y: 12.5 }, standard)).toEqual({ ms: 0, perMinute: null, mv: -0.25 })
    expect(read({ x: 0, y: 0 }, { x: 20, y: 0 }, { speed: 50, gain: 20 }).ms).toBe(400)
  })

  test('knows lead and time under the pointer', () => {
    const s = arrange(twelve, '3x4', standard, 0, 10)
    const v1 = s.strips.find((x) => x.name === 'V1')!
    const h = hit(s, standard, { x: v1.x + 25, y: v1.y + 1 })!
    expect([h.strip.name, h.at]).toEqual(['V1', 6])
    expect(hit(s, standard, { x: 1, y: 1 })).toBeNull()
  })

  test('is taken by the end that is near, and let be by a touch elsewhere', () => {
    const c = { a: { x: 10, y: 20 }, b: { x: 30, y: 10 }, gain: 10 }
    expect(grab(c, { x: 31, y: 11 }, 3)).toEqual(c)
    expect(grab(c, { x: 11, y: 19 }, 3)).toEqual({ a: c.b, b: c.a, gain: 10 })
    expect(grab(c, { x: 20, y: 15 }, 3)).toBeNull()
  })

  test('marches to both sides of the paper', () => {
    expect(march({ x: 50, y: 0 }, { x: 70, y: 0 }, 14, 130)).toEqual([30, 90, 110, 130])
    expect(march({ x: 50, y: 0 }, { x: 50.5, y: 0 }, 14, 130)).toEqual([])
  })
})

describe('the scale', () => {
  test('comes from a bank card and is refused when absurd', () => {
    expect(fromCard(323.5)).toBeCloseTo(3.779, 2)
    expect(fromCard(20)).toBeNull()
  })
  test('belongs to one screen', () => {
    const key = screenKey({ width: 1366, height: 768 }, 1)
    expect(recall({ getItem: (k) => (k === key ? '3.9' : null) }, key)).toBe(3.9)
    expect(recall({ getItem: () => 'x' }, key)).toBeNull()
  })
  test('fits the window and snaps to whole device pixels', () => {
    expect(fit(266, 190, 868, 600, 8)).toBeCloseTo(3.158, 2)
    expect(devicePxPerMm(3.2, 2)).toBe(6)
    expect(devicePxPerMm(3.2, 1)).toBe(3.2)
  })
})

describe('the sheet in other orders', () => {
  test('Cabrera begins with aVL and turns aVR upside down', () => {
    const s = arrange(twelve, '12x1', standard, 0, 10, { cabrera: true })
    expect(s.strips.slice(0, 6).map((x) => x.name)).toEqual(['aVL', 'I', '−aVR', 'II', 'aVF', 'III'])
    expect(s.strips[2]).toMatchObject({ lead: 3, inverted: true })
  })

  test('three rhythm strips: the chosen lead, V1, V5', () => {
    const s = arrange(twelve, '3x4+3R', standard, 0, 10, { rhythm: 'III' })
    expect(s.strips.filter((x) => x.rhythm).map((x) => [x.name, x.row])).toEqual([['III', 3], ['V1', 4], ['V5', 5]])
  })

  test('columns may begin together, chest leads have their own gain', () => {
    const s = arrange(twelve, '6x2', { ...standard, chest: 5 }, 2, 10, { together: true })
    expect(s.strips.map((x) => x.from)).toEqual(Array(12).fill(2))
    expect(s.strips.map((x) => x.gain)).toEqual([...Array<number>(6).fill(10), ...Array<number>(6).fill(5)])
  })
})

describe('the filter', () => {
  const rate = 500
  const sine = (hz: number) => Float64Array.from({ length: 5000 }, (_, i) => 1000 * Math.sin((2 * Math.PI * hz * i) / rate))
  const swing = (x: Float64Array) => Math.max(...x.slice(1500, 3500).map(Math.abs)) / 1000
  const none = { highPass: 0, lowPass: 0, notch: 0 } as const

  test('is 3 dB down at its corners and lets the middle pass', () => {
    const f = { highPass: 0.5, lowPass: 40, notch: 0 } as const
    expect(swing(filtered(sine(40), rate, f))).toBeCloseTo(Math.SQRT1_2, 1)
    expect(swing(filtered(sine(5), rate, f))).toBeCloseTo(1, 2)
    expect(swing(filtered(sine(120), rate, f))).toBeLessThan(0.03)
  })

  test('takes the mains out and moves nothing', () => {
    expect(swing(filtered(sine(50), rate, { ...none, notch: 50 }))).toBeLessThan(0.02)
    const peak = Float64Array.from({ length: 1000 }, (_, i) => (Math.abs(i - 500) < 20 ? 1000 - 50 * Math.abs(i - 500) : 0))
    const y = filtered(peak, rate, { highPass: 0.05, lowPass: 40, notch: 0 })
    expect(y.indexOf(Math.max(...y))).toBe(500)
  })

  test('keeps gaps as gaps, and nothing to do gives the samples themselves', () => {
    const x = samplesOf([1, null, 3, 4, null])
    expect(filtered(x, rate, none)).toBe(x)
    expect([...filtered(x, rate, { ...none, lowPass: 40 })].map(Number.isNaN)).toEqual([false, true, false, false, true])
    expect([...filtered(samplesOf([null, null]), rate, { ...none, lowPass: 40 })]).toEqual([NaN, NaN])
    expect(filtered(samplesOf([7]), rate, { ...none, lowPass: 40 })[0]).toBe(7)
  })

  test('asked for the same again does nothing again', () => {
    const f = new Filters([sine(5), sine(40)], rate)
    const whole = { highPass: 0.05, lowPass: 150, notch: 0 } as const
    const first = f.through(whole)
    expect(f.through({ ...whole })).toBe(first)
    const narrow = f.through({ ...whole, lowPass: 40 })
    expect(narrow).not.toBe(first)
    expect(narrow[1]).toEqual(filtered(sine(40), rate, { ...whole, lowPass: 40 }))
  })
})

describe('fine work', () => {
  test('a nudge is a millisecond and a hundredth of a millivolt', () => {
    const p = nudge({ x: 10, y: 20 }, 1, 10, { speed: 50, gain: 20 })
    expect([p.x, p.y]).toEqual([10.05, 19.8])
    expect(read({ x: 0, y: 0 }, { x: 25, y: -5 }, { ...standard, chest: 5 }, 5).mv).toBe(1)
  })

  test('a boundary stays between its neighbours', () => {
    const names = ['p_on_ms', 'qrs_on_ms', 't_end_ms'] as const
    const b = { p_on_ms: -180, qrs_on_ms: -40, t_end_ms: 350 }
    expect(between(names, b, 'qrs_on_ms', -300)).toBe(-180)
    expect(between(names, b, 't_end_ms', 371.4)).toBe(371)
    expect(between(names, { ...b, p_on_ms: null }, 'qrs_on_ms', -300)).toBe(-300)
  })

  test('intervals follow from boundaries; what is missing is missing', () => {
    expect(intervals({ p_on_ms: -180, qrs_on_ms: -40, qrs_off_ms: 52, t_end_ms: 360 }, 640)).toEqual({ pr: 140, qrs: 92, qt: 400, qtc: 500 })
    expect(intervals({ qrs_on_ms: -40, qrs_off_ms: 52, p_on_ms: null }, null)).toEqual({ pr: null, qrs: 92, qt: null, qtc: null })
    expect([delta(420, 400), delta(400, 420), delta(null, 3), delta(5, 5)]).toEqual(['+20', '−20', '', '0'])
  })

  test('beats are marked on the rhythm strip and found under the pointer', () => {
    const s = arrange(twelve, '3x4+1R', standard, 0, 10)
    const marks = placeMarks(s, standard, [{ sample: 500, at: 1, rrMs: 0, letter: '' }, { sample: 900, at: 1.8, rrMs: 800, letter: 'V' }, { sample: 9000, at: 18, rrMs: 0, letter: '' }])
    expect(marks.map((m) => [m.x, m.joined])).toEqual([[marginMm + 25, false], [marginMm + 45, true]])
    expect(markAt(marks, { x: marginMm + 46, y: marks[1]!.y })?.sample).toBe(900)
    expect(markAt(marks, { x: marginMm + 35, y: marks[1]!.y })).toBeNull()
  })

  test('a kept view survives, an unknown one is standard', () => {
    expect(restore({ layout: '3x4+3R', order: { cabrera: true }, filter: { lowPass: 40 } })).toMatchObject({ layout: '3x4+3R', order: { cabrera: true, rhythm: 'II' }, filter: { highPass: 0.05, lowPass: 40, notch: 0 } })
    expect(restore({ layout: '7x7', filter: { lowPass: 41 } })).toEqual(standardView)
    expect(restore(null)).toEqual(standardView)
  })
})

describe('eight stored leads', () => {
  test('are shown as twelve', () => {
    const w = completed({ leads: ['I', 'II', 'V1'], samples: [[100, null], [300, 5], [7, 8]] })
    expect(w.leads).toEqual(['I', 'II', 'V1', 'III', 'aVR', 'aVL', 'aVF'])
    expect(w.samples.slice(3).map((s) => s[0])).toEqual([200, -200, -50, 250])
    expect(w.samples[3]![1]).toBeNaN()
    const two = { leads: ['MLII', 'V5'], samples: [[1], [2]] }
    expect(completed(two).leads).toEqual(two.leads)
  })
})

describe('two fingers', () => {
  const box = { left: 10, top: 20 }
  test('keep what is between them between them', () => {
    // 60 px into the paper, fingers go apart to twice the distance and 5 px to the right.
    const p = pinched({ x: 70, y: 80, apart: 50 }, { x: 75, y: 80, apart: 100 }, 1, 8, box, { left: 0, top: 0 })
    expect(p).toEqual({ zoom: 2, left: 55, top: 60 })
  })
  test('make the paper neither smaller than the window nor larger than allowed', () => {
    expect(pinched({ x: 70, y: 80, apart: 100 }, { x: 70, y: 80, apart: 10 }, 2, 3, box, { left: 60, top: 60 }).zoom).toBe(1)
    expect(pinched({ x: 70, y: 80, apart: 10 }, { x: 70, y: 80, apart: 100 }, 2, 3, box, { left: 60, top: 60 }).zoom).toBe(3)
  })
})

describe('a day of Holter', () => {
  test('the trend breaks where no beats were, and keeps its extremes in the box', () => {
    const p = trendPaths([{ mean: 60, low: 55, high: 70 }, { mean: 0, low: 0, high: 0 }, { mean: 150, low: 120, high: 180 }], 300, 100)
    expect([p.top, p.bottom]).toEqual([190, 40])
    expect(p.line).toBe('M50.0 86.7M250.0 26.7')
    expect(trendPaths([], 300, 100).line).toBe('')
  })

  test('moments are told by the clock in Shanghai, or by the time since the start', () => {
    expect(clockAt('2026-11-20T00:00:00Z', 3725)).toBe('09:02:05')
    expect(clockAt(null, 90_061)).toBe('25:01:01')
  })

  test('events are stepped through in order, and end at the ends', () => {
    const events = [{ sample: 250 }, { sample: 500 }, { sample: 1000 }]
    expect(neighbour(events, 250, 1, 1)?.sample).toBe(500)
    expect(neighbour(events, 250, 4, 1)).toBeNull()
    expect(neighbour(events, 250, 4, -1)?.sample).toBe(500)
  })
})
