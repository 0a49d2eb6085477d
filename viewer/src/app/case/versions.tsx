import { useEffect, useState } from 'preact/hooks'
import { listVersions } from '../../load/reports'
import type { Report } from '../../load/types'
import { t } from '../../text/case'
import { w } from '../../text/words'
import { ProblemNote, Skeleton } from '../parts/blank'
import { Dialog } from '../parts/dialog'
import { ReportText } from './written'

/** Every version of a report; none of them ever changes. */
export function VersionsDialog(props: { report: Report; ecg: boolean; onClose(): void }) {
  const [list, set] = useState<Report[] | null>(null)
  const [fault, setFault] = useState<unknown>(null)
  const [at, setAt] = useState(0)
  const load = () => {
    setFault(null)
    listVersions(props.report.id).then(set, setFault)
  }
  useEffect(load, [props.report.id])
  const chosen = list?.[at]
  return (
    <Dialog title={t('versionsTitle')} verb={t('back')} onDo={props.onClose} onClose={props.onClose} only wide testid="versions-dialog">
      {fault ? <ProblemNote fault={fault} onRetry={load} /> : !list ? <Skeleton lines={5} /> : (
        <>
          <div class="chips">
            {list.map((r, i) => (
              <button key={r.version} type="button" class="chip" aria-pressed={i === at} onClick={() => setAt(i)} data-testid="version">
                {t('version', { n: r.version })} <span class="quiet">{w(`report_${r.state}`)}</span>
              </button>
            ))}
          </div>
          {chosen && <div class="read"><ReportText report={chosen} ecg={props.ecg} /></div>}
        </>
      )}
    </Dialog>
  )
}
