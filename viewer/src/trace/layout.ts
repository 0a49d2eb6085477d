/** How leads are arranged on the paper. */
export type Layout = '12x1' | '6x2' | '3x4' | '3x4+1R'
export const layouts: readonly Layout[] = ['12x1', '6x2', '3x4', '3x4+1R']

/** Paper speed in mm/s and gain in mm/mV. */
export interface Paper {
  speed: 25 | 50
  gain: 5 | 10 | 20
}

/** Width of the trace area in mm: ten seconds at 25 mm/s. */
export const traceMm = 250
/** Left of it, in mm: room for the calibration pulse and the lead names. */
export const marginMm = 14
/** Above the first and below the last row, in mm. */
export const edgeMm = 5

/** One piece of one lead on the paper. All lengths in mm, times in seconds. */
export interface Strip {
  /** Index into the recording's leads. */
  lead: number
  name: string
  row: number
  /** Left edge and baseline. */
  x: number
  y: number
  width: number
  /** Piece of the recording: from ≤ t < to. */
  from: number
  to: number
  /** A rhythm strip runs over the whole width. */
  rhythm: boolean
}

export interface Sheet {
  strips: Strip[]
  rows: number
  rowMm: number
  widthMm: number
  heightMm: number
  /** Seconds shown from left to right. */
  seconds: number
}

const order = ['I', 'II', 'III', 'aVR', 'aVL', 'aVF', 'V1', 'V2', 'V3', 'V4', 'V5', 'V6']
const rowHeights: Record<Layout, number> = { '12x1': 15, '6x2': 24, '3x4': 36, '3x4+1R': 30 }
const columnsOf: Record<Layout, number> = { '12x1': 1, '6x2': 2, '3x4': 4, '3x4+1R': 4 }

/**
 * Indices of a recording's leads in the customary order; further leads (V7 …,
 * monitoring channels) follow in the order they were recorded.
 */
export function leadOrder(leads: readonly string[]): number[] {
  const rank = (name: string) => {
    const i = order.findIndex((o) => o.toLowerCase() === name.trim().toLowerCase())
    return i < 0 ? order.length : i
  }
  return leads.map((_, i) => i).sort((a, b) => rank(leads[a]!) - rank(leads[b]!) || a - b)
}

/** The lead for the rhythm strip: II, else V1, else the first. */
export function rhythmLead(leads: readonly string[]): number {
  for (const want of ['ii', 'v1']) {
    const i = leads.findIndex((l) => l.trim().toLowerCase() === want)
    if (i >= 0) return i
  }
  return 0
}

/**
 * Arranges the leads of a recording of `duration` seconds on a sheet that
 * begins at `from` seconds. Columns follow each other in time, as on paper.
 */
export function arrange(leads: readonly string[], layout: Layout, paper: Paper, from: number, duration: number): Sheet {
  const columns = columnsOf[layout]
  const perColumn = Math.max(1, Math.ceil(leads.length / columns))
  const rhythm = layout === '3x4+1R' && leads.length > 0
  const rows = perColumn + (rhythm ? 1 : 0)
  // Few leads get room to breathe, many are packed.
  const rowMm = layout === '12x1' && leads.length <= 6 ? 24 : rowHeights[layout]
  const seconds = traceMm / paper.speed
  const width = traceMm / columns
  const y = (row: number) => edgeMm + (row + 0.5) * rowMm
  const strips: Strip[] = leadOrder(leads).map((lead, n) => {
    const column = Math.floor(n / perColumn)
    const row = n % perColumn
    const start = from + (column * seconds) / columns
    return strip(leads, lead, row, marginMm + column * width, y(row), width, start, start + seconds / columns, duration, false)
  })
  if (rhythm) {
    strips.push(strip(leads, rhythmLead(leads), perColumn, marginMm, y(perColumn), traceMm, from, from + seconds, duration, true))
  }
  return { strips, rows, rowMm, widthMm: marginMm + traceMm + 2, heightMm: rows * rowMm + 2 * edgeMm, seconds }
}

function strip(
  leads: readonly string[], lead: number, row: number, x: number, y: number, width: number, from: number, to: number, duration: number, rhythm: boolean,
): Strip {
  return { lead, name: leads[lead] ?? '', row, x, y, width, from: Math.min(from, duration), to: Math.min(to, duration), rhythm }
}

/** The latest start of a sheet at which it is still full. */
export function lastStart(duration: number, seconds: number): number {
  return Math.max(0, duration - seconds)
}
