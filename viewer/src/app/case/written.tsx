import { isEcg, type Change, type Report, type Task } from '../../load/types'
import { t } from '../../text/case'
import { w } from '../../text/words'
import { stamp } from '../clock'
import { Icon } from '../parts/icon'
import type { DialogName } from './dialogs'

const who = (name: string | undefined, id: string) => name || id

/** A report that is read here, not written. */
export function Written(props: { task: Task; report: Report | null; onDialog(d: DialogName): void }) {
  const { report } = props
  if (!report) return <div class="quiet" data-testid="no-report">{t('noReport')}</div>
  return (
    <div class="read" data-testid="report-text">
      <div class="line">
        <strong>{w(`report_${report.state}`)}</strong>
        <span class="quiet num">{t('version', { n: report.version })}</span>
        {report.version > 1 && <button class="btn plain small end" onClick={() => props.onDialog('versions')} data-testid="open-versions">{t('versions')}</button>}
      </div>
      <ReportText report={report} ecg={isEcg(props.task.kind)} />
    </div>
  )
}

/** The parts of a version, as they were written. */
export function ReportText(props: { report: Report; ecg: boolean }) {
  const { report } = props
  return (
    <>
      <h3>{props.ecg ? t('findingsEcg') : t('findings')}</h3>
      <p data-testid="read-findings">{report.findings}</p>
      <h3>{t('impression')}</h3>
      <p data-testid="read-impression"><strong>{report.impression}</strong></p>
      {report.recommendation && <><h3>{t('recommendation')}</h3><p>{report.recommendation}</p></>}
      <p class="line wrap" style={{ marginTop: '8px' }}>
        <span class="mark">{report.positive ? t('positive') : t('negative')}</span>
        {report.critical && <span class="mark alert"><Icon name="warn" size={12} />{t('flagCritical')}</span>}
      </p>
      <p class="quiet num">
        {report.writer && t('writtenBy', { name: who(report.writer_name, report.writer), at: stamp(report.written_at) })}
        {report.reviewer && <><br />{t('signedBy', { name: who(report.reviewer_name, report.reviewer), at: stamp(report.signed_at) })}</>}
        {report.reason && <><br />{t('revisedFor', { reason: report.reason })}</>}
      </p>
      {report.diff && report.diff.length > 0 && <Diff changes={report.diff} />}
      {(report.addenda ?? []).map((a) => (
        <div key={a.at}>
          <h3>{t('addendumBy', { name: a.by, at: stamp(a.at) })}</h3>
          <p>{a.text}</p>
        </div>
      ))}
    </>
  )
}

const fields = new Set(['findings', 'impression', 'recommendation', 'positive', 'critical', 'grade'])

/** What the reviewer changed, shown to the writer. */
export function Diff(props: { changes: readonly Change[] }) {
  return (
    <div class="diff" data-testid="report-diff">
      <h3>{t('diff')}</h3>
      {props.changes.map((c) => (
        <p key={c.field}>
          <span class="quiet">{fields.has(c.field) ? t(c.field as 'findings') : c.field}　</span>
          <del>{String(c.before)}</del> <ins>{String(c.after)}</ins>
        </p>
      ))}
    </div>
  )
}
