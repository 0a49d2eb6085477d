import { useEffect, useState } from 'preact/hooks'
import { getOrder, type Order } from '../../load/clinic'
import { t } from '../../text/clinic'
import { ProblemNote, Skeleton } from '../parts/blank'
import { StateMark } from '../parts/marks'
import type { PageProps } from '../route'
import { ClinicPage } from './frame'
import { OrderForm } from './orderform'
import { tasks } from './store'

/** A new order, or one that is looked at, completed or corrected. */
export default function OrderPage(props: PageProps) {
  const id = props.params['id']
  const [order, setOrder] = useState<Order | null>(null)
  const [fault, setFault] = useState<unknown>(null)
  const load = () => {
    setFault(null)
    if (id) getOrder(id).then(setOrder, setFault)
  }
  useEffect(load, [id])
  const task = [...tasks.value.values()].find((x) => x.order === id)
  const locked = task !== undefined && !['draft', 'uploading', 'queued', 'returned'].includes(task.state)
  return (
    <ClinicPage testid="order-page">
      <div class="line wrap head">
        <h1 class="grow">{id ? t('orderTitle') : t('newOrder')} {order && <span class="num quiet">{order.accession}</span>}</h1>
        {task && <StateMark state={task.state} />}
        {task?.report && <a class="btn" href={`/results/${task.id}`} data-testid="order-result">{t('openResult')}</a>}
      </div>
      {locked && <p class="note warn" data-testid="order-locked">{t('orderLocked')}</p>}
      {fault !== null && <ProblemNote fault={fault} onRetry={load} />}
      {id && !order ? fault === null && <Skeleton /> : <OrderForm key={id ?? 'new'} order={order} locked={locked} />}
    </ClinicPage>
  )
}
