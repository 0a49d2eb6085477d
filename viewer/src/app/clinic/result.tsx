import { useEffect, useState } from 'preact/hooks'
import type { ClinicTask } from '../../load/clinic'
import { getReport, listVersions } from '../../load/reports'
import { act, getTask } from '../../load/tasks'
import { isEcg, type Report } from '../../load/types'
import { comma } from '../../text/catalogue'
import { t } from '../../text/clinic'
import { w } from '../../text/words'
import { stamp } from '../clock'
import { useKeys } from '../keys'
import { Blank, ProblemNote, Skeleton } from '../parts/blank'
import { Icon } from '../parts/icon'
import { PatientLine, StateMark } from '../parts/marks'
import { toast, toastFault } from '../parts/toast'
import type { PageProps } from '../route'
import { navigate } from '../router'
import { examName } from '../worklist/columns'
import { ClinicPage } from './frame'
import { Pictures } from './pictures'
import { ReassignDialog } from './reassigndialog'
import { put, tasks } from './store'

/** One report as the clinic reads it: the words first, then pictures, versions and what to do. */
export default function Result(props: PageProps) {
  const id = props.params['task']!
  const live = tasks.value.get(id)
  const [first, setFirst] = useState<ClinicTask | null>(null)
  const [report, setReport] = useState<Report | null>(null)
  const [versions, setVersions] = useState<readonly Report[]>([])
  const [fault, setFault] = useState<unknown>(null)
  const [correcting, setCorrecting] = useState(false)
  const task = live ?? first
  const load = () => {
    setFault(null)
    getTask(id).then((x) => setFirst(x as ClinicTask), setFault)
  }
  useEffect(load, [id])
  useEffect(() => {
    if (!task?.report) return
    getReport(task.report).then(setReport, setFault)
    listVersions(task.report).then(setVersions, () => setVersions([]))
  }, [task?.report, task?.version, task?.state])
  const confirm = async () => {
    try {
      put((await act(id, 'acknowledge')) as ClinicTask)
      toast(t('acknowledged'), 'good')
    } catch (refusal) {
      toastFault(refusal)
    }
  }
  const waiting = task?.state === 'issued' || task?.state === 'delivered'
  useKeys({ title: t('result'), keys: [{ on: 'Escape', says: t('backToResults'), do: () => navigate('/results') }, { on: 'Ctrl+Enter', says: t('acknowledge'), do: () => { if (waiting) void confirm() } }] })
  return (
    <ClinicPage testid="result">
      {fault !== null && <ProblemNote fault={fault} onRetry={load} />}
      {!task ? fault === null && <Skeleton /> : (
        <article class="result">
          <header class="line wrap head">
            <a class="btn plain small" href="/results" data-testid="result-back"><Icon name="back" />{t('backToResults')}</a>
            <h1 class="grow"><PatientLine patient={task.patient} /> <span class="exam">{examName(task)}</span></h1>
            <StateMark state={task.state} />
          </header>
          {report && <Flags report={report} />}
          <div class="cols">
            <div class="stack">
              {report ? <Words report={report} kind={task.kind} /> : task.report ? <Skeleton lines={4} /> : <Blank title={t('noReportYet')}><p>{t('noReportYetHelp')}</p></Blank>}
              <div class="line wrap acts">
                {waiting && <button type="button" class="btn primary big" onClick={() => void confirm()} data-testid="acknowledge">{t('acknowledge')}</button>}
                {report && task.t_signed && <a class="btn big" href={`/api/v1/reports/${encodeURIComponent(report.id)}/report.pdf`} target="_blank" rel="noreferrer" data-testid="open-pdf">{t('openPdf')}</a>}
                <button type="button" class="btn plain" onClick={() => setCorrecting(true)} data-testid="ask-reassign">{t('wrongPatient')}</button>
              </div>
              {task.t_ack && <p class="quiet small">{t('ackAt', { at: stamp(task.t_ack) })}</p>}
            </div>
            <Pictures task={task} />
          </div>
          {versions.length > 1 && <Versions list={versions} />}
        </article>
      )}
      {correcting && task && <ReassignDialog task={task} onClose={() => setCorrecting(false)} />}
    </ClinicPage>
  )
}

function Flags(props: { report: Report }) {
  const r = props.report
  if (r.state !== 'preliminary' && !r.critical && !r.positive && r.version < 2) return null
  return (
    <p class="line wrap">
      {r.state === 'preliminary' && <span class="mark warn" data-testid="is-preliminary"><Icon name="warn" size={12} />{t('preliminaryNote')}</span>}
      {r.critical && <span class="mark p0">{t('isCritical')}</span>}
      {r.positive && <span class="mark bad">{t('isPositive')}</span>}
      {r.version > 1 && <span class="mark warn">{t('revised', { n: r.version })}{r.reason ? `${comma.value}${r.reason}` : ''}</span>}
    </p>
  )
}

function Words(props: { report: Report; kind: ClinicTask['kind'] }) {
  const r = props.report
  const part = (head: string, text: string, testid: string, strong = false) =>
    text && <section><h2>{head}</h2><p class={strong ? 'impression' : ''} data-testid={testid}>{text}</p></section>
  return (
    <div class="panel words" data-testid="result-words">
      {part(t('impression'), r.impression, 'result-impression', true)}
      {part(t('recommendation'), r.recommendation, 'result-recommendation')}
      {part(t(isEcg(props.kind) ? 'findingsEcg' : 'findings'), r.findings, 'result-findings')}
      {(r.addenda ?? []).map((a) => <section key={a.at}><h2>{t('addendum')} · {a.by} {stamp(a.at)}</h2><p data-testid="result-addendum">{a.text}</p></section>)}
      <p class="quiet small">{[...new Set([r.writer_name || r.writer, r.reviewer_name || r.reviewer])].filter(Boolean).join(' / ')} · {stamp(r.signed_at ?? r.written_at)}</p>
    </div>
  )
}

function Versions(props: { list: readonly Report[] }) {
  return (
    <details class="panel versions" data-testid="result-versions">
      <summary>{t('versions', { n: props.list.length })}</summary>
      {props.list.map((r) => (
        <section key={r.version}>
          <h3>{t('versionOf', { n: r.version })} · {w(`report_${r.state}`)} · {stamp(r.signed_at ?? r.written_at)}</h3>
          {r.reason && <p class="quiet">{r.reason}</p>}
          <p>{r.impression}</p>
          {r.state === 'issued' && <a href={`/api/v1/reports/${encodeURIComponent(r.id)}/report.pdf?version=${r.version}`} target="_blank" rel="noreferrer">PDF</a>}
        </section>
      ))}
    </details>
  )
}
