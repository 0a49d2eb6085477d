import type { Paper, Sheet, Strip } from '../trace/layout'

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
