import { useEffect, useState } from 'preact/hooks'
import { live } from '../../load/live'
import { getRecording, type Recording } from '../../load/recordings'
import type { Task } from '../../load/types'
import { t } from '../../text/case'
import { stamp } from '../clock'
import { Icon } from '../parts/icon'
import { toastFault } from '../parts/toast'
import { navigate } from '../router'

/** An ECG laid beside the present one. */
export interface Beside {
  recording: string
  label: string
}

const clock = (at: string) => stamp(at).slice(11)

/** Says that the ECG was recorded again, or is itself a repeat, and lays the other one beside. */
export function Repeat(props: { task: Task; beside: string | undefined; onBeside(b: Beside | null): void }) {
  const { task, beside } = props
  const [got, set] = useState<Recording | null>(null)
  useEffect(() => {
    const stop = new AbortController()
    const load = () => getRecording(task.recording, stop.signal).then(set, () => {})
    void load()
    // The repeat comes while the first is being read: it belongs to the same patient.
    const off = live.listen({ event: (e) => { if (e.task && e.task.id !== task.id && e.task.recording && e.task.member === task.member && e.task.patient.name === task.patient.name) void load() } })
    return () => {
      stop.abort()
      off()
    }
  }, [task.recording])
  if (got?.id !== task.recording) return null
  const later = got.corrected_by
  const other = later ?? got.corrects
  if (!other) return null
  const words = { at: clock(other.at) }
  const open = () => {
    getRecording(other.id).then((r) => { if (r.task && r.task !== task.id) navigate(`/case/${r.task}`) }, toastFault)
  }
  return (
    <div class={`banner${later ? ' warn' : ''}`} role="status" data-testid="repeat" data-repeat={later ? 'corrected' : 'corrects'}>
      <Icon name={later ? 'warn' : 'check'} />
      <span>{t(later ? 'repeatedAt' : 'repeats', words)}</span>
      <button class="btn small" aria-pressed={beside === other.id} onClick={() => props.onBeside(beside === other.id ? null : { recording: other.id, label: t(later ? 'repeatLabel' : 'firstLabel', words) })} data-testid="repeat-beside">
        <Icon name="two" size={12} />{t('layBeside')}
      </button>
      {later && <button class="btn small" onClick={open} data-testid="repeat-open">{t('openRepeat')}</button>}
    </div>
  )
}
