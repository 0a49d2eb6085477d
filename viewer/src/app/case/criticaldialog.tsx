import { useState } from 'preact/hooks'
import { raiseCritical } from '../../load/critical'
import type { Task } from '../../load/types'
import { t } from '../../text/case'
import { type CriticalItem, critical, criticalItemsOf } from '../../text/critical'
import { Dialog } from '../parts/dialog'
import { Field } from '../parts/field'
import { PatientLine, PrealertMark } from '../parts/marks'
import { toast, toastFault } from '../parts/toast'
import { examName } from '../worklist/columns'
import type { DraftBox } from './draft'

/** Starts the loop: the clinic is told at once and must read the finding back. */
export function CriticalDialog(props: { task: Task; box: DraftBox | null; onClose(): void }) {
  const { task, box, onClose } = props
  const list = criticalItemsOf(task)
  const hinted = (task.prealert ?? []).map((a) => a.item)
  const [chosen, setChosen] = useState<readonly CriticalItem[]>([])
  const [text, setText] = useState('')
  const [busy, setBusy] = useState(false)
  const toggle = (c: CriticalItem) => setChosen((x) => (x.includes(c) ? x.filter((y) => y !== c) : [...x, c]))
  const member = task.member_name || task.member
  const go = async () => {
    setBusy(true)
    try {
      await raiseCritical(task.id, chosen, text.trim())
      box?.change({ critical: true, positive: true })
      toast(t('criticalDone', { member }), 'good')
      onClose()
    } catch (refusal) {
      toastFault(refusal)
      setBusy(false)
    }
  }
  return (
    <Dialog title={t('criticalTitle')} verb={t('criticalTitle')} look="critical" onDo={() => void go()} onClose={onClose} wide testid="critical-dialog"
      blocked={busy || (chosen.length === 0 && text.trim() === '')}>
      <div class="line wrap"><strong><PatientLine patient={task.patient} /></strong><span>{examName(task)}</span><PrealertMark alerts={task.prealert} /></div>
      <p class="quiet">{t('criticalHint', { member })}</p>
      <div class="items">
        {list.map((c, i) => (
          <label key={c} class="check" style={{ whiteSpace: 'normal' }}>
            <input type="checkbox" checked={chosen.includes(c)} autofocus={i === 0} onChange={() => toggle(c)} data-testid={`critical-${c}`} />
            <span class="quiet num">{c}</span>
            <span style={hinted.includes(c) ? { color: 'var(--critical)' } : {}}>{critical(c)}</span>
          </label>
        ))}
      </div>
      <Field label={t('criticalText')} hint={t(`criticalTextHint_${list[0]!.startsWith('E') ? 'ecg' : task.modality === 'US' ? 'us' : 'image'}`)}>
        <textarea class="input" rows={2} value={text} onInput={(e) => setText(e.currentTarget.value)} data-testid="critical-text" />
      </Field>
    </Dialog>
  )
}
