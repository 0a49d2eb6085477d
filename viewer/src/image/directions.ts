import type { DicomJson } from './series'

/** Patient directions at the edges of a picture: "R", "A", "HL" …; "" unknown. */
export interface Edges {
  top: string
  right: string
  bottom: string
  left: string
}

const opposite: Record<string, string> = { L: 'R', R: 'L', A: 'P', P: 'A', H: 'F', F: 'H' }

/**
 * Directions of an upright picture from its orientation (PS3.3 C.7.6.2.1.1),
 * else from Patient Orientation (C.7.6.1.1.1) as radiographs state it; null
 * when neither is given.
 */
export function edges(d: DicomJson): Edges | null {
  const o = d['00200037']?.Value?.map(Number)
  if (o?.length === 6 && o.every(Number.isFinite)) return fromRightBottom(name(o.slice(0, 3)), name(o.slice(3)))
  const stated = d['00200020']?.Value
  if (stated?.length === 2 && stated.every((v) => typeof v === 'string' && /^[LRAPHF]{1,3}$/.test(v))) {
    return fromRightBottom(stated[0] as string, stated[1] as string)
  }
  return null
}

function fromRightBottom(right: string, bottom: string): Edges {
  return { right, bottom, left: inverse(right), top: inverse(bottom) }
}

function inverse(name: string): string {
  return [...name].map((c) => opposite[c] ?? '').join('')
}

/** The name of a direction in the patient: the largest part first, small parts left out. */
function name(v: readonly number[]): string {
  const parts: [number, string][] = [
    [v[0]!, v[0]! > 0 ? 'L' : 'R'],
    [v[1]!, v[1]! > 0 ? 'P' : 'A'],
    [v[2]!, v[2]! > 0 ? 'H' : 'F'],
  ]
  return parts
    .filter(([n]) => Math.abs(n) > 0.3)
    .sort((a, b) => Math.abs(b[0]) - Math.abs(a[0]))
    .map(([, s]) => s)
    .join('')
}

/** The directions after flipping left to right and turning clockwise. */
export function turned(e: Edges | null, degrees: number, flipped: boolean): Edges | null {
  if (!e) return null
  const start = flipped ? { ...e, left: e.right, right: e.left } : e
  const ring = [start.top, start.right, start.bottom, start.left]
  const steps = ((Math.round(degrees / 90) % 4) + 4) % 4
  const at = (i: number) => ring[(i - steps + 4) % 4]!
  return { top: at(0), right: at(1), bottom: at(2), left: at(3) }
}
