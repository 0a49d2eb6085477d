import type { ReadonlySignal } from '@preact/signals'
import { useLayoutEffect, useRef } from 'preact/hooks'
import { drawGrid, drawTraces, type Signal } from '../../draw/paper'
import type { Caliper, Point } from '../../trace/caliper'
import type { Paper, Sheet } from '../../trace/layout'
import { inkOf } from './ink'
import { CaliperLines } from './overlay'

/** How many times larger the magnifier shows the paper, and how wide it is in CSS pixels. */
const times = 3
const widePx = 220
/** Between the pointer and the magnifier's edge. */
const apartPx = 24

export interface LoupeProps {
  at: ReadonlySignal<Point | null>
  sheet: Sheet
  paper: Paper
  signal: Signal
  /** Device pixels per mm of the paper below. */
  k: number
  dpr: number
  caliper: ReadonlySignal<Caliper | null>
}

/** The paper around the pointer, drawn again three times larger. */
export function Loupe(props: LoupeProps) {
  const { sheet, dpr } = props
  const at = props.at.value
  const grid = useRef<HTMLCanvasElement>(null)
  const traces = useRef<HTMLCanvasElement>(null)
  const k = props.k * times
  const px = Math.round(widePx * dpr)
  const mm = px / k
  const shift = at && { x: at.x - mm / 2, y: at.y - mm / 2 }
  useLayoutEffect(() => {
    const below = grid.current?.getContext('2d', { alpha: false })
    const above = traces.current?.getContext('2d')
    if (!below || !above || !shift) return
    const ink = inkOf(below.canvas)
    drawGrid(below, mm, mm, k, ink, shift)
    const film = new ImageData(px, px)
    drawTraces(film, { ...sheet, strips: sheet.strips.map((s) => ({ ...s, x: s.x - shift.x, y: s.y - shift.y })) }, props.paper, props.signal, k, ink)
    above.putImageData(film, 0, 0)
  })
  if (!at || !shift) return null
  const [x, y] = [(at.x * props.k) / dpr, (at.y * props.k) / dpr]
  const above = y - widePx - apartPx
  const size = { width: `${widePx}px`, height: `${widePx}px` }
  return (
    <div class="loupe" data-testid="loupe-view" style={{ ...size, left: `${x - widePx / 2}px`, top: `${above < 0 ? y + apartPx : above}px` }}>
      <canvas ref={grid} width={px} height={px} style={size} />
      <canvas ref={traces} width={px} height={px} style={size} />
      <svg class="overlay" viewBox={`${shift.x} ${shift.y} ${mm} ${mm}`} aria-hidden="true"><CaliperLines caliper={props.caliper} marching={false} /></svg>
    </div>
  )
}
