import { useSignal } from '@preact/signals'
import { useEffect, useMemo, useState } from 'preact/hooks'
import { placeMarks } from '../../draw/beats'
import { type Beat, getBeats, getPart, getTrend, type Recording, type Trend, type TrendEvent, type Waveform } from '../../load/recordings'
import { t } from '../../text/ecg'
import type { Caliper } from '../../trace/caliper'
import { completed } from '../../trace/derive'
import { Filters } from '../../trace/filter'
import { arrange } from '../../trace/layout'
import { clockAt, neighbour, trendPaths } from '../../trace/trend'
import { useKeys } from '../keys'
import { ProblemNote, Skeleton } from '../parts/blank'
import { Canvas } from './canvas'
import { beatMarks, CaliperReading, filterWords } from './ecg'
import { look, moreGain, nextSpeed, view } from './view'

/** Seconds fetched around the moment that is looked at. */
const partSeconds = 60

/** A recording of hours: the day's heart rate, what stands out, and the paper at any moment of it. */
export function Holter(props: { recording: Recording; onShown(): void }) {
  const { recording: r } = props
  const [trend, setTrend] = useState<Trend | null>(null)
  const [fault, setFault] = useState<unknown>(null)
  const [at, setAt] = useState(0)
  useEffect(() => {
    const stop = new AbortController()
    getTrend(r.id, stop.signal).then(setTrend, (f: unknown) => { if (!stop.signal.aborted) setFault(f) })
    return () => stop.abort()
  }, [r.id])
  const seconds = r.samples / r.rate_hz
  const go = (to: number) => setAt(Math.min(Math.max(0, to), Math.max(0, seconds - 1)))
  const step = (by: 1 | -1) => {
    const e = trend && neighbour(trend.events, r.rate_hz, at, by)
    if (e) go(e.sample / r.rate_hz)
  }
  useKeys({ title: t('holterTrend'), keys: [{ on: ']', says: t('key_event'), do: () => step(1) }, { on: '[', says: t('key_event'), do: () => step(-1), hidden: true }] })
  if (fault) return <ProblemNote fault={fault} />
  if (!trend) return <Skeleton lines={10} />
  return (
    <div class="holter" data-testid="holter">
      <Day recording={r} trend={trend} at={at} onGo={go} />
      <Events recording={r} trend={trend} at={at} onGo={go} />
      <Moment recording={r} at={at} onGo={go} onShown={props.onShown} />
    </div>
  )
}

const box = { width: 1000, height: 90 }

/** Heart rate over the whole recording; a click goes there. */
function Day(props: { recording: Recording; trend: Trend; at: number; onGo(to: number): void }) {
  const { trend, recording: r, at } = props
  const seconds = r.samples / r.rate_hz
  const p = useMemo(() => trendPaths(trend.minutes, box.width, box.height), [trend])
  const x = (s: number) => (s / seconds) * box.width
  const to = (e: PointerEvent) => {
    const b = (e.currentTarget as Element).getBoundingClientRect()
    props.onGo(((e.clientX - b.left) / b.width) * seconds)
  }
  const hours = Array.from({ length: Math.floor(seconds / 3600) + 1 }, (_, h) => h * 3600).filter((s) => s <= seconds && (s / 3600) % Math.ceil(seconds / 3600 / 12) === 0)
  return (
    <figure class="day">
      <figcaption class="line quiet"><span>{t('holterTrend')}</span><span class="num">{t('holterTotals', { n: trend.beats, v: trend.ventricular, p: trend.paced })}</span><span class="end">{t('holterHint')}</span></figcaption>
      <div class="line">
        <div class="grow">
          <svg viewBox={`0 0 ${box.width} ${box.height}`} preserveAspectRatio="none" data-testid="holter-trend" onPointerDown={to} onPointerMove={(e) => { if (e.buttons & 1) to(e) }}>
            <path class="band" d={p.band} /><path class="rate" d={p.line} />
            {trend.events.map((e) => <line key={`${e.kind}${e.sample}`} class={`ev ${e.kind}`} x1={x(e.sample / r.rate_hz)} x2={x(e.sample / r.rate_hz)} y1={box.height - 10} y2={box.height} />)}
            <line class="now" x1={x(at)} x2={x(at)} y1={0} y2={box.height} />
          </svg>
          <div class="hours num quiet">{hours.map((s) => <span key={s} style={{ left: `${(s / seconds) * 100}%` }}>{clockAt(r.start, s).slice(0, 5)}</span>)}</div>
        </div>
        <span class="scale num quiet"><span>{p.top}</span><span>{p.bottom}</span></span>
        <Histogram trend={trend} />
      </div>
    </figure>
  )
}

/** How often each RR interval occurs. */
function Histogram(props: { trend: Trend }) {
  const { histogram: h, histogram_ms: ms } = props.trend
  const most = Math.max(1, ...h)
  return (
    <svg class="histogram" viewBox={`0 0 ${h.length} 40`} preserveAspectRatio="none" role="img" aria-label={t('holterHistogram')} data-testid="holter-histogram">
      <title>{t('holterHistogram')} 0–{h.length * ms} ms</title>
      {h.map((n, i) => (n > 0 ? <rect key={i} x={i} y={40 - Math.max(1, (n / most) * 40)} width={0.9} height={Math.max(1, (n / most) * 40)} /> : null))}
    </svg>
  )
}

function Events(props: { recording: Recording; trend: Trend; at: number; onGo(to: number): void }) {
  const { recording: r, trend } = props
  const words = (e: TrendEvent) => t(`ev_${e.kind}`, { value: Math.round(e.value), beats: e.beats })
  return (
    <div class="events" data-testid="holter-events">
      {trend.events.map((e) => {
        const s = e.sample / r.rate_hz
        return (
          <button key={`${e.kind}${e.sample}`} class="btn small num" aria-pressed={Math.abs(s - props.at) < 0.5} onClick={() => props.onGo(s)} data-testid="holter-event" data-kind={e.kind}>
            <span class="quiet">{clockAt(r.start, s)}</span> {words(e)}
          </button>
        )
      })}
    </div>
  )
}

/** The paper at one moment, with the minute around it fetched. */
function Moment(props: { recording: Recording; at: number; onGo(to: number): void; onShown(): void }) {
  const { recording: r, at } = props
  const [part, setPart] = useState<{ wave: Waveform; beats: Beat[] } | null>(null)
  const [fault, setFault] = useState<unknown>(null)
  const caliper = useSignal<Caliper | null>(null)
  const { layout, paper, order, filter, truth } = view.value
  const first = part?.wave.first ?? 0
  const has = part ? part.wave.samples[0]!.length / r.rate_hz : 0
  const rows = r.leads.length <= 3 ? '12x1' : layout
  const begin = Math.max(0, at - 1)
  const shown = 250 / paper.speed
  const need = !part || begin < first / r.rate_hz || Math.min(begin + shown, r.samples / r.rate_hz) > first / r.rate_hz + has + 0.01
  useEffect(() => {
    if (!need) return
    const stop = new AbortController()
    const from = Math.max(0, at - partSeconds / 2)
    Promise.all([getPart(r.id, from, from + partSeconds, stop.signal), getBeats(r.id, from, from + partSeconds, stop.signal)]).then(
      ([wave, beats]) => { setPart({ wave, beats }); props.onShown() },
      (f: unknown) => { if (!stop.signal.aborted) setFault(f) },
    )
    return () => stop.abort()
  }, [r.id, at, need])
  const whole = useMemo(() => (part ? completed(part.wave) : { leads: [], samples: [] }), [part])
  const filters = useMemo(() => new Filters(whole.samples, r.rate_hz), [whole])
  const signal = useMemo(() => ({ rateHz: r.rate_hz, samples: filters.through(filter) }), [filters, filter])
  const from = begin - first / r.rate_hz
  const sheet = useMemo(() => arrange(whole.leads, rows, paper, from, has, order), [whole, rows, paper, from, has, order])
  const marks = useMemo(
    () => placeMarks(sheet, paper, beatMarks((part?.beats ?? []).map((b) => ({ ...b, sample: b.sample - first })), r.rate_hz)),
    [part, sheet, paper],
  )
  const move = (by: number) => props.onGo(at + by)
  useEffect(() => void (caliper.value = null), [at, paper])
  useKeys({
    title: t('modePaper'),
    keys: [
      { on: 'ArrowRight', says: t('later'), do: () => move(shown / 2) },
      { on: 'ArrowLeft', says: t('earlier'), do: () => move(-shown / 2) },
      { on: 's', says: t('key_speed'), do: () => look({ paper: nextSpeed(view.peek().paper) }) },
      { on: '=', says: t('key_gain'), do: () => look({ paper: moreGain(view.peek().paper, 1) }) },
      { on: '-', says: t('key_gain'), do: () => look({ paper: moreGain(view.peek().paper, -1) }), hidden: true },
    ],
  })
  if (fault) return <ProblemNote fault={fault} onRetry={() => setFault(null)} />
  if (!part) return <Skeleton lines={6} />
  return (
    <>
      <Canvas sheet={sheet} paper={paper} signal={signal} truth={truth} marching={false} loupe={false} marks={marks} caliper={caliper} onScroll={move} />
      <div class="foot">
        <strong class="num" data-testid="holter-at">{clockAt(r.start, at)}</strong>
        <span class="num">{paper.speed} mm/s · {paper.gain} mm/mV</span>
        <span class="num">{filterWords(r.rate_hz)}</span>
        <button class="btn small" onClick={() => move(-shown / 2)} data-testid="holter-earlier">←</button>
        <button class="btn small" onClick={() => move(shown / 2)} data-testid="holter-later">→</button>
        <CaliperReading caliper={caliper} paper={paper} hint={t('caliperHint')} />
      </div>
    </>
  )
}
