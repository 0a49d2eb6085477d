import { pulse } from '../trace/pulse'
import { marginMm, type Paper, type Sheet } from '../trace/layout'
import type { Samples } from '../trace/samples'
import { type Film, Pen } from './pen'

/** Colours of paper and ink, as six hexadecimal digits after #. */
export interface Ink {
  paper: string
  fine: string
  bold: string
  trace: string
}

/** What is drawn, [lead][sample]. */
export interface Signal {
  rateHz: number
  samples: readonly Samples[]
}

/** Draws millimetre paper with `k` device pixels per mm; `from` is the point of the sheet in the upper left corner. */
export function drawGrid(g: CanvasRenderingContext2D, widthMm: number, heightMm: number, k: number, ink: Ink, from = { x: 0, y: 0 }): void {
  g.fillStyle = ink.paper
  g.fillRect(0, 0, g.canvas.width, g.canvas.height)
  const to = { x: from.x + widthMm, y: from.y + heightMm }
  // Below 2.5 device pixels per mm the fine lines would only be a haze.
  if (k >= 2.5) rule(g, from, to, k, 1, ink.fine, 1)
  rule(g, from, to, k, 5, ink.bold, Math.max(1, Math.round(k / 7)))
}

function rule(g: CanvasRenderingContext2D, from: { x: number; y: number }, to: { x: number; y: number }, k: number, every: number, colour: string, px: number): void {
  g.fillStyle = colour
  for (let mm = Math.ceil(from.x / every) * every; mm <= to.x; mm += every) {
    if (every === 1 && mm % 5 === 0) continue
    g.fillRect(Math.round((mm - from.x) * k), 0, px, g.canvas.height)
  }
  for (let mm = Math.ceil(from.y / every) * every; mm <= to.y; mm += every) {
    if (every === 1 && mm % 5 === 0) continue
    g.fillRect(0, Math.round((mm - from.y) * k), g.canvas.width, px)
  }
}

/** Draws the traces of a sheet into a film; what was on it is gone. */
export function drawTraces(film: Film, sheet: Sheet, paper: Paper, signal: Signal, k: number, ink: Ink): void {
  const pen = new Pen(film, Math.max(1, k * 0.28), ink.trace)
  const { rateHz } = signal
  const dx = (paper.speed / rateHz) * k
  for (const s of sheet.strips) {
    const samples = signal.samples[s.lead]
    if (!samples) continue
    const first = Math.max(0, Math.ceil(s.from * rateHz - 1e-6))
    const last = Math.min(samples.length, Math.ceil(s.to * rateHz - 1e-6))
    pen.trace(samples, first, last, { x: s.x * k - s.from * rateHz * dx, dx, y: s.y * k, dy: ((s.inverted ? 1 : -1) * s.gain * k) / 1000 })
  }
}

/** Writes lead names, calibration pulses and the ticks between leads over the traces. */
export function drawNames(g: CanvasRenderingContext2D, sheet: Sheet, paper: Paper, k: number, ink: Ink, font: string): void {
  const size = Math.max(9, Math.round(k * 3.1))
  g.font = `600 ${size}px ${font}`
  g.lineJoin = 'round'
  g.fillStyle = ink.trace
  const pulsed = new Set<number>()
  for (const s of sheet.strips) {
    g.lineWidth = Math.max(1, k * 0.28)
    g.strokeStyle = ink.trace
    g.beginPath()
    if (!pulsed.has(s.row)) {
      pulsed.add(s.row)
      pulse(paper.speed, s.gain).forEach(([x, y], i) => (i === 0 ? g.moveTo((1 + x) * k, (s.y + y) * k) : g.lineTo((1 + x) * k, (s.y + y) * k)))
    }
    if (s.x > marginMm) {
      g.moveTo(s.x * k, (s.y - 4) * k)
      g.lineTo(s.x * k, (s.y + 4) * k)
    }
    g.stroke()
    const name: [string, number, number] = [s.name, Math.round((s.x + 1.2) * k), Math.round((s.y - sheet.rowMm / 2) * k) + size]
    // A tall R wave may run through the name: it stands on a little clear paper.
    g.strokeStyle = ink.paper
    g.lineWidth = k * 0.9
    g.strokeText(...name)
    g.fillText(...name)
  }
}
