import type { Sheet, Strip } from '../trace/layout'
import type { Paper } from '../trace/layout'
import type { Ink } from './paper'

/** A beat to be marked: its time in seconds, the interval before it, a letter if it is not of the dominant kind. */
export interface BeatMark {
  sample: number
  at: number
  rrMs: number
  letter: string
}

/** Where a beat's mark stands on the paper, in mm. */
export interface PlacedMark extends BeatMark {
  x: number
  y: number
  /** The beat before it is on the same strip, so that the interval can be written between. */
  joined: boolean
}

/** The marks of a sheet: on the rhythm strip, else on the first row. */
export function placeMarks(sheet: Sheet, paper: Paper, beats: readonly BeatMark[]): PlacedMark[] {
  const rhythm = sheet.strips.find((s) => s.rhythm)
  const strips = rhythm ? [rhythm] : sheet.strips.filter((s) => s.row === 0)
  const out: PlacedMark[] = []
  const inside = (s: Strip, b: BeatMark) => b.at >= s.from && b.at < s.to
  for (const s of strips) {
    beats.forEach((b, i) => {
      if (!inside(s, b)) return
      const before = beats[i - 1]
      out.push({ ...b, x: s.x + (b.at - s.from) * paper.speed, y: s.y + sheet.rowMm / 2 - 1.6, joined: before !== undefined && inside(s, before) })
    })
  }
  return out
}

/** The mark under a point of the paper, within reach of a finger. */
export function markAt(marks: readonly PlacedMark[], p: { x: number; y: number }): PlacedMark | null {
  return marks.find((m) => Math.abs(m.x - p.x) < 2 && Math.abs(m.y - p.y) < 2.5) ?? null
}

/** Draws a tick under each beat, its letter, and the RR interval in ms between two. */
export function drawMarks(g: CanvasRenderingContext2D, marks: readonly PlacedMark[], paper: Paper, k: number, ink: Ink, font: string): void {
  g.setTransform(1, 0, 0, 1, 0, 0)
  g.fillStyle = ink.mark
  g.strokeStyle = ink.mark
  g.lineWidth = Math.max(1, Math.round(k * 0.3))
  g.textAlign = 'center'
  g.font = `${Math.max(9, Math.round(k * 2.4))}px ${font}`
  g.beginPath()
  for (const m of marks) {
    g.moveTo(m.x * k, (m.y - 1.2) * k)
    g.lineTo(m.x * k, (m.y + 1.2) * k)
  }
  g.stroke()
  for (const m of marks) {
    if (m.letter) g.fillText(m.letter, m.x * k, (m.y - 1.8) * k)
    const wide = (m.rrMs / 1000) * paper.speed
    if (m.joined && wide > 8) g.fillText(String(Math.round(m.rrMs)), (m.x - wide / 2) * k, (m.y + 0.9) * k)
  }
  g.textAlign = 'start'
}
