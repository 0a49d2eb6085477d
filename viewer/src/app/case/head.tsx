import { isEcg, type Task } from '../../load/types'
import { t } from '../../text/case'
import { warningText } from '../../text/warnings'
import { w } from '../../text/words'
import { now, stamp } from '../clock'
import { Icon } from '../parts/icon'
import { Arrived, Countdown, PatientLine, PrealertMark, PriorityMark, StateMark, TierMark, tierSays } from '../parts/marks'
import { navigate } from '../router'
import { isDone } from '../worklist/queue'
import { examName } from '../worklist/columns'

/** Who lies there, what was asked, how much time is left: always on screen. */
export function CaseHead(props: { task: Task }) {
  const { task } = props
  const history = [task.symptom, task.history].filter(Boolean).join('；')
  const visit = w(`visit_${task.visit as 'outpatient'}`)
  return (
    <div class="casehead" data-testid="case-head">
      <button class="btn plain small" onClick={() => navigate('/worklist')} title={`${t('back')} (Esc)`} data-testid="case-back">
        <Icon name="back" />
      </button>
      <PriorityMark priority={task.priority} />
      <strong class="patient" title={task.patient.id}><PatientLine patient={task.patient} /></strong>
      <span class="exam clip" title={examName(task)}>{examName(task)}</span>
      <span class="quiet clip clinic">{[task.member_name || task.member, visit].filter(Boolean).join(' · ')}</span>
      <span class="clip grow history" title={[history, task.purpose].filter(Boolean).join('\n')}>
        <span class="quiet">{t('history')}</span> {history || <span class="quiet">{t('noHistory')}</span>}
      </span>
      <PrealertMark alerts={task.prealert} />
      <TierMark task={task} />
      <span class="quiet num" title={t('stillComing')}><Arrived task={task} /></span>
      <StateMark state={task.state} />
      <Countdown due={task.due} met={isDone(task.state) || Boolean(task.t_prelim)} />
      <span class="num quiet" data-testid="clock">{stamp(new Date(now.value).toISOString()).slice(11)}</span>
    </div>
  )
}

/** Doubts about identity or completeness, above the picture, until resolved. */
export function CaseWarnings(props: { task: Task }) {
  const { task } = props
  const waiting = !task.complete && !task.waived && task.expected > task.arrived
  const tier = tierSays(task)
  // What is wrong with a tracing stands above the tracing itself.
  const doubts = task.warnings.filter((x) => !(isEcg(task.kind) && x.code.startsWith('ecg.')))
  if (doubts.length === 0 && !waiting && !tier) return null
  return (
    <div class="banner warn" role="status" data-testid="case-warnings">
      <Icon name="warn" />
      <span class="grow">
        {[...(tier ? [tier] : []), ...doubts.map(warningText), ...(waiting ? [t('incomplete', { n: task.arrived, m: task.expected })] : [])].join('　')}
      </span>
    </div>
  )
}
