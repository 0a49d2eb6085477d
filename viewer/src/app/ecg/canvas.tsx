import { useLayoutEffect, useRef, useState } from 'preact/hooks'
import { drawMarks, markAt, type PlacedMark } from '../../draw/beats'
import { drawCaliper, drawGrid, drawTraces, type Ink } from '../../draw/paper'
import { hit, march, type Point } from '../../trace/caliper'
import { marginMm, type Paper, type Sheet, traceMm } from '../../trace/layout'
import type { Sample } from '../../trace/line'
import { devicePxPerMm, fit } from '../../trace/scale'
import { screenPxPerMm } from './calibrate'

/** Two points on the paper and the gain of the lead under the first. */
export interface Caliper {
  a: Point
  b: Point
  gain: number
}

export interface CanvasProps {
  sheet: Sheet
  paper: Paper
  rateHz: number
  samples: readonly (readonly Sample[])[]
  truth: boolean
  marching: boolean
  loupe: boolean
  marks: readonly PlacedMark[]
  onMark?: ((sample: number) => void) | undefined
  caliper: Caliper | null
  onCaliper(c: Caliper | null): void
  onScroll(by: number): void
}

/** Ten seconds must not need a scroll bar on a large screen either. */
const largestPxPerMm = 9
/** How many times larger the magnifier shows the paper, and how wide it is in CSS pixels. */
const loupeTimes = 3
const loupePx = 220

/** The paper on the screen: a cached picture of grid and traces, and what moves over it. */
export function Canvas(props: CanvasProps) {
  const { sheet, paper } = props
  const box = useRef<HTMLDivElement>(null)
  const canvas = useRef<HTMLCanvasElement>(null)
  const cached = useRef<{ of: unknown[]; bitmap: HTMLCanvasElement } | null>(null)
  const [size, setSize] = useState({ w: 0, h: 0 })
  const [over, setOver] = useState<Point | null>(null)
  useLayoutEffect(() => {
    const el = box.current
    if (!el) return
    const watch = new ResizeObserver(() => setSize({ w: el.clientWidth - 8, h: el.clientHeight - 8 }))
    watch.observe(el)
    return () => watch.disconnect()
  }, [])
  const dpr = devicePixelRatio || 1
  const css = props.truth ? screenPxPerMm.value.px : fit(sheet.widthMm, sheet.heightMm, size.w, size.h, largestPxPerMm)
  const k = props.truth ? css * dpr : Math.min(devicePxPerMm(css, dpr), css * dpr)
  useLayoutEffect(() => {
    const c = canvas.current
    const g = c?.getContext('2d')
    if (!c || !g || size.w === 0) return
    const width = Math.ceil(sheet.widthMm * k)
    const height = Math.ceil(sheet.heightMm * k)
    if (c.width !== width || c.height !== height) {
      c.width = width
      c.height = height
      c.style.width = `${width / dpr}px`
      c.style.height = `${height / dpr}px`
    }
    const ink = inkOf(c)
    const font = getComputedStyle(c).fontFamily
    // Grid and traces change rarely, the caliper with every move: keep them as a picture.
    const of = [JSON.stringify([sheet, paper]), width, height, props.samples, props.marks]
    if (!cached.current || of.some((x, i) => x !== cached.current!.of[i])) {
      const bitmap = document.createElement('canvas')
      bitmap.width = width
      bitmap.height = height
      const b = bitmap.getContext('2d', { alpha: false })
      if (!b) return
      drawGrid(b, sheet.widthMm, sheet.heightMm, k, ink)
      drawTraces(b, sheet, paper, { rateHz: props.rateHz, samples: props.samples }, k, ink, font)
      drawMarks(b, props.marks, paper, k, ink, font)
      cached.current = { of, bitmap }
    }
    g.setTransform(1, 0, 0, 1, 0, 0)
    g.drawImage(cached.current.bitmap, 0, 0)
    if (props.caliper) {
      const further = props.marching ? march(props.caliper.a, props.caliper.b, marginMm, marginMm + traceMm) : []
      drawCaliper(g, { ...props.caliper, march: further }, k, ink)
    }
  })
  const at = (e: PointerEvent): Point => {
    const r = canvas.current!.getBoundingClientRect()
    return { x: ((e.clientX - r.left) * dpr) / k, y: ((e.clientY - r.top) * dpr) / k }
  }
  const down = (e: PointerEvent) => {
    if (e.button !== 0) return props.onCaliper(null)
    const p = at(e)
    const mark = props.onMark && markAt(props.marks, p)
    if (mark) return props.onMark?.(mark.sample)
    canvas.current!.setPointerCapture(e.pointerId)
    props.onCaliper({ a: p, b: p, gain: hit(sheet, paper, p)?.strip.gain ?? paper.gain })
  }
  const move = (e: PointerEvent) => {
    if (e.buttons & 1 && props.caliper) props.onCaliper({ ...props.caliper, b: at(e) })
    if (props.loupe) setOver(at(e))
  }
  const up = (e: PointerEvent) => {
    const c = props.caliper
    const p = at(e)
    if (c && Math.abs(p.x - c.a.x) < 0.5 && Math.abs(p.y - c.a.y) < 0.5) props.onCaliper(null)
  }
  return (
    <div class="sheet" ref={box} onWheel={(e) => { if (!e.ctrlKey && !props.truth) { e.preventDefault(); props.onScroll(Math.sign(e.deltaY)) } }}>
      <canvas ref={canvas} data-testid="ecg-canvas" data-px-per-mm={k / dpr} onPointerDown={down} onPointerMove={move} onPointerUp={up}
        onPointerLeave={() => setOver(null)} onContextMenu={(e) => e.preventDefault()} />
      {props.loupe && over && <Loupe {...props} at={over} k={k} dpr={dpr} of={canvas.current} />}
    </div>
  )
}

/** The paper around the pointer, drawn again three times larger. */
function Loupe(props: CanvasProps & { at: Point; k: number; dpr: number; of: HTMLCanvasElement | null }) {
  const { at, dpr, of, sheet } = props
  const ref = useRef<HTMLCanvasElement>(null)
  const k = props.k * loupeTimes
  useLayoutEffect(() => {
    const c = ref.current
    const g = c?.getContext('2d', { alpha: false })
    if (!c || !g || !of) return
    const mm = (loupePx * dpr) / k
    const shift = { x: at.x - mm / 2, y: at.y - mm / 2 }
    const part: Sheet = { ...sheet, strips: sheet.strips.map((s) => ({ ...s, x: s.x - shift.x, y: s.y - shift.y })) }
    const ink = inkOf(of)
    drawGrid(g, mm, mm, k, ink, shift)
    drawTraces(g, part, props.paper, { rateHz: props.rateHz, samples: props.samples }, k, ink, '', true)
    if (props.caliper) {
      const moved = (p: Point) => ({ x: p.x - shift.x, y: p.y - shift.y })
      drawCaliper(g, { a: moved(props.caliper.a), b: moved(props.caliper.b), march: [] }, k, ink)
    }
  })
  if (!of) return null
  const left = of.offsetLeft + (at.x * props.k) / dpr - loupePx / 2
  const top = of.offsetTop + (at.y * props.k) / dpr - loupePx - 24
  return (
    <canvas ref={ref} class="loupe" width={loupePx * dpr} height={loupePx * dpr} data-testid="loupe-view"
      style={{ left: `${left}px`, top: `${top < of.offsetTop ? top + loupePx + 48 : top}px`, width: `${loupePx}px`, height: `${loupePx}px` }} />
  )
}

function inkOf(el: Element): Ink {
  const css = getComputedStyle(el)
  const v = (name: string) => css.getPropertyValue(name).trim()
  return { paper: v('--ecg-paper'), fine: v('--ecg-fine'), bold: v('--ecg-bold'), trace: v('--ecg-trace'), mark: '#0b63c5' }
}
