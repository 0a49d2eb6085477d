import { signal } from '@preact/signals'
import { diagnostic, type Filter, highPasses, lowPasses } from '../../trace/filter'
import { gains, type Layout, layouts, type Order, type Paper, speeds } from '../../trace/layout'

/** How an ECG is laid out on the screen. Every recording begins with it. */
export interface View {
  layout: Layout
  paper: Paper
  order: Required<Order>
  filter: Filter
  /** One to one on a calibrated screen instead of fitting the window. */
  truth: boolean
  marks: boolean
}

const kept = 'yz.ecg'

export const standard: View = {
  layout: '6x2', paper: { speed: 25, gain: 10 }, order: { cabrera: false, together: false, rhythm: 'II' }, filter: diagnostic, truth: false, marks: false,
}

/** The reader's own way of looking; shared by both of two recordings that are compared. */
export const view = signal<View>(recalled())

/** Changes the way of looking and keeps arrangement and filter on this computer; scale and gain always begin as standard. */
export function look(change: Partial<View>): void {
  view.value = { ...view.peek(), ...change }
  try {
    const { layout, order, filter } = view.peek()
    localStorage.setItem(kept, JSON.stringify({ layout, order, filter }))
  } catch {
    // It then holds as long as the page.
  }
}

/** A new case starts at standard scale: a gain left over from the last one would deceive. */
export function standardScale(): void {
  view.value = { ...view.peek(), paper: standard.paper, truth: view.peek().truth }
}

function recalled(): View {
  try {
    return restore(JSON.parse(localStorage.getItem(kept) ?? '{}') as unknown)
  } catch {
    return standard
  }
}

/** A kept view, with what is missing or unknown as standard. */
export function restore(from: unknown): View {
  const v = (typeof from === 'object' && from !== null ? from : {}) as Partial<View>
  const order = (v.order ?? {}) as Partial<Order>
  const f = (v.filter ?? {}) as Partial<Filter>
  return {
    ...standard,
    layout: layouts.find((l) => l === v.layout) ?? standard.layout,
    order: { cabrera: order.cabrera === true, together: order.together === true, rhythm: typeof order.rhythm === 'string' ? order.rhythm : 'II' },
    filter: {
      highPass: highPasses.find((x) => x === f.highPass) ?? diagnostic.highPass,
      lowPass: lowPasses.find((x) => x === f.lowPass) ?? diagnostic.lowPass,
      notch: f.notch === 50 ? 50 : 0,
    },
  }
}

/** The neighbour of a value in its list, itself at the ends. */
export function step<V>(all: readonly V[], at: V, by: number): V {
  return all[all.indexOf(at) + by] ?? at
}

export const nextSpeed = (p: Paper): Paper => ({ ...p, speed: speeds[(speeds.indexOf(p.speed) + 1) % speeds.length]! })
export const moreGain = (p: Paper, by: number): Paper => ({ ...p, gain: step(gains, p.gain, by) })

/** The next muscle filter: 150, 40, 25 Hz and round again. */
export function nextLowPass(f: Filter): Filter {
  const round: readonly Filter['lowPass'][] = [150, 40, 25]
  return { ...f, lowPass: round[(round.indexOf(f.lowPass) + 1) % round.length]! }
}

/** The same view as the hub's drawing names it. The hub always filters to the diagnostic band. */
export function drawing(v: View, from: number): Record<string, string> {
  const how: Record<string, string> = {
    layout: v.layout, speed: String(v.paper.speed), gain: String(v.paper.gain), start: from.toFixed(3), rhythm: v.order.rhythm,
    cabrera: String(v.order.cabrera), together: String(v.order.together),
    high_pass: String(v.filter.highPass || diagnostic.highPass), low_pass: String(v.filter.lowPass || diagnostic.lowPass),
  }
  if (v.paper.chest) how['chest_gain'] = String(v.paper.chest)
  if (v.filter.notch) how['notch'] = String(v.filter.notch)
  return how
}
