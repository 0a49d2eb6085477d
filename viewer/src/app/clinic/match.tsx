import { useState } from 'preact/hooks'
import { type ClinicTask, type InboxItem, matchInbox } from '../../load/clinic'
import { comma } from '../../text/catalogue'
import { t } from '../../text/clinic'
import { stamp } from '../clock'
import { Dialog } from '../parts/dialog'
import { PatientLine } from '../parts/marks'
import { toast, toastFault } from '../parts/toast'
import { examName } from '../worklist/columns'
import { OrderSearch } from './ordersearch'
import { put, reloadLists } from './store'

/** Joins an exam that came without an order to the order it belongs to. */
export function MatchDialog(props: { item: InboxItem; onClose(): void }) {
  const { task, suggestions } = props.item
  const [order, setOrder] = useState(suggestions[0]?.order ?? '')
  const [busy, setBusy] = useState(false)
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
            <strong>{s.patient_name}</strong><span class="num">{s.accession}</span><span class="quiet">{s.why.map(whyWord).join(comma.value)}</span></label>
        ))}
        {suggestions.length === 0 && <p class="quiet pad">{t('noSuggestion')}</p>}
      </div>
      <OrderSearch label={t('otherOrder')} value={order} fits={(o) => (o.kind === 'image') === (task.kind === 'image') && (o.task?.arrived ?? 0) === 0} onChange={setOrder} />
    </Dialog>
  )
}

const known = ['name', 'patient_id', 'accession_similar', 'sex', 'birth_date', 'modality', 'accession', 'body_part', 'time'] as const

/** What agrees between exam and order, or does not. */
function whyWord(code: string): string {
  const differs = code.endsWith('_differs')
  const base = known.find((k) => k === code.replace(/_differs$/, ''))
  if (!base) return code
  return t(differs ? 'whyDiffers' : 'whySame', { what: t(`why_${base}`) })
}
