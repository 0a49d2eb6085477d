import { useState } from 'preact/hooks'
import { isEcg, type Report, type Task } from '../../load/types'
import { t } from '../../text/case'
import { Dialog } from '../parts/dialog'
import { Field } from '../parts/field'
import { perform } from './actions'
import { CriticalDialog } from './criticaldialog'
import type { DraftBox } from './draft'
import { SignDialog } from './signdialog'
import { TemplateDialog } from './templates'
import { CorrectDialog, EscalateDialog } from './tierdialog'
import { VersionsDialog } from './versions'

export type DialogName =
  | 'template' | 'critical' | 'submit' | 'sign' | 'approve' | 'preliminary' | 'return' | 'reject' | 'transfer' | 'waive' | 'addendum' | 'revise'
  | 'void' | 'versions' | 'escalate' | 'correct'

export interface DialogsProps {
  name: DialogName
  task: Task
  box: DraftBox | null
  report: Report | null
  /** The report must be read again: something was appended. */
  onChanged(): void
  onClose(): void
}

/** The dialog that is open on the reading page. */
export function CaseDialog(props: DialogsProps) {
  const { name, task, box, report, onClose } = props
  switch (name) {
    case 'template':
      return box ? <TemplateDialog task={task} box={box} onClose={onClose} /> : null
    case 'critical':
      return <CriticalDialog task={task} box={box} onClose={onClose} />
    case 'submit':
    case 'sign':
    case 'approve':
    case 'preliminary':
      return box ? <SignDialog kind={name} task={task} box={box} onClose={onClose} /> : null
    case 'versions':
      return report ? <VersionsDialog report={report} ecg={isEcg(task.kind)} onClose={onClose} /> : null
    case 'return':
      return <ReturnDialog {...props} />
    case 'transfer':
      return <TransferDialog {...props} />
    case 'escalate':
      return <EscalateDialog task={task} onDo={(body, to) => perform(task, 'escalate', body, box, to)} onClose={onClose} />
    case 'correct':
      return <CorrectDialog task={task} onClose={onClose} />
    default:
      return <ReasonDialog {...props} name={name} />
  }
}

/** One long text: a reason, or the addendum itself. */
function ReasonDialog(props: DialogsProps & { name: 'reject' | 'waive' | 'addendum' | 'revise' | 'void' }) {
  const { name, task, box, onClose } = props
  const [text, setText] = useState('')
  const [busy, setBusy] = useState(false)
  const titles = {
    reject: [t('rejectTitle'), t('reject'), ''],
    waive: [t('waiveTitle'), t('waive'), t('waiveHint', { n: task.arrived, m: task.expected || '?' })],
    addendum: [t('addendumTitle'), t('addendum'), t('addendumHint')],
    revise: [t('reviseTitle'), t('revise'), t('reviseHint')],
    void: [t('voidTitle'), t('voidAsk'), ''],
  } as const
  const [title, verb, hint] = titles[name]
  const go = async () => {
    setBusy(true)
    const body = name === 'addendum' ? { text: text.trim() } : { reason: text.trim() }
    if (await perform(task, name, body, box)) {
      props.onChanged()
      onClose()
    }
    setBusy(false)
  }
  return (
    <Dialog title={title} verb={verb} onDo={() => void go()} onClose={onClose} blocked={busy || text.trim() === ''} testid={`${name}-dialog`}
      look={name === 'void' ? 'danger' : 'primary'}>
      {hint && <p class="quiet">{hint}</p>}
      <Field label={name === 'addendum' ? t('addendum') : t('reason')}>
        <textarea class="input" rows={name === 'addendum' ? 6 : 3} autofocus value={text} onInput={(e) => setText(e.currentTarget.value)} data-testid="reason" />
      </Field>
    </Dialog>
  )
}

const returnReasons = ['positioning', 'exposure', 'motion', 'foreign_body', 'coverage', 'missing_series', 'mismatch', 'history', 'ecg_defect', 'duplicate', 'other'] as const

function ReturnDialog(props: DialogsProps) {
  const { task, box, onClose } = props
  const [reason, setReason] = useState<(typeof returnReasons)[number] | ''>('')
  const [text, setText] = useState('')
  const [busy, setBusy] = useState(false)
  const fits = returnReasons.filter((r) => (isEcg(task.kind) ? !['positioning', 'exposure', 'foreign_body', 'coverage', 'missing_series'].includes(r) : r !== 'ecg_defect'))
  const missing = reason === '' || (reason === 'other' && text.trim() === '')
  const go = async () => {
    setBusy(true)
    if (await perform(task, 'return', { reason, text: text.trim() }, box)) onClose()
    setBusy(false)
  }
  return (
    <Dialog title={t('returnTitle', { member: task.member_name || task.member })} verb={t('giveBack')} onDo={() => void go()} onClose={onClose} blocked={busy || missing} testid="return-dialog">
      <div class="items" role="radiogroup" aria-label={t('reason')}>
        {fits.map((r, i) => (
          <label key={r} class="check">
            <input type="radio" name="reason" checked={reason === r} autofocus={i === 0} onChange={() => setReason(r)} data-testid={`return-${r}`} />
            {t(`return_${r}`)}
          </label>
        ))}
      </div>
      <Field label={t('reasonText')} hint={t('returnHint')}>
        <textarea class="input" rows={3} value={text} onInput={(e) => setText(e.currentTarget.value)} data-testid="return-text" />
      </Field>
    </Dialog>
  )
}

function TransferDialog(props: DialogsProps) {
  const { task, box, onClose } = props
  const [to, setTo] = useState('')
  const [reason, setReason] = useState('')
  const [busy, setBusy] = useState(false)
  const go = async () => {
    setBusy(true)
    if (await perform(task, 'transfer', { to: to.trim(), reason: reason.trim() }, box)) onClose()
    setBusy(false)
  }
  return (
    <Dialog title={t('transfer')} verb={t('transfer')} onDo={() => void go()} onClose={onClose} blocked={busy || to.trim() === '' || reason.trim() === ''} testid="transfer-dialog">
      <Field label={t('transferTo')}>
        <input class="input" autofocus value={to} onInput={(e) => setTo(e.currentTarget.value)} data-testid="transfer-to" />
      </Field>
      <Field label={t('reason')}>
        <textarea class="input" rows={2} value={reason} onInput={(e) => setReason(e.currentTarget.value)} data-testid="reason" />
      </Field>
    </Dialog>
  )
}
