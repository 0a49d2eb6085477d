import { describe, expect, test } from 'vitest'
import { restore, standard as standardView } from '../src/app/ecg/view'
import { markAt, placeMarks } from '../src/draw/beats'
import { between, delta, intervals } from '../src/trace/beat'
import { hit, march, nudge, read } from '../src/trace/caliper'
import { completed } from '../src/trace/derive'
import { filtered } from '../src/trace/filter'
import { arrange, lastStart, leadOrder, marginMm, rhythmLead } from '../src/trace/layout'
import { line, pulse } from '../src/trace/line'
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

describe('the line', () => {
  test('is true to scale: 1 mV is 10 mm up, 1 s is 25 mm', () => {
    const l = line([0, 1000, -500], 1, 0, 3, 25, 10, 0.01)
    expect([...l]).toEqual([0, 0, 25, -10, 50, 5])
  })

  test('keeps every peak when samples are denser than pixels', () => {
    const samples = Array.from({ length: 1000 }, (_, i) => (i === 503 ? 1500 : i === 507 ? -700 : 0))
    const l = line(samples, 1000, 0, 1, 25, 10, 0.5)
    const ys = [...l].filter((_, i) => i % 2 === 1)
    expect([Math.min(...ys), Math.max(...ys)]).toEqual([-15, 7])
    expect(l.length / 2).toBeLessThanOrEqual(4 * 51)
  })

  test('breaks at gaps and never joins across them', () => {
    const l = line([0, null, null, 1000], 1, 0, 4, 25, 10, 0.01)
    expect([...l]).toEqual([0, 0, NaN, NaN, 75, -10])
    expect([...line([null, null], 500, 0, 1, 25, 10, 1)]).toEqual([])
  })

  test('the pulse is 0.2 s and 1 mV', () => {
    const p = pulse(25, 10)
    expect(p[6]! - p[4]!).toBeCloseTo(5)
    expect(p[5]).toBe(-10)
    expect(pulse(50, 20)[5]).toBe(-20)
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
  const sine = (hz: number) => Array.from({ length: 5000 }, (_, i) => 1000 * Math.sin((2 * Math.PI * hz * i) / rate))
  const swing = (x: readonly (number | null)[]) => Math.max(...x.slice(1500, 3500).map((v) => Math.abs(v ?? 0))) / 1000

  test('is 3 dB down at its corners and lets the middle pass', () => {
    const f = { highPass: 0.5, lowPass: 40, notch: 0 } as const
    expect(swing(filtered(sine(40), rate, f))).toBeCloseTo(Math.SQRT1_2, 1)
    expect(swing(filtered(sine(5), rate, f))).toBeCloseTo(1, 2)
    expect(swing(filtered(sine(120), rate, f))).toBeLessThan(0.03)
  })

  test('takes the mains out and moves nothing', () => {
    expect(swing(filtered(sine(50), rate, { highPass: 0, lowPass: 0, notch: 50 }))).toBeLessThan(0.02)
    const peak = Array.from({ length: 1000 }, (_, i) => (Math.abs(i - 500) < 20 ? 1000 - 50 * Math.abs(i - 500) : 0))
    const y = filtered(peak, rate, { highPass: 0.05, lowPass: 40, notch: 0 })
    expect(y.indexOf(Math.max(...y.map((v) => v ?? 0)))).toBe(500)
  })

  test('keeps gaps as gaps, and nothing to do gives the samples themselves', () => {
    const x = [1, null, 3, 4, null]
    expect(filtered(x, rate, { highPass: 0, lowPass: 0, notch: 0 })).toBe(x)
    expect(filtered(x, rate, { highPass: 0, lowPass: 40, notch: 0 }).map((v) => v === null)).toEqual([false, true, false, false, true])
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
    expect(w.samples[3]![1]).toBeNull()
    const two = { leads: ['MLII', 'V5'], samples: [[1], [2]] }
    expect(completed(two)).toBe(two)
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
