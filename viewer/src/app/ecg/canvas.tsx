import { type Signal as Live, useSignal } from '@preact/signals'
import { type RefObject } from 'preact'
import { useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks'
import { markAt, type PlacedMark } from '../../draw/beats'
import { drawGrid, drawNames, drawTraces, type Signal } from '../../draw/paper'
import { type Caliper, grab, hit, type Point } from '../../trace/caliper'
import type { Paper, Sheet } from '../../trace/layout'
import { devicePxPerMm, fit } from '../../trace/scale'
import { theme } from '../theme'
import { screenPxPerMm } from './calibrate'
import { inkOf } from './ink'
import { Loupe } from './loupe'
import { CaliperLines, Marks } from './overlay'
import { usePinch } from './pinch'

export interface CanvasProps {
  sheet: Sheet
  paper: Paper
  signal: Signal
  truth: boolean
  marching: boolean
  loupe: boolean
  marks: readonly PlacedMark[]
  onMark?: ((sample: number) => void) | undefined
  caliper: Live<Caliper | null>
  onScroll(by: number): void
}

/** Ten seconds must not need a scroll bar on a large screen either. */
const largestPxPerMm = 9
/** How near to an end of the caliper a finger or pointer takes hold of it, in CSS pixels. */
const reachPx = { touch: 28, mouse: 8 }

/**
 * The paper on the screen, in layers that are drawn each by itself: the grid,
 * the traces, and what moves over them.
 */
export function Canvas(props: CanvasProps) {
  const { sheet, paper, signal } = props
  const box = useRef<HTMLDivElement>(null)
  const grid = useRef<HTMLCanvasElement>(null)
  const traces = useRef<HTMLCanvasElement>(null)
  const size = useSize(box)
  const over = useSignal<Point | null>(null)
  const dpr = devicePixelRatio || 1
  const fitted = fit(sheet.widthMm, sheet.heightMm, size.w, size.h, largestPxPerMm)
  const pinch = usePinch(box, traces, props.truth ? 1 : fitted * dpr)
  const css = props.truth ? screenPxPerMm.value.px : fitted * pinch.zoom
  const k = props.truth ? css * dpr : Math.min(devicePxPerMm(css, dpr), css * dpr)
  const [width, height] = [Math.ceil(sheet.widthMm * k), Math.ceil(sheet.heightMm * k)]
  const shown = size.w > 0
  const film = useMemo(() => (shown ? new ImageData(width, height) : null), [width, height, shown])
  useLayoutEffect(() => {
    const g = grid.current?.getContext('2d', { alpha: false })
    if (!g || !film) return
    drawGrid(g, sheet.widthMm, sheet.heightMm, k, inkOf(g.canvas))
    count(g.canvas)
  }, [film, k, theme.value])
  useLayoutEffect(() => {
    const g = traces.current?.getContext('2d')
    if (!g || !film) return
    const ink = inkOf(g.canvas)
    drawTraces(film, sheet, paper, signal, k, ink)
    g.putImageData(film, 0, 0)
    drawNames(g, sheet, paper, k, ink, getComputedStyle(g.canvas).fontFamily)
    count(g.canvas)
  }, [film, k, sheet, paper, signal, theme.value])
  const at = (e: PointerEvent): Point => {
    const r = traces.current!.getBoundingClientRect()
    return { x: ((e.clientX - r.left) * dpr) / k, y: ((e.clientY - r.top) * dpr) / k }
  }
  const down = (e: PointerEvent) => {
    if (pinch.down(e)) props.caliper.value = null
    else if (e.button !== 0) props.caliper.value = null
    else {
      const p = at(e)
      const mark = props.onMark && markAt(props.marks, p)
      if (mark) return props.onMark?.(mark.sample)
      traces.current!.setPointerCapture(e.pointerId)
      const held = props.caliper.peek()
      const reach = (e.pointerType === 'touch' ? reachPx.touch : reachPx.mouse) * (dpr / k)
      props.caliper.value = (held && grab(held, p, reach)) ?? { a: p, b: p, gain: hit(sheet, paper, p)?.strip.gain ?? paper.gain }
    }
  }
  const move = (e: PointerEvent) => {
    if (pinch.move(e)) return
    const held = props.caliper.peek()
    if (e.buttons & 1 && held) props.caliper.value = { ...held, b: at(e) }
    if (props.loupe) over.value = at(e)
  }
  const up = (e: PointerEvent) => {
    if (pinch.up(e)) return
    const c = props.caliper.peek()
    if (c && Math.abs(c.b.x - c.a.x) < 0.5 && Math.abs(c.b.y - c.a.y) < 0.5) props.caliper.value = null
  }
  const cssSize = { width: `${width / dpr}px`, height: `${height / dpr}px` }
  return (
    <div class="sheet" ref={box} onWheel={(e) => { if (!e.ctrlKey && !props.truth) { e.preventDefault(); props.onScroll(Math.sign(e.deltaY)) } }}>
      <div class="layers" style={cssSize}>
        <canvas ref={grid} width={width} height={height} style={cssSize} data-testid="ecg-grid" />
        <canvas ref={traces} width={width} height={height} style={cssSize} data-testid="ecg-canvas" data-px-per-mm={k / dpr} onPointerDown={down} onPointerMove={move}
          onPointerUp={up} onPointerCancel={up} onPointerLeave={() => (over.value = null)} onContextMenu={(e) => e.preventDefault()} />
        <svg class="overlay" viewBox={`0 0 ${width / k} ${height / k}`} style={cssSize} aria-hidden="true">
          <Marks marks={props.marks} paper={paper} />
          <CaliperLines caliper={props.caliper} marching={props.marching} />
        </svg>
        {props.loupe && <Loupe at={over} sheet={sheet} paper={paper} signal={signal} k={k} dpr={dpr} caliper={props.caliper} />}
      </div>
    </div>
  )
}

/** The room for the paper, in CSS pixels; 0 until it is known. */
function useSize(box: RefObject<HTMLElement | null>): { w: number; h: number } {
  const [size, setSize] = useState({ w: 0, h: 0 })
  useLayoutEffect(() => {
    const el = box.current
    if (!el) return
    const watch = new ResizeObserver(() => setSize({ w: el.clientWidth - 8, h: el.clientHeight - 8 }))
    watch.observe(el)
    return () => watch.disconnect()
  }, [])
  return size
}

/** Says at a layer how often it was drawn: a test holds that none is drawn without need. */
function count(layer: HTMLCanvasElement): void {
  layer.dataset['draws'] = String(Number(layer.dataset['draws'] ?? 0) + 1)
}
