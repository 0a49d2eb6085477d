import { useEffect, useState } from 'preact/hooks'
import { listPriors } from '../../load/reports'
import type { Prior } from '../../load/types'
import { t } from '../../text/case'
import { now, shortStamp, stamp } from '../clock'

/** The day of an exam; of today's the time, since there may be several. */
function dayOf(at: string): string {
  const short = shortStamp(at, now.value)
  return short.length === 5 ? short : stamp(at).slice(0, 10)
}

/** Earlier results of the patient with their dates; a click lays one beside. */
export function Priors(props: { task: string; compared: string | null; onCompare(p: Prior | null): void }) {
  const [list, set] = useState<Prior[] | null>(null)
  const [failed, setFailed] = useState(false)
  useEffect(() => {
    const stop = new AbortController()
    set(null)
    setFailed(false)
    listPriors(props.task, stop.signal).then(set, () => { if (!stop.signal.aborted) setFailed(true) })
    return () => stop.abort()
  }, [props.task])
  if (failed) return <div class="quiet">{t('priorsFailed')}</div>
  if (!list) return <div class="bone" style={{ width: '60%' }} />
  if (list.length === 0) return <div class="quiet" data-testid="priors-none">{t('priorsNone')}</div>
  return (
    <div>
      <div class="quiet">{t('priors')} ({list.length})</div>
      <div class="priors" data-testid="priors">
        {list.map((p) => {
          const pressed = props.compared === p.task
          return (
            <button key={p.task} class="prior" aria-pressed={pressed} title={[p.member_name || p.member, stamp(p.exam_at), p.impression].filter(Boolean).join('\n')} disabled={!p.study_uid && !p.recording}
              onClick={() => props.onCompare(pressed ? null : p)} data-testid="prior">
              <span class="num">{dayOf(p.exam_at)}</span> {p.item_name || p.item}
              <div class="clip quiet">{p.impression}</div>
            </button>
          )
        })}
      </div>
    </div>
  )
}
