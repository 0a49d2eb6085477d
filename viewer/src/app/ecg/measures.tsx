import { useState } from 'preact/hooks'
import type { Measurements, Recording } from '../../load/recordings'
import { comma } from '../../text/catalogue'
import { t } from '../../text/ecg'
import { t as ts } from '../../text/shell'
import { stamp } from '../clock'
import { Dialog } from '../parts/dialog'
import { Icon } from '../parts/icon'

const shown = ['hr_bpm', 'pr_ms', 'qrs_ms', 'qt_ms', 'qtc_ms', 'qrs_axis_deg'] as const
/** Everything that is measured, in the order of the table. */
export const all = ['hr_bpm', 'rr_ms', 'p_ms', 'pr_ms', 'qrs_ms', 'qt_ms', 'qtc_ms', 'qtcf_ms', 'qtcfr_ms', 'qtch_ms', 'p_axis_deg', 'qrs_axis_deg', 't_axis_deg', 'rv5_uv', 'sv1_uv'] as const

export type Measure = (typeof all)[number]

/** The unit, which stands in the measurement's name. */
export function unit(name: Measure): string {
  return name.endsWith('_bpm') ? '/min' : name.endsWith('_deg') ? '°' : name.endsWith('_uv') ? 'µV' : 'ms'
}

/** A measurement as a whole number; null where there is none. */
export function measure(m: Measurements | null | undefined, name: string): number | null {
  const v = m?.[name]
  return typeof v === 'number' && Number.isFinite(v) ? Math.round(v) : null
}

/** Heart rate, intervals and axis, each with who measured it. */
export function Measures(props: { recording: Recording; onInsert?: ((text: string) => void) | undefined }) {
  const { measurements: m, advice, statements } = props.recording
  const [open, setOpen] = useState(false)
  const doubts = advice ?? []
  const said = (statements ?? []).filter((s) => s.trim() !== '')
  const best = (name: Measure) => measure(m?.reader, name) ?? measure(m?.hub, name) ?? measure(m?.device, name)
  const text = shown.map((name) => {
    const v = best(name)
    return v === null ? '' : `${t(`m_${name}`)} ${v}${unit(name) === '°' ? '' : ' '}${unit(name)}`
  }).filter(Boolean)
  return (
    <>
      <div class="measures" data-testid="ecg-measures">
        {shown.map((name) => {
          const v = best(name)
          if (v === null) return null
          const from = measure(m?.reader, name) !== null ? 'reader' : measure(m?.hub, name) !== null ? 'hub' : 'device'
          const device = measure(m?.device, name)
          const beside = from === 'reader' ? ` ${t('measuredReader')}` : from === 'device' ? ` ${t('measuredDevice')}` : device !== null && device !== v ? ` (${t('measuredDevice')} ${device})` : ''
          return (
            <span key={name} class="num" title={`${t('measuredReader')} ${measure(m?.reader, name) ?? '—'} · ${t('measuredHub')} ${measure(m?.hub, name) ?? '—'} · ${t('measuredDevice')} ${device ?? '—'}`}>
              <span class="quiet">{t(`m_${name}`)}</span> <b>{v}</b><span class="quiet"> {unit(name)}{beside}</span>
            </span>
          )
        })}
        <button class="btn plain small end" onClick={() => setOpen(true)} data-testid="all-measures">{t('allMeasures')}</button>
        {props.onInsert && text.length > 0 && (
          <button class="btn plain small" onClick={() => props.onInsert?.(`${text.join(comma.peek())}。`)} data-testid="insert-measures">{t('insertMeasures')}</button>
        )}
      </div>
      {(said.length > 0 || doubts.length > 0) && (
        <div class="measures second">
          {said.length > 0 && (
            <span class="quiet clip" title={`${t('statements')}\n${said.join('\n')}`} data-testid="ecg-statements">{t('measuredDevice')}: {said.join(' · ')}</span>
          )}
          {doubts.length > 0 && (
            <span class="mark warn clip" title={doubts.join('\n')} data-testid="ecg-quality"><Icon name="warn" size={12} /><span class="clip">{doubts[0]}{doubts.length > 1 ? ` (+${doubts.length - 1})` : ''}</span></span>
          )}
        </div>
      )}
      {open && <AllMeasures recording={props.recording} onClose={() => setOpen(false)} />}
    </>
  )
}

/** Every value of cart, hub and reader side by side; what could not be measured says so. */
function AllMeasures(props: { recording: Recording; onClose(): void }) {
  const m = props.recording.measurements
  const cell = (v: number | null) => (v === null ? <span class="quiet">—</span> : v)
  return (
    <Dialog title={t('allMeasures')} verb={ts('close')} only wide onDo={props.onClose} onClose={props.onClose} testid="measures-dialog">
      <table class="table num">
        <thead><tr><th /><th>{t('measuredDevice')}</th><th>{t('measuredHub')}</th><th>{m?.reader ? t('measuredReaderBy', { name: m.reader.by, at: stamp(m.reader.at) }) : t('measuredReader')}</th></tr></thead>
        <tbody>
          {all.map((name) => (
            <tr key={name}>
              <td>{t(`m_${name}`)} <span class="quiet">{unit(name)}</span></td>
              <td>{cell(measure(m?.device, name))}</td>
              <td>{measure(m?.hub, name) ?? <span class="quiet">{t('notMeasured')}</span>}</td>
              <td>{cell(measure(m?.reader, name))}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Dialog>
  )
}
