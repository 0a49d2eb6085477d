import { line, pulse, type Sample } from '../trace/line'
import { marginMm, type Paper, type Sheet } from '../trace/layout'

/** Colours of paper and ink, as CSS colours. */
export interface Ink {
  paper: string
  fine: string
  bold: string
  trace: string
  mark: string
}

/** What is drawn: microvolts, [lead][sample]. */
export interface Signal {
  rateHz: number
  samples: readonly (readonly Sample[])[]
}

/** Draws millimetre paper with `k` device pixels per mm; `from` is the point of the sheet in the upper left corner. */
export function drawGrid(g: CanvasRenderingContext2D, widthMm: number, heightMm: number, k: number, ink: Ink, from = { x: 0, y: 0 }): void {
  g.setTransform(1, 0, 0, 1, 0, 0)
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

/** Draws the traces of a sheet; unless `bare` with lead names and calibration pulses. */
export function drawTraces(g: CanvasRenderingContext2D, sheet: Sheet, paper: Paper, signal: Signal, k: number, ink: Ink, font: string, bare = false): void {
  g.setTransform(1, 0, 0, 1, 0, 0)
  g.lineJoin = 'round'
  g.strokeStyle = ink.trace
  g.fillStyle = ink.trace
  g.lineWidth = Math.max(1, k * 0.28)
  const size = Math.max(9, Math.round(k * 3.1))
  g.font = `600 ${size}px ${font}`
  const pulsed = new Set<number>()
  for (const s of sheet.strips) {
    const points = line(signal.samples[s.lead] ?? [], signal.rateHz, s.from, s.to, paper.speed, s.inverted ? -s.gain : s.gain, 1 / k)
    path(g, points, s.x, s.y, k)
    if (bare) continue
    if (!pulsed.has(s.row)) {
      pulsed.add(s.row)
      path(g, pulse(paper.speed, s.gain), 1, s.y, k)
    }
    if (s.x > marginMm) tick(g, s.x, s.y, k)
    const name: [string, number, number] = [s.name, Math.round((s.x + 1.2) * k), Math.round((s.y - sheet.rowMm / 2) * k) + size]
    // A tall R wave may run through the name: it stands on a little clear paper.
    g.save()
    g.strokeStyle = ink.paper
    g.lineWidth = k * 0.9
    g.strokeText(...name)
    g.restore()
    g.fillText(...name)
  }
}

function path(g: CanvasRenderingContext2D, points: Float32Array, x: number, y: number, k: number): void {
  g.beginPath()
  let pen = false
  for (let i = 0; i < points.length; i += 2) {
    const px = points[i]!
    if (Number.isNaN(px)) {
      pen = false
      continue
    }
    const at: [number, number] = [(x + px) * k, (y + points[i + 1]!) * k]
    if (pen) g.lineTo(...at)
    else g.moveTo(...at)
    pen = true
  }
  g.stroke()
}

/** The short line where one lead ends and the next begins. */
function tick(g: CanvasRenderingContext2D, x: number, y: number, k: number): void {
  g.beginPath()
  g.moveTo(x * k, (y - 4) * k)
  g.lineTo(x * k, (y + 4) * k)
  g.stroke()
}

/** A caliper in mm of the paper with its marching marks. */
export interface CaliperMarks {
  a: { x: number; y: number }
  b: { x: number; y: number }
  march: readonly number[]
}

/** Draws a caliper over the traces. */
export function drawCaliper(g: CanvasRenderingContext2D, c: CaliperMarks, k: number, ink: Ink): void {
  g.setTransform(1, 0, 0, 1, 0, 0)
  g.strokeStyle = ink.mark
  g.fillStyle = ink.mark
  g.lineWidth = Math.max(1, Math.round(k * 0.3))
  const top = Math.min(c.a.y, c.b.y)
  const bottom = Math.max(c.a.y, c.b.y)
  const reach = 6
  g.beginPath()
  for (const x of [c.a.x, c.b.x]) {
    g.moveTo(x * k, (top - reach) * k)
    g.lineTo(x * k, (bottom + reach) * k)
  }
  for (const y of [c.a.y, c.b.y]) {
    g.moveTo(c.a.x * k, y * k)
    g.lineTo(c.b.x * k, y * k)
  }
  g.stroke()
  g.setLineDash([3, 3])
  g.beginPath()
  for (const x of c.march) {
    g.moveTo(x * k, (top - reach) * k)
    g.lineTo(x * k, (bottom + reach) * k)
  }
  g.stroke()
  g.setLineDash([])
}
