import { useState } from 'preact/hooks'
import { askReassignment, type Order, searchOrders } from '../../load/clinic'
import type { Task } from '../../load/types'
import { t } from '../../text/clinic'
import { stamp } from '../clock'
import { Dialog } from '../parts/dialog'
import { Field } from '../parts/field'
import { PatientLine } from '../parts/marks'
import { toast, toastFault } from '../parts/toast'
import { examName } from '../worklist/columns'

/** Asks to move pictures to the order they belong to; a second person of the other side confirms. */
export function ReassignDialog(props: { task: Task; onClose(): void }) {
  const { task } = props
  const [text, setText] = useState('')
  const [found, setFound] = useState<readonly Order[]>([])
  const [order, setOrder] = useState('')
  const [reason, setReason] = useState('')
  const [busy, setBusy] = useState(false)
  const look = async (q: string) => {
    setText(q)
    try {
      setFound(q.trim() === '' ? [] : (await searchOrders(q.trim(), '')).filter((o) => !o.cancelled && o.id !== task.order).slice(0, 8))
    } catch (refusal) {
      toastFault(refusal)
    }
  }
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
      <Field label={t('rightOrder')}>
        <input class="input" type="search" autofocus value={text} placeholder={t('searchOrders')} onInput={(e) => void look(e.currentTarget.value)} data-testid="reassign-search" />
      </Field>
      <div class="picklist short" role="radiogroup" aria-label={t('rightOrder')}>
        {found.map((o) => (
          <label key={o.id} class="pickline"><input type="radio" name="order" checked={order === o.id} onChange={() => setOrder(o.id)} data-testid="reassign-order" />
            <strong>{o.patient_name}</strong><span class="num">{o.accession}</span><span class="quiet">{o.item_name} · {stamp(o.created_at)}</span></label>
        ))}
        {text.trim() !== '' && found.length === 0 && <p class="quiet pad">{t('ordersNotFound', { q: text.trim() })}</p>}
      </div>
      <Field label={t('reason')}>
        <textarea class="input" rows={2} value={reason} onInput={(e) => setReason(e.currentTarget.value)} data-testid="reason" />
      </Field>
    </Dialog>
  )
}
