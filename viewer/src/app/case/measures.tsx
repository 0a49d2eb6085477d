import type { Measurements, Recording } from '../../load/recordings'
import { t } from '../../text/case'
import { Icon } from '../parts/icon'

const shown = ['hr_bpm', 'pr_ms', 'qrs_ms', 'qt_ms', 'qtc_ms', 'qrs_axis_deg'] as const
const units: Record<(typeof shown)[number], string> = { hr_bpm: '/min', pr_ms: 'ms', qrs_ms: 'ms', qt_ms: 'ms', qtc_ms: 'ms', qrs_axis_deg: '°' }

/** A measurement as a whole number; null where there is none. */
export function measure(m: Measurements | null | undefined, name: string): number | null {
  const v = m?.[name]
  return typeof v === 'number' && Number.isFinite(v) ? Math.round(v) : null
}

/** Heart rate, intervals and axis, each with who measured it. */
export function Measures(props: { recording: Recording; onInsert?: ((text: string) => void) | undefined }) {
  const { measurements, advice, statements } = props.recording
  const doubts = advice ?? []
  const said = (statements ?? []).filter((s) => s.trim() !== '')
  const text = shown.map((name) => {
    const v = measure(measurements?.hub, name) ?? measure(measurements?.device, name)
    return v === null ? '' : `${t(`m_${name}`)} ${v}${units[name] === '°' ? '' : ' '}${units[name]}`
  }).filter(Boolean)
  return (
    <>
      <div class="measures" data-testid="ecg-measures">
        {shown.map((name) => {
          const hub = measure(measurements?.hub, name)
          const device = measure(measurements?.device, name)
          if (hub === null && device === null) return null
          return (
            <span key={name} class="num" title={`${t('measuredHub')} ${hub ?? '—'} · ${t('measuredDevice')} ${device ?? '—'}`}>
              <span class="quiet">{t(`m_${name}`)}</span> <b>{hub ?? device}</b>
              <span class="quiet"> {units[name]}{hub !== null && device !== null && hub !== device ? ` (${t('measuredDevice')} ${device})` : hub === null ? ` ${t('measuredDevice')}` : ''}</span>
            </span>
          )
        })}
        {props.onInsert && text.length > 0 && (
          <button class="btn plain small end" onClick={() => props.onInsert?.(`${text.join('，')}。`)} data-testid="insert-measures">{t('insertMeasures')}</button>
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
    </>
  )
}
