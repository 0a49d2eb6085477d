import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'
import { drawCaliper, drawGrid, drawTraces, type Ink } from '../../draw/paper'
import { ahead } from '../../load/ahead'
import { getRecording, getWaveform, type Recording, type Waveform } from '../../load/recordings'
import { march, type Point, read } from '../../trace/caliper'
import { arrange, lastStart, type Layout, layouts, marginMm, type Paper, type Sheet, traceMm } from '../../trace/layout'
import { devicePxPerMm, fit } from '../../trace/scale'
import { t } from '../../text/case'
import { useKeys } from '../keys'
import { Blank, ProblemNote, Skeleton } from '../parts/blank'
import { Calibrate, screenPxPerMm } from './calibrate'
import { EcgTools } from './ecgtools'
import { Measures } from './measures'
import { waveKey } from './next'

export interface EcgProps {
  recording: string
  /** Shown above the paper when two are compared. */
  label?: string
  /** Keys belong to the first of two. */
  keys: boolean
  onShown(): void
  /** Puts text into the findings. */
  onInsert?: ((text: string) => void) | undefined
}

interface Loaded {
  recording: Recording
  wave: Waveform
}

/** An ECG on its paper: true to scale, with calipers and measurements. */
export function Ecg(props: EcgProps) {
  const [got, set] = useState<Loaded | null>(null)
  const [fault, setFault] = useState<unknown>(null)
  const [turn, setTurn] = useState(0)
  useEffect(() => {
    const stop = new AbortController()
    set(null)
    setFault(null)
    const ask = () => Promise.all([getRecording(props.recording, stop.signal), getWaveform(props.recording, stop.signal)])
    ahead.take(waveKey(props.recording), ask).then(
      ([recording, wave]) => { if (!stop.signal.aborted) set({ recording, wave }) },
      (f: unknown) => { if (!stop.signal.aborted) setFault(f) },
    )
    return () => stop.abort()
  }, [props.recording, turn])
  if (fault) return <div class="ecg"><ProblemNote fault={fault} onRetry={() => setTurn((n) => n + 1)} /></div>
  if (!got) return <div class="ecg"><Skeleton lines={12} /></div>
  if (got.wave.leads.length === 0) return <div class="ecg"><Blank title={t('noWave')} /></div>
  return <PaperView view={props} recording={got.recording} wave={got.wave} />
}

function PaperView(args: Loaded & { view: EcgProps }) {
  const { wave, recording, view: props } = args
  const [layout, setLayout] = useState<Layout>(wave.leads.length > 6 ? '6x2' : '12x1')
  const [paper, setPaper] = useState<Paper>({ speed: 25, gain: 10 })
  const [from, setFrom] = useState(0)
  const [truth, setTruth] = useState(false)
  const [marching, setMarching] = useState(false)
  const [caliper, setCaliper] = useState<{ a: Point; b: Point } | null>(null)
  const [calibrating, setCalibrating] = useState(false)
  const duration = Math.max(0, ...wave.samples.map((s) => s.length)) / wave.rate_hz
  const sheet = arrange(wave.leads, layout, paper, from, duration)
  const move = (by: number) => setFrom((f) => Math.min(lastStart(duration, sheet.seconds), Math.max(0, f + by)))
  const gain = (by: number) => setPaper((p) => ({ ...p, gain: ([5, 10, 20] as const)[[5, 10, 20].indexOf(p.gain) + by] ?? p.gain }))
  const speed = () => { setPaper((p) => ({ ...p, speed: p.speed === 25 ? 50 : 25 })); setFrom(0); setCaliper(null) }
  useEffect(props.onShown, [])
  useKeys({
    title: props.keys ? t('reading') : '',
    keys: !props.keys ? [] : [
      ...layouts.map((l, i) => ({ on: String(i + 1), says: `${t('layout')}: ${layoutName(l)}`, do: () => { setLayout(l); setCaliper(null) } })),
      { on: 's', says: t('key_speed'), do: speed },
      { on: '=', says: t('key_gain'), do: () => gain(1) },
      { on: '-', says: t('key_gain'), do: () => gain(-1), hidden: true },
      { on: 'z', says: t('key_scale'), do: () => setTruth((x) => !x) },
      { on: 'm', says: t('march'), do: () => setMarching((x) => !x) },
      { on: 'ArrowRight', says: t('later'), do: () => move(sheet.seconds / 2) },
      { on: 'ArrowLeft', says: t('earlier'), do: () => move(-sheet.seconds / 2) },
    ],
  })
  const reading = caliper ? read(caliper.a, caliper.b, paper) : null
  return (
    <div class="ecg" data-testid="ecg">
      <EcgTools layout={layout} onLayout={setLayout} paper={paper} onPaper={(p) => { setPaper(p); setCaliper(null) }} truth={truth} onTruth={setTruth}
        marching={marching} onMarching={setMarching} onCalibrate={() => setCalibrating(true)} label={props.label ?? ''} />
      <Measures recording={recording} onInsert={props.onInsert} />
      <Canvas sheet={sheet} paper={paper} wave={wave} truth={truth} marching={marching} caliper={caliper} onCaliper={setCaliper} onScroll={move} />
      <div class="foot">
        <span class="num" data-testid="ecg-scale">{paper.speed} mm/s · {paper.gain} mm/mV</span>
        <span>{t('filterNone')}</span>
        <span class="num">{wave.rate_hz} Hz</span>
        {duration > sheet.seconds && (
          <>
            <button class="btn small" onClick={() => move(-sheet.seconds / 2)} data-testid="ecg-earlier">←</button>
            <span class="num" data-testid="ecg-range">{t('range', { a: from.toFixed(1), b: Math.min(duration, from + sheet.seconds).toFixed(1), n: duration.toFixed(1) })}</span>
            <button class="btn small" onClick={() => move(sheet.seconds / 2)} data-testid="ecg-later">→</button>
          </>
        )}
        <span class="end reading num" data-testid="caliper-reading">
          {reading
            ? [t('readMs', { n: reading.ms }), reading.perMinute ? t('readRate', { n: reading.perMinute }) : '', t('readMv', { n: reading.mv })].filter(Boolean).join('   ')
            : <span class="quiet">{t('caliperHint')}</span>}
        </span>
      </div>
      {calibrating && <Calibrate onClose={() => setCalibrating(false)} />}
    </div>
  )
}

/** A layout as it is called: 12×1, 3×4+1R. */
export function layoutName(l: Layout): string {
  return l.replace('x', '×')
}

interface CanvasProps {
  sheet: Sheet
  paper: Paper
  wave: Waveform
  truth: boolean
  marching: boolean
  caliper: { a: Point; b: Point } | null
  onCaliper(c: { a: Point; b: Point } | null): void
  onScroll(by: number): void
}

/** Ten seconds must not need a scroll bar on a large screen either. */
const largestPxPerMm = 9

function Canvas(props: CanvasProps) {
  const { sheet, paper, wave } = props
  const box = useRef<HTMLDivElement>(null)
  const canvas = useRef<HTMLCanvasElement>(null)
  const cached = useRef<{ key: string; bitmap: HTMLCanvasElement } | null>(null)
  const [size, setSize] = useState({ w: 0, h: 0 })
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
    // Grid and traces change rarely, the caliper with every move: keep them as a picture.
    const key = JSON.stringify([sheet, paper, width, height])
    if (cached.current?.key !== key) {
      const bitmap = document.createElement('canvas')
      bitmap.width = width
      bitmap.height = height
      const b = bitmap.getContext('2d', { alpha: false })
      if (!b) return
      drawGrid(b, sheet.widthMm, sheet.heightMm, k, ink)
      drawTraces(b, sheet, paper, { rateHz: wave.rate_hz, samples: wave.samples }, k, ink, getComputedStyle(c).fontFamily)
      cached.current = { key, bitmap }
    }
    g.setTransform(1, 0, 0, 1, 0, 0)
    g.drawImage(cached.current.bitmap, 0, 0)
    if (props.caliper) {
      const marks = props.marching ? march(props.caliper.a, props.caliper.b, marginMm, marginMm + traceMm) : []
      drawCaliper(g, { ...props.caliper, march: marks }, k, ink)
    }
  })
  const at = (e: PointerEvent): Point => {
    const r = canvas.current!.getBoundingClientRect()
    return { x: ((e.clientX - r.left) * dpr) / k, y: ((e.clientY - r.top) * dpr) / k }
  }
  return (
    <div class="sheet" ref={box} onWheel={(e) => { if (!e.ctrlKey && !props.truth) { e.preventDefault(); props.onScroll(Math.sign(e.deltaY)) } }}>
      <canvas ref={canvas} data-testid="ecg-canvas" data-px-per-mm={k / dpr}
        onPointerDown={(e) => { if (e.button !== 0) return props.onCaliper(null); e.currentTarget.setPointerCapture(e.pointerId); const p = at(e); props.onCaliper({ a: p, b: p }) }}
        onPointerMove={(e) => { if (e.buttons & 1 && props.caliper) props.onCaliper({ a: props.caliper.a, b: at(e) }) }}
        onPointerUp={(e) => { const c = props.caliper; const p = at(e); if (c && Math.abs(p.x - c.a.x) < 0.5 && Math.abs(p.y - c.a.y) < 0.5) props.onCaliper(null) }}
        onContextMenu={(e) => e.preventDefault()} />
    </div>
  )
}

function inkOf(el: Element): Ink {
  const css = getComputedStyle(el)
  const v = (name: string) => css.getPropertyValue(name).trim()
  return { paper: v('--ecg-paper'), fine: v('--ecg-fine'), bold: v('--ecg-bold'), trace: v('--ecg-trace'), mark: '#0b63c5' }
}
