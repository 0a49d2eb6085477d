import { useEffect, useState } from 'preact/hooks'
import { askReassignment } from '../../load/clinic'
import { listTiers, type Tier } from '../../load/tasks'
import type { Task } from '../../load/types'
import { t } from '../../text/case'
import { ProblemNote, Skeleton } from '../parts/blank'
import { Dialog } from '../parts/dialog'
import { Field } from '../parts/field'
import { PatientLine } from '../parts/marks'
import { toast, toastFault } from '../parts/toast'
import { examName } from '../worklist/columns'

/** States in which a case can be handed up. */
export function mayEscalate(task: Task): boolean {
  return task.state === 'queued' || task.state === 'claimed'
}

/** Hands a case up to the next tier: it says who gets it before it goes. */
export function EscalateDialog(props: { task: Task; onDo(body: { reason: string; to: string }, name: string): Promise<boolean>; onClose(): void }) {
  const { task, onClose } = props
  const [tiers, setTiers] = useState<readonly Tier[] | null>(null)
  const [fault, setFault] = useState<unknown>(null)
  const [to, setTo] = useState('')
  const [reason, setReason] = useState('')
  const [busy, setBusy] = useState(false)
  const load = () => {
    setFault(null)
    listTiers(task.id).then((list) => { setTiers(list); setTo(list[0]?.code ?? '') }, setFault)
  }
  useEffect(load, [task.id])
  const name = tiers?.find((x) => x.code === to)?.name ?? ''
  const go = async () => {
    setBusy(true)
    if (await props.onDo({ reason: reason.trim(), to }, name)) onClose()
    setBusy(false)
  }
  const none = tiers?.length === 0
  return (
    <Dialog title={t('escalateTitle')} verb={t('escalate')} onDo={() => void go()} onClose={onClose} blocked={busy || to === '' || reason.trim() === ''} testid="escalate-dialog">
      <p><strong><PatientLine patient={task.patient} /></strong> {examName(task)}</p>
      {fault ? <ProblemNote fault={fault} onRetry={load} /> : !tiers ? <Skeleton lines={2} /> : none ? <p class="mark warn" data-testid="no-tier">{t('escalateNone')}</p> : (
        <>
          {tiers.length > 1 ? (
            <div class="items" role="radiogroup" aria-label={t('escalateTo')}>
              {tiers.map((x) => (
                <label key={x.code} class="check"><input type="radio" name="tier" checked={x.code === to} onChange={() => setTo(x.code)} data-testid={`tier-${x.code}`} />{x.name}</label>
              ))}
            </div>
          ) : null}
          <p data-testid="escalate-to">{t('escalateHint', { name })}</p>
          <Field label={t('reason')}>
            <textarea class="input" rows={3} autofocus value={reason} placeholder={t('escalateReason')} onInput={(e) => setReason(e.currentTarget.value)} data-testid="reason" />
          </Field>
        </>
      )}
    </Dialog>
  )
}

const correctable: readonly Task['state'][] = ['queued', 'claimed', 'returned', 'written', 'issued', 'delivered', 'acknowledged']

/** States in which the pictures of a case can be moved to another patient's order. */
export function mayCorrect(task: Task): boolean {
  return correctable.includes(task.state)
}

/** The centre sees that patient or order is wrong; the clinic knows the right one and names it. */
export function CorrectDialog(props: { task: Task; onClose(): void }) {
  const { task, onClose } = props
  const [reason, setReason] = useState('')
  const [busy, setBusy] = useState(false)
  const member = task.member_name || task.member
  const go = async () => {
    setBusy(true)
    try {
      await askReassignment(task.id, { reason: reason.trim() })
      toast(t('correctSent', { member }), 'good')
      onClose()
    } catch (refusal) {
      toastFault(refusal)
      setBusy(false)
    }
  }
  return (
    <Dialog title={t('correctTitle')} verb={t('correctAsk')} look="danger" onDo={() => void go()} onClose={onClose} blocked={busy || reason.trim() === ''} testid="correct-dialog">
      <p><strong><PatientLine patient={task.patient} /></strong> {examName(task)} · {member}</p>
      <p class="quiet">{t('correctHint', { member })}</p>
      <Field label={t('reason')}>
        <textarea class="input" rows={3} autofocus value={reason} placeholder={t('correctReason')} onInput={(e) => setReason(e.currentTarget.value)} data-testid="reason" />
      </Field>
    </Dialog>
  )
}
