/** How leads are arranged on the paper. */
export type Layout = '12x1' | '6x2' | '3x4' | '3x4+1R' | '3x4+3R'
export const layouts: readonly Layout[] = ['12x1', '6x2', '3x4', '3x4+1R', '3x4+3R']

export const speeds = [12.5, 25, 50] as const
export const gains = [2.5, 5, 10, 20] as const

/** Paper speed in mm/s and gain in mm/mV; the chest leads may have their own, where large complexes want less. */
export interface Paper {
  speed: (typeof speeds)[number]
  gain: (typeof gains)[number]
  chest?: (typeof gains)[number] | undefined
}

/** In which order the leads stand, and whether columns follow each other in time. */
export interface Order {
  /** Limb leads as aVL, I, −aVR, II, aVF, III. */
  cabrera?: boolean
  /** Every column begins at the same moment. */
  together?: boolean
  /** Name of the lead of the rhythm strip. */
  rhythm?: string
}

/** The gain of a lead on the paper. */
export function gainOf(paper: Paper, lead: string): number {
  return paper.chest && /^v/i.test(lead.trim()) ? paper.chest : paper.gain
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
  /** Drawn upside down: −aVR. */
  inverted: boolean
  /** mm/mV */
  gain: number
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
const cabreraOrder = ['aVL', 'I', 'aVR', 'II', 'aVF', 'III', ...order.slice(6)]
const rowHeights: Record<Layout, number> = { '12x1': 15, '6x2': 24, '3x4': 36, '3x4+1R': 30, '3x4+3R': 24 }
const columnsOf: Record<Layout, number> = { '12x1': 1, '6x2': 2, '3x4': 4, '3x4+1R': 4, '3x4+3R': 4 }

/**
 * Indices of a recording's leads in the customary order; further leads (V7 …,
 * monitoring channels) follow in the order they were recorded.
 */
export function leadOrder(leads: readonly string[], cabrera = false): number[] {
  const wanted = cabrera ? cabreraOrder : order
  const rank = (name: string) => {
    const i = wanted.findIndex((o) => o.toLowerCase() === name.trim().toLowerCase())
    return i < 0 ? wanted.length : i
  }
  return leads.map((_, i) => i).sort((a, b) => rank(leads[a]!) - rank(leads[b]!) || a - b)
}

/** The lead for the rhythm strip: the wanted one, II, else V1, else the first. */
export function rhythmLead(leads: readonly string[], wanted = ''): number {
  for (const want of [wanted.toLowerCase(), 'ii', 'v1']) {
    const i = leads.findIndex((l) => l.trim().toLowerCase() === want)
    if (want && i >= 0) return i
  }
  return 0
}

/** The leads that run over the whole width below the others. */
function rhythmLeads(leads: readonly string[], layout: Layout, wanted: string | undefined): number[] {
  if (leads.length === 0 || !layout.includes('R')) return []
  const first = rhythmLead(leads, wanted)
  if (layout === '3x4+1R') return [first]
  const named = ['v1', 'v5', 'ii'].map((n) => leads.findIndex((l) => l.trim().toLowerCase() === n))
  return [...new Set([first, ...named.filter((i) => i >= 0)])].slice(0, 3)
}

/**
 * Arranges the leads of a recording of `duration` seconds on a sheet that
 * begins at `from` seconds. Columns follow each other in time, as on paper,
 * unless `order.together`.
 */
export function arrange(leads: readonly string[], layout: Layout, paper: Paper, from: number, duration: number, how: Order = {}): Sheet {
  const columns = columnsOf[layout]
  const perColumn = Math.max(1, Math.ceil(leads.length / columns))
  const rhythms = rhythmLeads(leads, layout, how.rhythm)
  const rows = perColumn + rhythms.length
  // Few leads get room to breathe, many are packed.
  const rowMm = layout === '12x1' && leads.length <= 6 ? 24 : rowHeights[layout]
  const seconds = traceMm / paper.speed
  const width = traceMm / columns
  const y = (row: number) => edgeMm + (row + 0.5) * rowMm
  const cut = (t: number) => Math.min(t, duration)
  const strip = (lead: number, row: number, x: number, wide: number, start: number, rhythm: boolean): Strip => {
    const name = leads[lead] ?? ''
    const inverted = how.cabrera === true && !rhythm && name.trim().toLowerCase() === 'avr'
    return { lead, name: inverted ? `−${name}` : name, row, x, y: y(row), width: wide, from: cut(start), to: cut(start + wide / paper.speed), rhythm, inverted, gain: gainOf(paper, name) }
  }
  const strips = leadOrder(leads, how.cabrera).map((lead, n) => {
    const column = Math.floor(n / perColumn)
    const start = how.together ? from : from + (column * seconds) / columns
    return strip(lead, n % perColumn, marginMm + column * width, width, start, false)
  })
  rhythms.forEach((lead, i) => strips.push(strip(lead, perColumn + i, marginMm, traceMm, from, true)))
  return { strips, rows, rowMm, widthMm: marginMm + traceMm + 2, heightMm: rows * rowMm + 2 * edgeMm, seconds }
}

/** The latest start of a sheet at which it is still full. */
export function lastStart(duration: number, seconds: number): number {
  return Math.max(0, duration - seconds)
}
