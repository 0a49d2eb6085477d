import { useState } from 'preact/hooks'
import type { ClinicTask } from '../../load/clinic'
import { Problem } from '../../load/problem'
import { hasRole } from '../../load/session'
import { act } from '../../load/tasks'
import { t } from '../../text/clinic'
import { Dialog } from '../parts/dialog'
import { Field } from '../parts/field'
import { toast, toastFault } from '../parts/toast'
import { put } from './store'

/** Sends an arrived exam to the centre; a mismatch asks for the reason first. */
export function SubmitButton(props: { task: ClinicTask }) {
  const { task } = props
  const [differs, setDiffers] = useState<Record<string, string> | null>(null)
  const [reason, setReason] = useState('')
  const [busy, setBusy] = useState(false)
  if (task.state !== 'returned' && ((task.state !== 'draft' && task.state !== 'uploading') || task.arrived === 0)) return null
  if (task.state === 'returned' && !hasRole('tech')) return null
  const action = task.state === 'returned' ? 'resubmit' : 'submit'
  const go = async (why: string) => {
    setBusy(true)
    try {
      put((await act(task.id, action, why ? { reason: why } : {})) as ClinicTask)
      toast(t('submitted', { name: task.patient.name }), 'good')
      setDiffers(null)
    } catch (refusal) {
      if (refusal instanceof Problem && refusal.code === 'submit.identity_mismatch') setDiffers((refusal.more['values'] as Record<string, string>) ?? {})
      else toastFault(refusal)
    }
    setBusy(false)
  }
  return (
    <>
      <button type="button" class={`btn small${action === 'submit' ? ' primary' : ''}`} disabled={busy} onClick={() => void go('')} data-testid={`task-${action}`}>{t(action)}</button>
      {differs && (
        <Dialog title={t('mismatchTitle')} verb={t('submitAnyway')} look="danger" blocked={busy || reason.trim() === ''} onDo={() => void go(reason.trim())} onClose={() => setDiffers(null)} testid="mismatch-dialog">
          <p>{t('mismatchHelp')}</p>
          <dl class="facts">
            <dt>{t('inImages')}</dt><dd>{[differs['header_name'], differs['header_id']].filter(Boolean).join(' · ')}</dd>
            <dt>{t('inOrder')}</dt><dd>{[differs['order_name'] ?? task.patient.name, differs['order_id']].filter(Boolean).join(' · ')}</dd>
          </dl>
          <Field label={t('mismatchReason')}>
            <textarea class="input" rows={2} autofocus value={reason} onInput={(e) => setReason(e.currentTarget.value)} data-testid="mismatch-reason" />
          </Field>
        </Dialog>
      )}
    </>
  )
}
