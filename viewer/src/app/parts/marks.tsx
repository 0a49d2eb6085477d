import { account } from '../../load/session'
import type { Priority, Task, TaskState } from '../../load/types'
import { language } from '../../text/catalogue'
import { w } from '../../text/words'
import { left, now } from '../clock'
import { Icon, type IconName } from './icon'

const priorityIcons: Record<Priority, IconName | null> = { 0: 'bolt', 1: 'stop', 2: 'up', 3: null, 4: null }

/** Priority as icon, word and colour. */
export function PriorityMark(props: { priority: Priority; short?: boolean }) {
  const icon = priorityIcons[props.priority]
  const word = w(`${props.short ? 'priority_short' : 'priority'}_${props.priority}` as const)
  return (
    <span class={`mark p${props.priority}`} title={w(`priority_${props.priority}`)} data-testid="priority-mark" data-priority={props.priority}>
      {icon && <Icon name={icon} size={12} filled={icon === 'bolt'} />}
      {word}
    </span>
  )
}

const stateLooks: Record<TaskState, [IconName, string]> = {
  draft: ['pen', 'quiet'], uploading: ['up', 'accent'], queued: ['wait', 'accent'], claimed: ['pen', 'quiet'], returned: ['back', 'warn'],
  written: ['eye', 'accent'], issued: ['check', 'good'], delivered: ['check', 'good'], acknowledged: ['check', 'good'],
  cancelled: ['void', 'quiet'], void_pending: ['warn', 'warn'], void: ['void', 'quiet'],
}

/** State of a task as icon, word and colour; `who` stands behind it. */
export function StateMark(props: { state: TaskState; who?: string | null }) {
  const [icon, look] = stateLooks[props.state] ?? ['warn', 'warn']
  return (
    <span class={`mark ${look}`} data-testid="state-mark" data-state={props.state}>
      <Icon name={icon} size={12} />
      {w(`state_${props.state}`)}
      {props.who ? ` · ${props.who}` : ''}
    </span>
  )
}

/** Minutes until the deadline on the hub's clock; nothing once it is met. */
export function Countdown(props: { due: string | null | undefined; met?: boolean }) {
  if (props.met) return <span class="left quiet">{w('due_none')}</span>
  const l = left(props.due, now.value)
  return (
    <span class={`left num ${l.level}`} data-testid="countdown" data-level={l.level}>
      {l.text}
    </span>
  )
}

/** 疑似危急 with its evidence: what a machine saw, never called a diagnosis. */
export function PrealertMark(props: { alerts: Task['prealert']; short?: boolean }) {
  const first = props.alerts?.[0]
  if (!first) return null
  const all = (props.alerts ?? []).map((a) => `${a.item} ${a.evidence}`).join('\n')
  return (
    <span class="mark alert" title={`${w('alert')}\n${all}`} data-testid="prealert-mark">
      <Icon name="warn" size={12} />
      <span>{props.short ? w('alert') : `${w('alert')} ${first.evidence}`}</span>
    </span>
  )
}

/** How a task stands between the tiers for the own centre; '' where it never left its own. */
export function tierOf(task: Pick<Task, 'centre' | 'offered' | 'handed_from' | 'state'>): '' | 'gone' | 'up' | 'asked' | 'offered' {
  const mine = account.value?.member.code ?? ''
  if (task.handed_from && task.centre !== mine) return 'gone'
  if (task.handed_from) return 'up'
  if (!task.offered || task.state !== 'queued') return ''
  return task.offered === mine ? 'asked' : 'offered'
}

/** Who else may read a task, or who handed it over, as a sentence. */
export function tierSays(task: Task): string {
  const kind = tierOf(task)
  return kind && w(`tier_${kind}_says`, { from: task.handed_from_name || task.handed_from, centre: task.centre_name || task.centre, to: task.offered_name || task.offered })
}

/** Handed up, or open to the next tier as well. */
export function TierMark(props: { task: Task }) {
  const kind = tierOf(props.task)
  if (!kind) return null
  return (
    <span class={`mark ${kind === 'gone' ? 'quiet' : 'warn'}`} title={tierSays(props.task)} data-testid="tier-mark" data-tier={kind}>
      <Icon name="up" size={12} />
      {w(`tier_${kind}`)}
    </span>
  )
}

/** How much of a study has come: "312/480", or the number alone. */
export function Arrived(props: { task: Pick<Task, 'arrived' | 'expected' | 'complete' | 'kind'> }) {
  const { arrived, expected, complete } = props.task
  const text = expected > 0 ? `${arrived}/${expected}` : String(arrived)
  const tone = complete ? '' : expected > arrived ? 'warn' : 'quiet'
  const says = complete ? w('complete') : expected > 0 ? w('arriving', { n: arrived, m: expected }) : w('arrivingOnly', { n: arrived })
  return (
    <span class={`mark num ${tone}`} title={says} data-testid="arrived">
      {text}
      {complete && <Icon name="check" size={11} />}
    </span>
  )
}

/** The hub states ages with Chinese units; English pages shorten them. */
function ageWord(age: string): string {
  if (language.value !== 'en') return age
  return age.replace('岁', 'y').replace('月', 'mo').replace('周', 'w').replace('天', 'd')
}

/** "王芳 女 56岁": in full, where care is given. */
export function PatientLine(props: { patient: Task['patient'] }) {
  const { name, sex, age } = props.patient
  const word = sex === 'M' || sex === 'F' || sex === 'O' ? w(`sex_${sex}`) : ''
  return (
    <span data-testid="patient-line">
      {name || w('unknownName')} <span class="quiet">{[word, ageWord(age)].filter(Boolean).join(' ')}</span>
    </span>
  )
}
