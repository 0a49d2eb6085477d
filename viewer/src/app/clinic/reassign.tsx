import { useEffect, useState } from 'preact/hooks'
import { answerReassignment, listReassignments, type Reassignment } from '../../load/clinic'
import { live } from '../../load/live'
import { t } from '../../text/clinic'
import { stamp } from '../clock'
import { Blank, ProblemNote, Skeleton } from '../parts/blank'
import { Dialog } from '../parts/dialog'
import { Field } from '../parts/field'
import { PatientLine } from '../parts/marks'
import { toast, toastFault } from '../parts/toast'
import { ClinicPage } from './frame'

/** Corrections of patient or order: what this side must confirm, and what became of its own. */
export default function Reassign() {
  const [list, setList] = useState<readonly Reassignment[] | null>(null)
  const [fault, setFault] = useState<unknown>(null)
  const [refusing, setRefusing] = useState<Reassignment | null>(null)
  const load = () => {
    setFault(null)
    listReassignments().then(setList, setFault)
  }
  useEffect(() => {
    load()
    return live.listen({ event: (e) => { if (e.event.includes('reassign')) load() }, resync: load })
  }, [])
  const answer = async (r: Reassignment, how: 'confirm' | 'refuse', reason = '') => {
    try {
      await answerReassignment(r.id, how, reason)
      toast(t(how === 'confirm' ? 'reassignConfirmed' : 'reassignRefused'), 'good')
      setRefusing(null)
      load()
    } catch (refusal) {
      toastFault(refusal)
    }
  }
  return (
    <ClinicPage testid="reassign">
      <h1>{t('reassignListTitle')}</h1>
      <p class="quiet">{t('reassignHelp')}</p>
      {fault !== null && <ProblemNote fault={fault} onRetry={load} />}
      <div class="panel list">
        {list === null ? fault === null && <Skeleton /> : list.length === 0 ? <Blank title={t('reassignNone')} /> : (
          <ul>
            {list.map((r) => (
              <li class="todorow" key={r.id} data-testid="reassignment" data-state={r.state}>
                <span class="grow">
                  {r.from && <PatientLine patient={r.from} />} → {r.to && <strong><PatientLine patient={r.to} /></strong>} {r.item_name}<br />
                  <span class="quiet">{r.reason} · {r.asked_by} {stamp(r.asked_at)}</span>
                </span>
                {r.mine && r.state === 'asked' ? (
                  <span class="line">
                    <button type="button" class="btn small primary" onClick={() => void answer(r, 'confirm')} data-testid="reassign-confirm">{t('confirm')}</button>
                    <button type="button" class="btn small" onClick={() => setRefusing(r)} data-testid="reassign-refuse">{t('refuse')}</button>
                  </span>
                ) : <span class="mark quiet">{stateWord(r.state)}</span>}
              </li>
            ))}
          </ul>
        )}
      </div>
      {refusing && <RefuseDialog onClose={() => setRefusing(null)} onDo={(reason) => void answer(refusing, 'refuse', reason)} />}
    </ClinicPage>
  )
}

function stateWord(state: string): string {
  return state === 'asked' || state === 'confirmed' || state === 'refused' ? t(`reassign_${state}`) : state
}

function RefuseDialog(props: { onClose(): void; onDo(reason: string): void }) {
  const [reason, setReason] = useState('')
  return (
    <Dialog title={t('refuse')} verb={t('refuse')} look="danger" onDo={() => props.onDo(reason.trim())} onClose={props.onClose} blocked={reason.trim() === ''} testid="refuse-dialog">
      <Field label={t('reason')}><input class="input" autofocus value={reason} onInput={(e) => setReason(e.currentTarget.value)} data-testid="reason" /></Field>
    </Dialog>
  )
}
