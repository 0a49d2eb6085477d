import { hubNow } from '../../load/api'
import type { ClinicTask } from '../../load/clinic'
import { type Line, sums } from '../../load/uploadline'
import { uploads } from '../../load/uploadqueue'
import { t } from '../../text/clinic'
import { now, shortStamp } from '../clock'
import { Blank } from '../parts/blank'
import { Icon } from '../parts/icon'
import { Arrived, Countdown, PatientLine, PrealertMark, PriorityMark, StateMark } from '../parts/marks'
import { type Column, Table } from '../parts/table'
import { navigate } from '../router'
import { examName } from '../worklist/columns'
import { corrected, fresh, inReading, tasks, todayStart } from './store'
import { SubmitButton } from './submit'
import { verdictOf } from './uploadwords'

const done = ['issued', 'delivered', 'acknowledged', 'cancelled', 'void']

/** Today's exams with their live states, the newest first. */
export function Today() {
  const from = todayStart(hubNow())
  const rows = [...tasks.value.values()].filter((x) => (x.created_at ?? '') >= from || !done.includes(x.state)).sort((a, b) => ((a.created_at ?? '') < (b.created_at ?? '') ? 1 : -1))
  return (
    <section class="panel list" data-testid="today">
      <h2>{t('today')}<span class="quiet num"> {rows.length}</span></h2>
      {rows.length === 0 ? <Blank title={t('todayNone')}><p>{t('todayNoneHelp')}</p></Blank> : (
        <Table testid="today-table" columns={columns()} rows={rows} id={(x) => x.id} fresh={(x) => fresh.value.has(x.id)}
          onOpen={(x) => navigate(x.report ? `/results/${x.id}` : `/orders/${x.order}`)} dim={(x) => x.state === 'cancelled' || x.state === 'void'} />
      )}
    </section>
  )
}

function columns(): Column<ClinicTask>[] {
  const sending = new Map<string, Line>()
  for (const l of uploads.lines.value) {
    const id = verdictOf(l).task
    if (id && l.state !== 'done') sending.set(id, l)
  }
  return [
    { key: 'time', head: t('time'), width: '92px', cell: (x) => <span class="num quiet">{shortStamp(x.created_at, now.value)}</span> },
    { key: 'priority', head: t('priority'), width: '104px', cell: (x) => <PriorityMark priority={x.priority} /> },
    { key: 'patient', head: t('patient'), width: '190px', cell: (x) => <PatientLine patient={x.patient} />, title: (x) => x.patient.name },
    { key: 'exam', head: t('exam'), cell: (x) => <Exam task={x} />, title: (x) => examName(x) },
    { key: 'arrived', head: t('arrived'), width: '76px', cell: (x) => (x.arrived > 0 ? <Arrived task={x} /> : '') },
    { key: 'left', head: t('left'), width: '100px', cell: (x) => (x.t_submit ? <Countdown due={x.due} met={Boolean(x.t_signed)} /> : '') },
    { key: 'state', head: t('state'), width: '190px', cell: (x) => <TodayState task={x} line={sending.get(x.id)} /> },
  ]
}

function Exam(props: { task: ClinicTask }) {
  const x = props.task
  const again = corrected.value.get(x.id)
  return (
    <>
      {examName(x)}{' '}
      {inReading(x) && <PrealertMark alerts={x.prealert} short />}
      {again && <span class="mark good" data-testid="repeated"><Icon name="check" size={12} />{t('repeatedAt', { at: shortStamp(again, now.value) })}</span>}
    </>
  )
}

function TodayState(props: { task: ClinicTask; line: Line | undefined }) {
  const { task, line } = props
  if (line) {
    const s = sums(line)
    return <span class="mark accent num">{t('sending', { percent: Math.floor((s.sent / Math.max(1, s.bytes)) * 100) })}</span>
  }
  return <span class="line"><StateMark state={task.state} who={task.state === 'claimed' ? task.holder_name : null} /><span onClick={(e) => e.stopPropagation()}>{task.state !== 'returned' && <SubmitButton task={task} />}</span></span>
}
