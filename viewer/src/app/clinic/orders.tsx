import { useEffect, useState } from 'preact/hooks'
import { cancelOrder, type Order, searchOrders } from '../../load/clinic'
import { account } from '../../load/session'
import { t } from '../../text/clinic'
import { now, shortStamp } from '../clock'
import { useKeys } from '../keys'
import { Blank, ProblemNote, Skeleton } from '../parts/blank'
import { Dialog } from '../parts/dialog'
import { Field } from '../parts/field'
import { Icon } from '../parts/icon'
import { PatientLine, PriorityMark, StateMark } from '../parts/marks'
import { type Column, Table } from '../parts/table'
import { toast, toastFault } from '../parts/toast'
import { navigate } from '../router'
import { target } from './dropzone'
import { ClinicPage } from './frame'
import { fresh, put, tasks } from './store'

/** The clinic's own orders with their live states; search and cancel. */
export default function Orders() {
  const [text, setText] = useState('')
  const [list, setList] = useState<readonly Order[] | null>(null)
  const [fault, setFault] = useState<unknown>(null)
  const [cancelling, setCancelling] = useState<Order | null>(null)
  const [again, setAgain] = useState(0)
  useEffect(() => {
    const stop = new AbortController()
    const timer = setTimeout(() => {
      setFault(null)
      searchOrders(text.trim(), '', stop.signal).then(setList, (f) => stop.signal.aborted || setFault(f))
    }, list === null ? 0 : 200)
    return () => {
      clearTimeout(timer)
      stop.abort()
    }
  }, [text, again])
  // A task this screen has not seen belongs to a new order: read the list again.
  const known = new Set(list?.map((o) => o.task?.id))
  const unseen = list !== null && text === '' && [...tasks.value.keys()].some((id) => fresh.value.has(id) && !known.has(id))
  useEffect(() => {
    if (unseen) setAgain((n) => n + 1)
  }, [unseen])
  useKeys({ title: t('ordersTitle'), keys: [{ on: 'n', says: t('newOrder'), do: () => navigate('/orders/new') }] })
  return (
    <ClinicPage testid="orders">
      <div class="line wrap head">
        <h1 class="grow">{t('ordersTitle')}</h1>
        <label class="search"><Icon name="search" />
          <input class="input" type="search" value={text} placeholder={t('searchOrders')} aria-label={t('searchOrders')} onInput={(e) => setText(e.currentTarget.value)} data-testid="orders-search" />
        </label>
        <a class="btn primary" href="/orders/new" data-testid="new-order">{t('newOrder')} <kbd>N</kbd></a>
      </div>
      {fault !== null && <ProblemNote fault={fault} onRetry={() => setAgain((n) => n + 1)} />}
      <div class="panel list">
        {list === null ? fault === null && <Skeleton /> : list.length === 0 ? (
          <Blank title={text.trim() ? t('ordersNotFound', { q: text.trim() }) : t('ordersNone')}><p>{text.trim() ? t('ordersNotFoundHelp') : t('ordersNoneHelp')}</p></Blank>
        ) : (
          <Table testid="orders-table" columns={columns(setCancelling)} rows={list} id={(o) => o.id} onOpen={(o) => open(o)} dim={(o) => o.cancelled} fresh={(o) => fresh.value.has(o.task?.id ?? '')} />
        )}
      </div>
      {cancelling && <CancelDialog order={cancelling} onClose={() => setCancelling(null)} onDone={() => setAgain((n) => n + 1)} />}
    </ClinicPage>
  )
}

function taskOf(o: Order): Order['task'] {
  return tasks.value.get(o.task?.id ?? '') ?? o.task
}

function open(o: Order): void {
  const x = taskOf(o)
  navigate(x?.report ? `/results/${x.id}` : `/orders/${o.id}`)
}

function columns(cancel: (o: Order) => void): Column<Order>[] {
  return [
    { key: 'time', head: t('time'), width: '96px', cell: (o) => <span class="num quiet">{shortStamp(o.created_at, now.value)}</span> },
    { key: 'accession', head: t('accession'), width: '124px', cell: (o) => <span class="num">{o.accession}</span> },
    { key: 'patient', head: t('patient'), width: '170px', cell: (o) => <PatientLine patient={{ id: o.patient_id, name: o.patient_name, sex: o.sex, birth_date: o.birth_date, age: taskOf(o)?.patient.age ?? o.age }} />, title: (o) => o.patient_name },
    { key: 'exam', head: t('exam'), cell: (o) => o.item_name || [o.modality, o.body_part].join(' '), title: (o) => o.item_name },
    { key: 'priority', head: t('priority'), width: '104px', cell: (o) => <PriorityMark priority={o.priority} /> },
    { key: 'doctor', head: t('doctor'), width: '96px', cell: (o) => o.doctor },
    { key: 'state', head: t('state'), width: '150px', cell: (o) => { const x = taskOf(o); return x ? <StateMark state={x.state} /> : '' } },
    { key: 'act', head: '', width: '156px', right: true, cell: (o) => <Actions order={o} onCancel={cancel} /> },
  ]
}

function Actions(props: { order: Order; onCancel(o: Order): void }) {
  const o = props.order
  const x = taskOf(o)
  const state = x?.state ?? 'draft'
  const mine = account.value?.roles.includes('tech')
  if (o.cancelled) return null
  return (
    <span class="line end" onClick={(e) => e.stopPropagation()}>
      {(state === 'draft' || state === 'uploading' || state === 'returned') && mine && (
        <button type="button" class="btn small" onClick={() => { target.value = { order: o.id, label: `${o.patient_name} ${o.item_name}`, kind: o.kind }; navigate('/upload') }} data-testid="order-upload">{t('uploadTo')}</button>
      )}
      {['draft', 'uploading', 'queued', 'returned'].includes(state) && (
        <button type="button" class="btn small plain" onClick={() => props.onCancel(o)} data-testid="order-cancel">{t('cancelOrder')}</button>
      )}
    </span>
  )
}

function CancelDialog(props: { order: Order; onClose(): void; onDone(): void }) {
  const o = props.order
  const [reason, setReason] = useState('')
  const [busy, setBusy] = useState(false)
  const go = async () => {
    setBusy(true)
    try {
      put(await cancelOrder(o.id, reason.trim()))
      toast(t('orderCancelled', { name: o.patient_name }), 'good')
      props.onDone()
      props.onClose()
    } catch (refusal) {
      toastFault(refusal)
      setBusy(false)
    }
  }
  return (
    <Dialog title={t('cancelTitle')} verb={t('cancelOrder')} look="danger" onDo={() => void go()} onClose={props.onClose} blocked={busy || reason.trim() === ''} testid="cancel-dialog">
      <p><strong>{o.patient_name}</strong> {o.item_name} <span class="num quiet">{o.accession}</span></p>
      <Field label={t('reason')}>
        <input class="input" autofocus value={reason} onInput={(e) => setReason(e.currentTarget.value)} data-testid="reason" />
      </Field>
    </Dialog>
  )
}
