import { account } from '../../load/session'
import type { Task } from '../../load/types'
import { t } from '../../text/worklist'
import { now, shortStamp, stamp } from '../clock'
import { Arrived, Countdown, PatientLine, PrealertMark, PriorityMark, StateMark, TierMark } from '../parts/marks'
import type { Column } from '../parts/table'
import { isDone, type Chip } from './queue'

/** What an exam is called: item, else modality and body part. */
export function examName(x: Pick<Task, 'item' | 'item_name' | 'modality' | 'body_part'>): string {
  return x.item_name || [x.modality, x.body_part].filter(Boolean).join(' ') || x.item
}

/** The columns of the worklist for a chip. */
export function columns(chip: Chip): Column<Task>[] {
  const me = account.peek()?.login
  const finished = chip === 'issued'
  return [
    { key: 'priority', head: t('head_priority'), width: '104px', cell: (x) => <PriorityMark priority={x.priority} /> },
    finished
      ? { key: 'signed', head: t('head_signed'), width: '132px', cell: (x) => <span class="num">{stamp(x.t_signed)}</span> }
      : { key: 'left', head: t('head_left'), width: '96px', cell: (x) => <Countdown due={x.due} met={isDone(x.state) || Boolean(x.t_prelim)} /> },
    { key: 'patient', head: t('head_patient'), width: '176px', cell: (x) => <PatientLine patient={x.patient} />, title: (x) => x.patient.name },
    {
      key: 'exam',
      head: t('head_exam'),
      cell: (x) => <span class="line"><span class="clip">{examName(x)}</span><PrealertMark alerts={x.prealert} /><TierMark task={x} /></span>,
      title: (x) => [examName(x), x.history].filter(Boolean).join('\n'),
    },
    { key: 'clinic', head: t('head_clinic'), width: '160px', cell: (x) => x.member_name || x.member, title: (x) => x.member_name || x.member },
    { key: 'arrived', head: t('head_arrived'), width: '84px', cell: (x) => <Arrived task={x} /> },
    { key: 'submitted', head: t('head_submitted'), width: '92px', cell: (x) => <span class="num quiet">{shortStamp(x.t_submit, now.value)}</span>, title: (x) => stamp(x.t_submit) },
    {
      key: 'state',
      head: t('head_state'),
      width: '172px',
      cell: (x) => <StateMark state={x.state} who={x.holder && x.holder !== me ? x.holder_name || x.holder : null} />,
      title: (x) => x.holder_name || x.holder,
    },
  ]
}
