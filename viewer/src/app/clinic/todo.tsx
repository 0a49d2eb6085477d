import { signal } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import { type ClinicTask, type CriticalView, type Quarantined, settleQuarantine } from '../../load/clinic'
import { hasRole } from '../../load/session'
import { comma } from '../../text/catalogue'
import { t } from '../../text/clinic'
import { t as word } from '../../text/case'
import { warningText } from '../../text/warnings'
import { ago, now } from '../clock'
import { Icon, type IconName } from '../parts/icon'
import { PatientLine } from '../parts/marks'
import { toast, toastFault } from '../parts/toast'
import { navigate } from '../router'
import { examName } from '../worklist/columns'
import { finding } from '../parts/finding'
import { asking, mayHandle } from './criticalbar'
import { target } from './dropzone'
import { MatchDialog } from './match'
import { reloadLists, todo } from './store'
import { SubmitButton } from './submit'
import { bytesWord } from './uploadwords'

const matching = signal<string | null>(null)

/** What waits for the clinic itself, the most pressing first. */
export function Todo() {
  const all = todo.value
  const n = Object.values(all).reduce((sum, list) => sum + list.length, 0)
  if (n === 0) return <p class="quiet alldone" data-testid="todo-none"><Icon name="check" />{t('todoNone')}</p>
  const open = all.inbox.find((i) => i.task.id === matching.value)
  return (
    <section class="panel list todo" data-testid="todo">
      <h2>{t('todo')}<span class="num"> ({n})</span></h2>
      <ul>
        {all.notified.map((c) => <CriticalRow key={c.id} value={c} />)}
        {all.received.map((c) => <CriticalRow key={c.id} value={c} />)}
        {all.urgent.map((x) => (
          <Row key={`urgent-${x.id}`} icon="warn" tone="critical" kind="urgent" at={x.t_submit ?? x.created_at} actions={null}>
            <strong>{t('keepPatient')}</strong>　<PatientLine patient={x.patient} /> {examName(x)} · {x.prealert.map((a) => a.evidence).join(comma.value)}
          </Row>
        ))}
        {all.defective.map((x) => (
          <Row key={`defect-${x.id}`} icon="warn" tone="bad" kind="defect" at={x.t_submit ?? x.created_at}
            actions={<button type="button" class="btn small primary" onClick={() => again(x)} data-testid="repeat-ecg">{t('takeAgain')}</button>}>
            <strong>{x.warnings.filter((m) => m.code.startsWith('ecg.')).map(warningText).join(comma.value)}</strong>　<PatientLine patient={x.patient} /> {examName(x)}
          </Row>
        ))}
        {all.returned.map((x) => <Returned key={x.id} task={x} />)}
        {all.mismatched.map((x) => (
          <Row key={x.id} icon="warn" tone="bad" kind="mismatch" at={x.created_at} actions={<><Correct task={x} /><SubmitButton task={x} /></>}>
            <PatientLine patient={x.patient} /> {examName(x)} · {x.warnings.filter((m) => m.code === 'identity.mismatch').map(warningText).join(comma.value)}
          </Row>
        ))}
        {all.inbox.map((i) => (
          <Row key={i.task.id} icon="search" tone="accent" kind="unmatched" at={i.task.created_at}
            actions={<><button type="button" class="btn small primary" onClick={() => (matching.value = i.task.id)} data-testid="match">{t('match')}</button><SubmitButton task={i.task} /></>}>
            {t('unmatched')}　<PatientLine patient={i.task.patient} /> {examName(i.task)}
          </Row>
        ))}
        {all.reassign.map((r) => (
          <Row key={r.id} icon="user" tone="warn" kind="reassign" at={r.asked_at} actions={<a class="btn small primary" href="/reassign" data-testid="open-reassign">{t('decide')}</a>}>
            {t('reassignAsked', { by: r.asked_by_name })} · {r.reason}
          </Row>
        ))}
        {all.owed.map((x) => (
          <Row key={x.id} icon="pen" tone="warn" kind="owed" at={x.created_at} actions={<a class="btn small" href={`/orders/${x.order}`} data-testid="complete-order">{t('complete')}</a>}>
            <PatientLine patient={x.patient} /> {examName(x)} · {t('owes', { fields: x.owed.map(owedWord).join(comma.value) })}
          </Row>
        ))}
        {all.quarantine.map((q) => <QuarantineRow key={q.id} entry={q} />)}
      </ul>
      {open && <MatchDialog item={open} onClose={() => (matching.value = null)} />}
    </section>
  )
}

const owedFields = ['patient_name', 'sex', 'birth_date', 'department', 'doctor', 'item', 'history'] as const

/** The word of a field an order still owes. */
export function owedWord(field: string): string {
  const known = owedFields.find((f) => f === field)
  return known ? t(`owed_${known}`) : field
}

function Row(props: { icon: IconName; tone: string; kind: string; at: string | null; children: ComponentChildren; actions: ComponentChildren }) {
  return (
    <li class={`todorow is-${props.tone}`} data-testid={`todo-${props.kind}`}>
      <Icon name={props.icon} size={16} />
      <span class="grow">{props.children}</span>
      <span class="quiet num">{props.at ? ago(props.at, now.value) : ''}</span>
      <span class="line">{props.actions}</span>
    </li>
  )
}

function CriticalRow(props: { value: CriticalView }) {
  const c = props.value
  const notified = c.state === 'notified'
  const what = notified ? 'receive' : 'handle'
  return (
    <Row icon="warn" tone="critical" kind={`critical-${c.state}`} at={c.found_at}
      actions={notified || mayHandle() ? (
        <button type="button" class="btn small critical" onClick={() => (asking.value = { id: c.id, what })} data-testid={`todo-${what}`}>{t(notified ? 'receive' : 'handle')}</button>
      ) : <span class="quiet">{t('clinicianHandles')}</span>}>
      <strong>{t(notified ? 'criticalUnreceived' : 'criticalUnhandled')}</strong>　{c.patient && <PatientLine patient={c.patient} />} {finding(c)}
    </Row>
  )
}

const reasons = ['positioning', 'exposure', 'motion', 'foreign_body', 'coverage', 'missing_series', 'mismatch', 'history', 'ecg_defect', 'duplicate', 'other'] as const

/** Lets the next files chosen go to a task's order: the exam is made again. */
function again(x: ClinicTask) {
  target.value = { order: x.order, label: `${x.patient.name} ${examName(x)}`, kind: x.kind }
  toast(t('chooseNew'))
  scrollTo({ top: 0 })
  document.querySelector<HTMLElement>('[data-testid=pick-files]')?.focus()
}

function Returned(props: { task: ClinicTask }) {
  const x = props.task
  const code = reasons.find((r) => r === x.returned?.reason)
  return (
    <Row icon="back" tone="warn" kind="returned" at={x.returned?.at ?? null}
      actions={(
        <>
          <button type="button" class="btn small primary" onClick={() => again(x)} data-testid="take-again">{t('takeAgain')}</button>
          {code === 'history' && <button type="button" class="btn small" onClick={() => navigate(`/orders/${x.order}`)} data-testid="complete-history">{t('complete')}</button>}
          <SubmitButton task={x} />
        </>
      )}>
      <strong>{[code ? word(`return_${code}`) : '', x.returned?.text].filter(Boolean).join(comma.value)}</strong>　<PatientLine patient={x.patient} /> {examName(x)}
    </Row>
  )
}

function Correct(props: { task: ClinicTask }) {
  return <button type="button" class="btn small" onClick={() => navigate(`/orders/${props.task.order}`)} data-testid="check-order">{t('checkOrder')}</button>
}

function QuarantineRow(props: { entry: Quarantined }) {
  const q = props.entry
  const settle = async (how: 'resolve' | 'retry') => {
    try {
      await settleQuarantine(q.id, how, how === 'resolve' ? t('quarantineSeen') : '')
      await reloadLists()
    } catch (refusal) {
      toastFault(refusal)
    }
  }
  return (
    <Row icon="stop" tone="bad" kind="quarantine" at={q.created_at}
      actions={hasRole('tech') && (
        <>
          <a class="btn small" href={`/api/v1/quarantine/${encodeURIComponent(q.id)}/original`} download data-testid="quarantine-original">{t('original')}</a>
          <button type="button" class="btn small" onClick={() => void settle('retry')} data-testid="quarantine-retry">{t('retryIntake')}</button>
          <button type="button" class="btn small" onClick={() => void settle('resolve')} data-testid="quarantine-resolve">{t('seen')}</button>
        </>
      )}>
      <strong>{t('quarantined')}</strong>　{q.name} <span class="quiet num">{bytesWord(q.size)}</span> · {q.detail}
    </Row>
  )
}
