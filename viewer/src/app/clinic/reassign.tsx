import { useEffect, useState } from 'preact/hooks'
import { answerReassignment, getOrder, listReassignments, type Order, type Reassignment } from '../../load/clinic'
import { live } from '../../load/live'
import { hasRole } from '../../load/session'
import { getTask } from '../../load/tasks'
import type { Task } from '../../load/types'
import { t } from '../../text/clinic'
import { stamp } from '../clock'
import { Blank, ProblemNote, Skeleton } from '../parts/blank'
import { Dialog } from '../parts/dialog'
import { Field } from '../parts/field'
import { PatientLine } from '../parts/marks'
import { toast, toastFault } from '../parts/toast'
import { examName } from '../worklist/columns'
import { ClinicPage } from './frame'
import { OrderSearch } from './ordersearch'

/** Corrections of patient or order: what this side must confirm, and what became of its own. */
export default function Reassign() {
  const [list, setList] = useState<readonly Reassignment[] | null>(null)
  const [fault, setFault] = useState<unknown>(null)
  const [confirming, setConfirming] = useState<Reassignment | null>(null)
  const [refusing, setRefusing] = useState<Reassignment | null>(null)
  const load = () => {
    setFault(null)
    listReassignments().then(setList, setFault)
  }
  useEffect(() => {
    load()
    return live.listen({ event: (e) => { if (e.event.includes('reassign')) load() }, resync: load })
  }, [])
  const answer = async (r: Reassignment, how: 'confirm' | 'refuse', body: { order?: string; reason?: string }) => {
    try {
      await answerReassignment(r.id, how, body)
      toast(t(how === 'confirm' ? 'reassignConfirmed' : 'reassignRefused'), 'good')
      setRefusing(null)
      setConfirming(null)
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
                <span class="grow"><About value={r} /><br /><span class="quiet">{r.reason} · {r.asked_by_name} {stamp(r.asked_at)}</span></span>
                {r.mine && r.state === 'asked' ? (
                  <span class="line">
                    <button type="button" class="btn small primary" onClick={() => setConfirming(r)} data-testid="reassign-confirm">{t('confirm')}</button>
                    <button type="button" class="btn small" onClick={() => setRefusing(r)} data-testid="reassign-refuse">{t('refuse')}</button>
                  </span>
                ) : <span class="mark quiet">{t(`reassign_${r.state}`)}</span>}
              </li>
            ))}
          </ul>
        )}
      </div>
      {refusing && <RefuseDialog onClose={() => setRefusing(null)} onDo={(reason) => void answer(refusing, 'refuse', { reason })} />}
      {confirming && <ConfirmDialog value={confirming} onClose={() => setConfirming(null)} onDo={(order) => void answer(confirming, 'confirm', order ? { order } : {})} />}
    </ClinicPage>
  )
}

/** Whose pictures, and to whom they go, as far as the caller may see. */
function About(props: { value: Reassignment }) {
  const r = props.value
  const [from, setFrom] = useState<Task | null>(null)
  const [to, setTo] = useState<Order | null>(null)
  useEffect(() => {
    getTask(r.task).then(setFrom, () => setFrom(null))
    // The order itself belongs to the clinic: the centre sees who asked and why.
    if (r.to_order && hasRole('tech', 'clinician')) getOrder(r.to_order).then(setTo, () => setTo(null))
  }, [r.task, r.to_order])
  return (
    <>
      {from && <><PatientLine patient={from.patient} /> {examName(from)}</>} → <strong>{to ? `${to.patient_name} ${to.accession}` : t(r.to_order ? 'reassignNamed' : 'reassignUnnamed')}</strong>
    </>
  )
}

function ConfirmDialog(props: { value: Reassignment; onClose(): void; onDo(order: string): void }) {
  const r = props.value
  const [order, setOrder] = useState('')
  const choose = r.to_order === '' && hasRole('tech', 'clinician')
  return (
    <Dialog title={t('reassignTitle')} verb={t('confirm')} look="danger" onDo={() => props.onDo(order)} onClose={props.onClose} blocked={choose && order === ''} testid="confirm-dialog">
      <p><About value={r} /></p>
      <p>{r.reason}</p>
      <p class="quiet">{t('reassignHelp')}</p>
      {choose && <OrderSearch label={t('rightOrder')} value={order} autofocus fits={(o) => o.id !== r.from_order} onChange={setOrder} />}
    </Dialog>
  )
}

function RefuseDialog(props: { onClose(): void; onDo(reason: string): void }) {
  const [reason, setReason] = useState('')
  return (
    <Dialog title={t('refuse')} verb={t('refuse')} look="danger" onDo={() => props.onDo(reason.trim())} onClose={props.onClose} blocked={reason.trim() === ''} testid="refuse-dialog">
      <Field label={t('reason')}><input class="input" autofocus value={reason} onInput={(e) => setReason(e.currentTarget.value)} data-testid="reason" /></Field>
    </Dialog>
  )
}
