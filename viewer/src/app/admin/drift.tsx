import { type Drift, listDrift } from '../../load/recordings'
import { t } from '../../text/admin'
import { ProblemNote, Skeleton } from '../parts/blank'
import { useList } from './register'

const names = ['hr_bpm', 'pr_ms', 'qrs_ms', 'qt_ms', 'qtc_ms', 'qrs_axis_deg'] as const
/** A device is looked at when it lies this far from where it lay before, in the unit of the value. */
const moved = { hr_bpm: 3, pr_ms: 10, qrs_ms: 8, qt_ms: 15, qtc_ms: 15, qrs_axis_deg: 15 } as const

/** The differences of one device and value, month by month, and whether the last one has moved away from the others. */
export function course(list: readonly Drift[], name: (typeof names)[number]): { points: { month: string; median: number; spread: number }[]; moved: boolean } {
  const points = list.flatMap((d) => {
    const x = d.differences[name]
    return x && x.count > 0 ? [{ month: d.month, median: x.median, spread: x.spread }] : []
  })
  const last = points.at(-1)
  const before = points.slice(0, -1).map((p) => p.median).sort((a, b) => a - b)
  const usual = before[Math.floor(before.length / 2)]
  return { points, moved: last !== undefined && usual !== undefined && Math.abs(last.median - usual) >= moved[name] }
}

/** ECG devices whose own numbers are compared with the hub's: a course that moves asks for a calibration. */
export function DriftPanel() {
  const list = useList(listDrift)
  if (list.fault) return <ProblemNote fault={list.fault} onRetry={list.reload} />
  if (!list.rows) return <Skeleton lines={4} />
  const devices = [...new Set(list.rows.map((d) => d.device))]
  return (
    <section class="drift stack" data-testid="drift">
      <h2>{t('drift')}</h2>
      <p class="quiet">{t('driftHelp')}</p>
      {devices.length === 0 && <p class="quiet">{t('driftNone')}</p>}
      <div class="scroll">
        {devices.length > 0 && (
          <table class="table">
            <thead><tr><th>{t('driftDevice')}</th>{names.map((n) => <th key={n}>{t(`drift_${n}`)}</th>)}<th>{t('driftCount')}</th></tr></thead>
            <tbody>{devices.map((device) => <DeviceRow key={device} device={device} months={list.rows!.filter((d) => d.device === device)} />)}</tbody>
          </table>
        )}
      </div>
    </section>
  )
}

function DeviceRow(props: { device: string; months: readonly Drift[] }) {
  return (
    <tr data-testid="drift-row">
      <td class="clip" title={props.device}>{props.device || t('driftUnnamed')}</td>
      {names.map((n) => {
        const c = course(props.months, n)
        const last = c.points.at(-1)
        return (
          <td key={n} title={c.points.map((p) => `${p.month}: ${signed(p.median)} ± ${p.spread}`).join('\n')}>
            <span class="line"><Course points={c.points} /><span class={`num${c.moved ? ' bad' : ''}`}>{last ? signed(last.median) : '—'}</span>{c.moved && <span class="mark bad">{t('driftMoved')}</span>}</span>
          </td>
        )
      })}
      <td class="num">{props.months.reduce((n, d) => n + d.count, 0)}</td>
    </tr>
  )
}

const signed = (v: number) => (v > 0 ? `+${v}` : String(v).replace('-', '−'))

/** The course as a small line; zero is the middle. */
function Course(props: { points: readonly { median: number; spread: number }[] }) {
  const { points } = props
  const reach = Math.max(10, ...points.map((p) => Math.abs(p.median) + p.spread))
  const x = (i: number) => (points.length < 2 ? 30 : 2 + (i / (points.length - 1)) * 56)
  const y = (v: number) => 12 - (v / reach) * 10
  return (
    <svg class="course" viewBox="0 0 60 24" width="60" height="24" aria-hidden="true">
      <line x1="0" x2="60" y1="12" y2="12" class="zero" />
      {points.map((p, i) => <line key={i} class="spread" x1={x(i)} x2={x(i)} y1={y(p.median - p.spread)} y2={y(p.median + p.spread)} />)}
      <polyline points={points.map((p, i) => `${x(i)},${y(p.median)}`).join(' ')} />
      {points.map((p, i) => <circle key={i} cx={x(i)} cy={y(p.median)} r="1.6" />)}
    </svg>
  )
}
