import { useEffect, useRef, useState } from 'preact/hooks'
import { type Candidate, changeOrder, createOrder, type Decision, type Item, listItems, type Order, recognise } from '../../load/clinic'
import { Problem } from '../../load/problem'
import { account } from '../../load/session'
import { comma } from '../../text/catalogue'
import { t } from '../../text/order'
import { isTyping, useKeys } from '../keys'
import { ProblemNote } from '../parts/blank'
import { Icon } from '../parts/icon'
import { toast, toastFault } from '../parts/toast'
import { navigate } from '../router'
import { target } from './dropzone'
import { CandidateList, useCandidates } from './candidates'
import { DecisionDialog } from './decisiondialog'
import { Wedge } from './idcard'
import { beginDraft, change, isEmergency, missing, type OrderDraft, toForm, withItem } from './orderdraft'
import { ClinicalFields, ExamFields, PatientFields, VisitFields } from './orderfields'

// Department and doctor of the last order: the next patient is of the same room.
let last = { department: '', doctor: '' }

/** One page, filled in with the keyboard alone; Enter goes to the next field. */
export function OrderForm(props: { order: Order | null; locked: boolean }) {
  const { order, locked } = props
  const [d, setD] = useState<OrderDraft>(() => beginDraft(order, { ...last, doctor: last.doctor || (account.peek()?.roles.includes('clinician') ? account.peek()!.name : '') }))
  const [items, setItems] = useState<readonly Item[]>([])
  const [fault, setFault] = useState<unknown>(null)
  const [tried, setTried] = useState(false)
  const [busy, setBusy] = useState(false)
  const [deciding, setDeciding] = useState<readonly Candidate[] | null>(null)
  const form = useRef<HTMLFormElement>(null)
  const set = (patch: Partial<OrderDraft>) => setD((x) => change(x, patch))
  useEffect(() => {
    listItems().then(setItems, toastFault)
    form.current?.querySelector<HTMLElement>('[autofocus]')?.focus()
  }, [])
  useScanner((text) => set(/^\d{17}[\dXx]$/.test(text) ? { id_number: text } : { patient_id: text }))
  const candidates = useCandidates(order ? '' : d.id_number, d.item)
  const lacks = missing(d)
  const send = async (decisions: readonly Decision[]) => {
    setTried(true)
    if (lacks.length > 0) return form.current?.querySelector<HTMLElement>('[aria-invalid=true]')?.focus()
    setBusy(true)
    setFault(null)
    last = { department: d.department, doctor: d.doctor }
    try {
      if (order) {
        await changeOrder(order.id, toForm(d))
        toast(t('changed'), 'good')
        history.back()
      } else await create(decisions)
    } catch (refusal) {
      if (refusal instanceof Problem && refusal.code === 'recognition.decision_required') setDeciding((refusal.more['candidates'] as Candidate[]) ?? [])
      else setFault(refusal)
    }
    setBusy(false)
  }
  const create = async (decisions: readonly Decision[]) => {
    if (decisions.length > 0 && decisions.every((x) => x.decision === 'recognise')) {
      const { saved } = await recognise(d.id_number.trim().toUpperCase(), d.item, decisions)
      toast(t('recognised', { saved }), 'good')
      navigate('/orders')
      return
    }
    const made = await createOrder(toForm(d), decisions, d.consent)
    toast(t('made', { accession: made.accession }), 'good')
    target.value = { order: made.id, label: `${d.patient_name} ${d.item_name || d.body_part}`, kind: d.kind }
    navigate(account.peek()?.roles.includes('tech') ? '/upload' : '/orders')
  }
  const submit = () => {
    const eligible = candidates.list.filter((c) => c.eligible)
    if (!order && eligible.length > 0 && lacks.length === 0 && !isEmergency(d)) setDeciding(eligible)
    else void send([])
  }
  useKeys({ title: t('title'), keys: [{ on: 'Ctrl+Enter', says: t('save'), do: submit, typing: true }] })
  const fields = { d, set, bad: tried ? new Set(lacks) : new Set<string>(), locked }
  return (
    <form ref={form} class="orderform" data-testid="order-form" onSubmit={(e) => { e.preventDefault(); submit() }} onKeyDown={nextOnEnter}>
      <PatientFields {...fields} />
      <div class="stack">
        <VisitFields {...fields} />
        <ExamFields {...fields} items={items} onItem={(i) => setD((x) => withItem(x, i))} />
        {!order && <CandidateList {...candidates} onDecide={(list) => setDeciding(list)} />}
      </div>
      <ClinicalFields {...fields} />
      <footer class="line wrap">
        {fault !== null && <ProblemNote fault={fault} />}
        {tried && lacks.length > 0 && <span class="mark bad" role="alert" data-testid="order-lacks"><Icon name="warn" />{t('lacks', { fields: lacks.map((x) => t(`lack_${x}`)).join(comma.value) })}</span>}
        {isEmergency(d) && <span class="mark warn">{t('emergencyOwes')}</span>}
        <button type="submit" class="btn primary big end" disabled={busy || locked} data-testid="order-save">{order ? t('saveChanges') : t('save')} <kbd>Ctrl ↵</kbd></button>
      </footer>
      {deciding && (
        <DecisionDialog candidates={deciding} item={d.item_name} onClose={() => setDeciding(null)}
          onDecided={(list) => { setDeciding(null); void send(list) }} />
      )}
    </form>
  )
}

/** Enter moves on like a paper form; the last field's Enter stays there. */
function nextOnEnter(e: KeyboardEvent): void {
  if (e.key !== 'Enter' || e.ctrlKey || e.metaKey || e.isComposing || !(e.target instanceof HTMLInputElement || e.target instanceof HTMLSelectElement)) return
  if (e.target.closest('dialog')) return
  e.preventDefault()
  const all = [...(e.target.form?.querySelectorAll<HTMLElement>('input:not([type=checkbox]):not([type=radio]):not(:disabled), select:not(:disabled), textarea:not(:disabled)') ?? [])]
  all[all.indexOf(e.target) + 1]?.focus()
}

/** What an ID-card reader or a barcode scanner types while no field has the focus. */
function useScanner(onScan: (text: string) => void): void {
  const tell = useRef(onScan)
  tell.current = onScan
  useEffect(() => {
    const wedge = new Wedge()
    const key = (e: KeyboardEvent) => {
      if (isTyping(e.target)) return
      const text = wedge.key(e.key, e.timeStamp)
      if (text === null) return
      e.preventDefault()
      tell.current(text)
    }
    addEventListener('keydown', key)
    return () => removeEventListener('keydown', key)
  }, [])
}
