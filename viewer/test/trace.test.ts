import { describe, expect, test } from 'vitest'
import { hit, march, read } from '../src/trace/caliper'
import { arrange, lastStart, leadOrder, marginMm, rhythmLead } from '../src/trace/layout'
import { line, pulse } from '../src/trace/line'
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
