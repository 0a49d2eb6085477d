import type { Paper, Sheet, Strip } from './layout'

/** A point on the paper in mm from its upper left corner. */
export interface Point {
  x: number
  y: number
}

/** Two points on the paper and the gain of the lead under the first; `b` is the end that moves. */
export interface Caliper {
  a: Point
  b: Point
  gain: number
}

/** What a caliper between two points reads. */
export interface Reading {
  ms: number
  /** Rate of events this far apart; null below 30 ms, where it has no meaning. */
  perMinute: number | null
  /** Upwards is positive. */
  mv: number
}

/** Reads the time and voltage between two points of the paper; `gain` is that of the lead under it. */
export function read(a: Point, b: Point, paper: Paper, gain: number = paper.gain): Reading {
  const ms = Math.abs(((b.x - a.x) / paper.speed) * 1000)
  return { ms: Math.round(ms), perMinute: ms >= 30 ? Math.round(60_000 / ms) : null, mv: Math.round(((a.y - b.y) / gain) * 100) / 100 }
}

/** The caliper with the end near p as the one that moves; null when p is near neither. */
export function grab(c: Caliper, p: Point, reachMm: number): Caliper | null {
  const far = (q: Point) => Math.hypot(q.x - p.x, q.y - p.y)
  if (Math.min(far(c.a), far(c.b)) > reachMm) return null
  return far(c.b) <= far(c.a) ? c : { ...c, a: c.b, b: c.a }
}

/** Moves a point by whole milliseconds and hundredths of a millivolt: finer than a pointer can. */
export function nudge(p: Point, ms: number, uv: number, paper: Paper, gain: number = paper.gain): Point {
  return { x: p.x + (ms / 1000) * paper.speed, y: p.y - (uv / 1000) * gain }
}

/** The strip under a point, and the time of the recording there in seconds. */
export function hit(sheet: Sheet, paper: Paper, p: Point): { strip: Strip; at: number } | null {
  for (const strip of sheet.strips) {
    const inX = p.x >= strip.x && p.x < strip.x + strip.width
    const inY = Math.abs(p.y - strip.y) <= sheet.rowMm / 2
    if (inX && inY) return { strip, at: strip.from + (p.x - strip.x) / paper.speed }
  }
  return null
}

/** The further marks of a marching caliper: multiples of its width to both sides. */
export function march(a: Point, b: Point, left: number, right: number): number[] {
  const d = Math.abs(b.x - a.x)
  if (d < 2) return []
  const marks: number[] = []
  for (let x = Math.min(a.x, b.x) - d; x >= left; x -= d) marks.unshift(x)
  for (let x = Math.max(a.x, b.x) + d; x <= right; x += d) marks.push(x)
  return marks
}
