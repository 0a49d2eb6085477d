import { useState } from 'preact/hooks'
import { askReassignment } from '../../load/clinic'
import type { Task } from '../../load/types'
import { t } from '../../text/clinic'
import { Dialog } from '../parts/dialog'
import { Field } from '../parts/field'
import { PatientLine } from '../parts/marks'
import { toast, toastFault } from '../parts/toast'
import { examName } from '../worklist/columns'
import { OrderSearch } from './ordersearch'

/** Asks to move pictures to the order they belong to; a second person of the other side confirms. */
export function ReassignDialog(props: { task: Task; onClose(): void }) {
  const { task } = props
  const [order, setOrder] = useState('')
  const [reason, setReason] = useState('')
  const [busy, setBusy] = useState(false)
  const go = async () => {
    setBusy(true)
    try {
      await askReassignment(task.id, { order, reason: reason.trim() })
      toast(t('reassignSent'), 'good')
      props.onClose()
    } catch (refusal) {
      toastFault(refusal)
      setBusy(false)
    }
  }
  return (
    <Dialog title={t('reassignTitle')} verb={t('reassignAsk')} look="danger" onDo={() => void go()} onClose={props.onClose} blocked={busy || order === '' || reason.trim() === ''} testid="reassign-dialog">
      <p><strong><PatientLine patient={task.patient} /></strong> {examName(task)}</p>
      <p class="quiet">{t('reassignHelp')}</p>
      <OrderSearch label={t('rightOrder')} value={order} autofocus fits={(o) => o.id !== task.order && (o.kind === 'image') === (task.kind === 'image')} onChange={setOrder} />
      <Field label={t('reason')}>
        <textarea class="input" rows={2} value={reason} onInput={(e) => setReason(e.currentTarget.value)} data-testid="reason" />
      </Field>
    </Dialog>
  )
}
