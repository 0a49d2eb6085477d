import { useRef, useState } from 'preact/hooks'
import { type Boundaries, boundaryNames, type Median } from '../../load/recordings'
import { t } from '../../text/ecg'
import { beatPath, between, intervals } from '../../trace/beat'
import { leadOrder } from '../../trace/layout'
import { useKeys } from '../keys'
import { Blank, Skeleton } from '../parts/blank'
import { type Findings, hubBoundaries } from './marks'
import { measure } from './measures'

/** Scale of the superimposed leads: four times the paper's, so that a QT can be set to the millisecond. */
const speed = 100
const gain = 20

type Name = (typeof boundaryNames)[number]

/** The median beat of all leads over each other, with boundaries to be moved: the QT tool; each lead by itself beside. */
export function Medians(props: { findings: Findings | null; editable: boolean }) {
  const f = props.findings
  const [held, setHeld] = useState<Name>('t_end_ms')
  const rr = f ? measure(f.analysis.measurements, 'rr_ms') : null
  const put = (name: Name, to: number) => f?.change({ boundaries: { ...f.boundaries, [name]: between(boundaryNames, f.boundaries, name, to) } })
  const by = (ms: number) => ({ shiftKey }: KeyboardEvent) => {
    const at = f?.boundaries[held]
    if (props.editable && typeof at === 'number') put(held, at + ms * (shiftKey ? 10 : 1))
  }
  useKeys({
    title: t('modeMedians'),
    keys: [
      ...boundaryNames.map((n, i) => ({ on: String(i + 1), says: t(`b_${n}`), do: () => setHeld(n) })),
      ...(['', 'Shift+'] as const).flatMap((s) => [
        { on: `${s}ArrowRight`, says: t('mediansHint'), do: by(1), hidden: s !== '' }, { on: `${s}ArrowLeft`, says: t('mediansHint'), do: by(-1), hidden: true },
      ]),
    ],
  })
  if (!f) return <Skeleton lines={10} />
  const median = f.analysis.median
  if (!median) return <Blank title={t('mediansNone')} />
  const values = intervals(f.boundaries, rr)
  return (
    <div class="medians" data-testid="medians">
      <figure>
        <figcaption class="quiet">{t('overlaid')} · {speed} mm/s · {gain} mm/mV</figcaption>
        <Overlaid median={median} boundaries={f.boundaries} held={held} editable={props.editable} onHold={setHeld} onMove={put} />
        <div class="line wrap bounds">
          {boundaryNames.map((n, i) => (
            <button key={n} class="btn plain small num" aria-pressed={held === n} onClick={() => setHeld(n)} data-testid={`bound-${n}`}>
              <kbd>{i + 1}</kbd> {t(`b_${n}`)} {f.boundaries[n] ?? '—'}
            </button>
          ))}
        </div>
        <div class="line wrap">
          {(['pr', 'qrs', 'qt', 'qtc'] as const).map((n) => (
            <span key={n} class="num" data-testid={`own-${n}`}><span class="quiet">{t(`m_${n}_ms`)}</span> <b>{values[n] ?? '—'}</b><span class="quiet"> ms</span></span>
          ))}
          {props.editable && (
            <span class="line end">
              <label class="check"><input type="checkbox" checked={f.boundaries.p_on_ms == null} onChange={(e) => f.change({ boundaries: e.currentTarget.checked ? { ...f.boundaries, p_on_ms: null, p_off_ms: null } : { ...f.boundaries, ...pOf(hubBoundaries(f.analysis)) } })} data-testid="no-p" />{t('absent')}</label>
              <button class="btn small" onClick={() => f.change({ boundaries: hubBoundaries(f.analysis) })} data-testid="reset-bounds">{t('resetMarks')}</button>
              <button class="btn small primary" disabled={!f.dirty} onClick={f.save} data-testid="save-bounds">{t('saveMarks')}</button>
            </span>
          )}
        </div>
        {props.editable && <p class="quiet">{t('mediansHint')}</p>}
      </figure>
      <div class="grid12">{leadOrder(median.leads).map((i) => <OneLead key={i} name={median.leads[i]!} beats={[{ median, lead: i }]} />)}</div>
    </div>
  )
}

/** The P wave's boundaries of a set; a guess where the hub found none, to be moved. */
function pOf(b: Boundaries): Boundaries {
  const qrs = b.qrs_on_ms ?? -40
  return { p_on_ms: b.p_on_ms ?? qrs - 120, p_off_ms: b.p_off_ms ?? qrs - 40 }
}

interface OverlaidProps {
  median: Median
  boundaries: Boundaries
  held: Name
  editable: boolean
  onHold(n: Name): void
  onMove(n: Name, to: number): void
}

function Overlaid(props: OverlaidProps) {
  const { median: m, boundaries } = props
  const ref = useRef<SVGSVGElement>(null)
  const left = (-m.r / m.rate_hz) * speed
  const width = ((m.samples[0]?.length ?? 0) / m.rate_hz) * speed
  const [low, high] = range(m.samples)
  const top = (-high / 1000) * gain - 3
  const height = ((high - low) / 1000) * gain + 6
  const msAt = (e: PointerEvent) => {
    const box = ref.current!.getBoundingClientRect()
    return ((left + ((e.clientX - box.left) / box.width) * width) / speed) * 1000
  }
  const nearest = (ms: number) => boundaryNames.reduce<Name>((best, n) => (Math.abs((boundaries[n] ?? 1e9) - ms) < Math.abs((boundaries[best] ?? 1e9) - ms) ? n : best), 'qrs_on_ms')
  return (
    <svg ref={ref} class="beats" viewBox={`${left} ${top} ${width} ${height}`} preserveAspectRatio="none" data-testid="overlaid"
      onPointerDown={(e) => { if (!props.editable) return; e.currentTarget.setPointerCapture(e.pointerId); props.onHold(nearest(msAt(e))) }}
      onPointerMove={(e) => { if (props.editable && e.buttons & 1) props.onMove(props.held, msAt(e)) }}>
      <Grid left={left} top={top} width={width} height={height} />
      {m.samples.map((s, i) => <path key={i} d={beatPath(s, m.rate_hz, m.r, speed, gain)} class="beat" />)}
      {boundaryNames.map((n) => {
        const at = boundaries[n]
        if (typeof at !== 'number') return null
        const x = (at / 1000) * speed
        return <line key={n} x1={x} x2={x} y1={top} y2={top + height} class={`bound${props.held === n ? ' held' : ''}`} />
      })}
    </svg>
  )
}

/** Lowest and highest sample in µV. */
function range(samples: readonly (readonly number[])[]): [number, number] {
  let low = -100
  let high = 100
  for (const s of samples) for (const v of s) { if (v < low) low = v; if (v > high) high = v }
  return [low, high]
}

function Grid(props: { left: number; top: number; width: number; height: number }) {
  const { left, top, width, height } = props
  const lines: string[] = []
  for (let x = Math.ceil(left / 5) * 5; x <= left + width; x += 5) lines.push(`M${x} ${top}V${top + height}`)
  for (let y = Math.ceil(top / 5) * 5; y <= top + height; y += 5) lines.push(`M${left} ${y}H${left + width}`)
  return <path class="rule" d={lines.join('')} />
}

/** One lead's median beat at paper scale, an earlier one laid over it in another colour. */
export function OneLead(props: { name: string; beats: readonly { median: Median; lead: number }[] }) {
  const [width, height] = [30, 30]
  return (
    <svg class="beats one" viewBox={`${-width * 0.4} ${-height / 2} ${width} ${height}`} role="img" aria-label={`${t('medianOf')} ${props.name}`}>
      <Grid left={-width * 0.4} top={-height / 2} width={width} height={height} />
      {[...props.beats].reverse().map(({ median: m, lead }, i, list) => (
        <path key={i} d={beatPath(m.samples[lead] ?? [], m.rate_hz, m.r, 25, 10)} class={i === list.length - 1 ? 'beat' : 'beat before'} />
      ))}
      <text x={-width * 0.4 + 1} y={-height / 2 + 4}>{props.name}</text>
    </svg>
  )
}
