import { useEffect, useState } from 'preact/hooks'
import { live } from '../../load/live'
import { getReport } from '../../load/reports'
import { act, listTasks } from '../../load/tasks'
import type { Report, Task } from '../../load/types'
import { t } from '../../text/admin'
import { stamp } from '../clock'
import { PatientLine } from '../parts/marks'
import { toast } from '../parts/toast'
import { examName } from '../worklist/columns'
import { DriftPanel } from './drift'
import { FormDialog } from './form'
import { Register, useList } from './register'

/** Reports whose voiding a reviewer asked for: quality control confirms or refuses. */
export default function Quality() {
  const tasks = useList(() => listTasks(['void_pending']))
  const [open, setOpen] = useState<{ task: Task; how: 'void' | 'void_refuse' } | null>(null)
  useEffect(() => live.listen({ event: (e) => { if (e.task?.state === 'void_pending' || e.event.startsWith('task.void')) tasks.reload() }, resync: tasks.reload }), [])
  return (
    <>
    <Register testid="quality" title={t('voiding')} help={t('voidingHelp')} list={tasks} id={(x) => x.id} none={t('voidingNone')}
      columns={[
        { key: 'patient', head: t('patient'), width: '190px', cell: (x) => <PatientLine patient={x.patient} /> },
        { key: 'exam', head: t('exam'), cell: (x) => examName(x) },
        { key: 'member', head: t('member'), width: '180px', cell: (x) => x.member_name },
        { key: 'signed', head: t('signed'), width: '150px', cell: (x) => <span class="num">{stamp(x.t_signed)}</span> },
        { key: 'act', head: '', width: '190px', right: true, cell: (x) => (
          <span class="line">
            <button type="button" class="btn small danger" onClick={() => setOpen({ task: x, how: 'void' })} data-testid="void-confirm">{t('voidConfirm')}</button>
            <button type="button" class="btn small" onClick={() => setOpen({ task: x, how: 'void_refuse' })} data-testid="void-refuse">{t('voidRefuse')}</button>
          </span>
        ) },
      ]}>
      {open && (
        <FormDialog testid="void-dialog" title={t(open.how === 'void' ? 'voidConfirm' : 'voidRefuse')} verb={t(open.how === 'void' ? 'voidConfirm' : 'voidRefuse')} look={open.how === 'void' ? 'danger' : 'primary'}
          fields={[{ key: 'reason', label: t('reason'), kind: 'area', required: true }]} onClose={() => setOpen(null)}
          onSend={async (v) => {
            await act(open.task.id, open.how, { reason: v['reason'] })
            toast(t('saved'), 'good')
            tasks.reload()
          }}>
          <p><strong><PatientLine patient={open.task.patient} /></strong> {examName(open.task)}</p>
          <Impression report={open.task.report} />
        </FormDialog>
      )}
    </Register>
    <DriftPanel />
    </>
  )
}

/** What would become void, and why the reviewer asked. */
function Impression(props: { report: string }) {
  const [report, setReport] = useState<Report | null>(null)
  useEffect(() => {
    getReport(props.report).then(setReport, () => setReport(null))
  }, [props.report])
  if (!report) return null
  return <p>{report.impression}{report.reason && <><br /><span class="quiet">{report.reason}</span></>}</p>
}
