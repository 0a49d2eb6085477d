import { useEffect, useState } from 'preact/hooks'
import { type Analysis, getAnalysis, getRecording, type Median, type Recording } from '../../load/recordings'
import { listPriors } from '../../load/reports'
import { t } from '../../text/ecg'
import { delta } from '../../trace/beat'
import { diagnostic, filtered } from '../../trace/filter'
import { leadOrder } from '../../trace/layout'
import { stamp } from '../clock'
import { Blank, Skeleton } from '../parts/blank'
import { toastFault } from '../parts/toast'
import type { Findings } from './marks'
import { type Measure, measure, unit } from './measures'
import { OneLead } from './medians'
import { view } from './view'

interface Earlier {
  recording: Recording
  analysis: Analysis
  at: string
}

/** At most so many earlier ECGs stand beside the present one. */
const most = 5
const rows: readonly Measure[] = ['hr_bpm', 'pr_ms', 'qrs_ms', 'qt_ms', 'qtc_ms', 'qrs_axis_deg', 'rv5_uv', 'sv1_uv']

/** The present ECG beside the patient's earlier ones: medians over each other at one bandwidth and scale, differences, ST by lead in time. */
export function Compare(props: { task: string; recording: Recording; findings: Findings | null }) {
  const { findings } = props
  const [list, set] = useState<readonly Earlier[] | null>(null)
  const [chosen, choose] = useState(0)
  useEffect(() => {
    const stop = new AbortController()
    void (async () => {
      try {
        const priors = (await listPriors(props.task, stop.signal)).filter((p) => p.recording).slice(0, most)
        const all = await Promise.all(priors.map(async (p) => ({ at: p.exam_at, recording: await getRecording(p.recording, stop.signal), analysis: await getAnalysis(p.recording, stop.signal) })))
        set(all.sort((a, b) => Date.parse(b.at) - Date.parse(a.at)))
      } catch (fault) {
        if (!stop.signal.aborted) toastFault(fault)
      }
    })()
    return () => stop.abort()
  }, [props.task])
  if (!list || !findings) return <Skeleton lines={10} />
  const before = list[chosen]
  if (!before) return <Blank title={t('compareNone')} />
  return (
    <div class="medians compare" data-testid="compare">
      <Overlay now={findings.analysis.median ?? null} before={before.analysis.median ?? null} />
      <div class="scroll">
        <table class="table num" data-testid="compare-table">
          <thead>
            <tr><th /><th>{t('compareNow')}</th>{list.map((e, i) => (
              <th key={e.recording.id} aria-selected={i === chosen}><button class="btn plain small num" aria-pressed={i === chosen} onClick={() => choose(i)} data-testid="compare-with">{stamp(e.at)}</button></th>
            ))}<th>{t('compareDelta')}</th></tr>
          </thead>
          <tbody>
            {rows.map((name) => <Row key={name} head={`${t(`m_${name}`)} ${unit(name)}`} now={value(props.recording, name)} others={list.map((e) => value(e.recording, name))} chosen={chosen} />)}
            <tr><th colSpan={list.length + 3} scope="colgroup">{t('st')} µV</th></tr>
            {stLeads(findings.analysis).map((lead) => <Row key={lead} head={lead} now={st(findings.analysis, lead)} others={list.map((e) => st(e.analysis, lead))} chosen={chosen} flag={100} />)}
          </tbody>
        </table>
      </div>
    </div>
  )
}

/** What the reader says, else the hub, else the cart. */
function value(r: Recording, name: Measure): number | null {
  const m = r.measurements
  return measure(m?.reader, name) ?? measure(m?.hub, name) ?? measure(m?.device, name)
}

type Levels = Readonly<Record<string, Readonly<Record<string, number>>>>

function stLeads(a: Analysis): string[] {
  const names = Object.keys((a.measurements['st'] ?? {}) as Levels)
  return leadOrder(names).map((i) => names[i]!)
}

function st(a: Analysis, lead: string): number | null {
  const v = ((a.measurements['st'] ?? {}) as Levels)[lead]?.['j60_uv']
  return typeof v === 'number' ? Math.round(v) : null
}

/** One value through time; a change of `flag` or more is marked. */
function Row(props: { head: string; now: number | null; others: readonly (number | null)[]; chosen: number; flag?: number }) {
  const before = props.others[props.chosen] ?? null
  const large = props.flag !== undefined && props.now !== null && before !== null && Math.abs(props.now - before) >= props.flag
  return (
    <tr>
      <td>{props.head}</td><td><b>{props.now ?? '—'}</b></td>
      {props.others.map((v, i) => <td key={i} class={i === props.chosen ? '' : 'quiet'}>{v ?? '—'}</td>)}
      <td class={large ? 'bad' : ''}>{delta(props.now, before)}</td>
    </tr>
  )
}

/** Both medians through the same low-pass, which both rates can carry. */
function Overlay(props: { now: Median | null; before: Median | null }) {
  const { now, before } = props
  if (!now || !before) return <Blank title={t('mediansNone')} />
  const wanted = view.value.filter.lowPass || diagnostic.lowPass
  const rate = Math.min(now.rate_hz, before.rate_hz)
  const lowPass = ([150, 100, 75, 40, 25] as const).find((l) => l <= wanted && l < 0.45 * rate) ?? 25
  const same = (m: Median): Median => ({ ...m, samples: m.samples.map((s) => Array.from(filtered(Float64Array.from(s), m.rate_hz, { highPass: 0, lowPass, notch: 0 }))) })
  const [a, b] = [same(now), same(before)]
  return (
    <figure>
      <figcaption class="quiet">{t('compareHint', { band: `0–${lowPass} Hz` })}</figcaption>
      <div class="grid12">
        {leadOrder(a.leads).map((i) => {
          const lead = b.leads.indexOf(a.leads[i]!)
          return <OneLead key={i} name={a.leads[i]!} beats={[{ median: a, lead: i }, ...(lead >= 0 ? [{ median: b, lead }] : [])]} />
        })}
      </div>
    </figure>
  )
}
