import { useState } from 'preact/hooks'
import { type ClinicTask, type InboxItem, matchInbox, type Order, searchOrders } from '../../load/clinic'
import { t } from '../../text/clinic'
import { stamp } from '../clock'
import { Dialog } from '../parts/dialog'
import { Field } from '../parts/field'
import { PatientLine } from '../parts/marks'
import { toast, toastFault } from '../parts/toast'
import { examName } from '../worklist/columns'
import { put, reloadLists } from './store'

/** Joins an exam that came without an order to the order it belongs to. */
export function MatchDialog(props: { item: InboxItem; onClose(): void }) {
  const { task, suggestions } = props.item
  const [order, setOrder] = useState(suggestions[0]?.order ?? '')
  const [text, setText] = useState('')
  const [found, setFound] = useState<readonly Order[]>([])
  const [busy, setBusy] = useState(false)
  const look = async (q: string) => {
    setText(q)
    if (q.trim() === '') return setFound([])
    try {
      setFound((await searchOrders(q.trim(), '')).filter((o) => !o.cancelled && o.origin === 'entered' && (o.task?.arrived ?? 0) === 0).slice(0, 8))
    } catch (refusal) {
      toastFault(refusal)
    }
  }
  const go = async () => {
    setBusy(true)
    try {
      put((await matchInbox(task.id, order)) as ClinicTask)
      toast(t('matched'), 'good')
      await reloadLists()
      props.onClose()
    } catch (refusal) {
      toastFault(refusal)
      setBusy(false)
    }
  }
  return (
    <Dialog title={t('matchTitle')} verb={t('match')} onDo={() => void go()} onClose={props.onClose} blocked={busy || order === ''} testid="match-dialog" wide>
      <div class="line wrap">
        {task.thumbnail && <img class="keythumb" src={task.thumbnail} alt="" />}
        <span><strong><PatientLine patient={task.patient} /></strong><br />{examName(task)} · {stamp(task.t_exam ?? task.created_at)}</span>
      </div>
      <div class="picklist" role="radiogroup" aria-label={t('matchTitle')}>
        {suggestions.map((s) => (
          <label key={s.order} class="pickline"><input type="radio" name="order" checked={order === s.order} onChange={() => setOrder(s.order)} data-testid="suggestion" />
            <strong>{s.patient_name}</strong><span class="num">{s.accession}</span><span class="quiet">{s.why.join('、')}</span></label>
        ))}
        {found.map((o) => (
          <label key={o.id} class="pickline"><input type="radio" name="order" checked={order === o.id} onChange={() => setOrder(o.id)} data-testid="found-order" />
            <strong>{o.patient_name}</strong><span class="num">{o.accession}</span><span class="quiet">{o.item_name} · {stamp(o.created_at)}</span></label>
        ))}
        {suggestions.length === 0 && found.length === 0 && <p class="quiet pad">{t('noSuggestion')}</p>}
      </div>
      <Field label={t('searchOrders')}>
        <input class="input" type="search" value={text} onInput={(e) => void look(e.currentTarget.value)} data-testid="match-search" />
      </Field>
    </Dialog>
  )
}
