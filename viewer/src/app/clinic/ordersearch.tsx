import { useState } from 'preact/hooks'
import { type Order, searchOrders } from '../../load/clinic'
import { t } from '../../text/clinic'
import { stamp } from '../clock'
import { Field } from '../parts/field'
import { toastFault } from '../parts/toast'

const shownMost = 8

/** Finds one of the clinic's orders by name or the end of a number. */
export function OrderSearch(props: { label: string; value: string; fits(o: Order): boolean; onChange(order: string): void; autofocus?: boolean }) {
  const [text, setText] = useState('')
  const [found, setFound] = useState<readonly Order[]>([])
  const look = async (q: string) => {
    setText(q)
    try {
      setFound(q.trim() === '' ? [] : (await searchOrders(q.trim(), '')).filter((o) => !o.cancelled && props.fits(o)).slice(0, shownMost))
    } catch (refusal) {
      toastFault(refusal)
    }
  }
  return (
    <>
      <Field label={props.label}>
        <input class="input" type="search" autofocus={props.autofocus ?? false} value={text} placeholder={t('searchOrders')} onInput={(e) => void look(e.currentTarget.value)} data-testid="order-search" />
      </Field>
      {text.trim() !== '' && (
        <div class="picklist short" role="radiogroup" aria-label={props.label}>
          {found.map((o) => (
            <label key={o.id} class="pickline"><input type="radio" name="order" checked={props.value === o.id} onChange={() => props.onChange(o.id)} data-testid="found-order" />
              <strong>{o.patient_name}</strong><span class="num">{o.accession}</span><span class="quiet">{o.item_name} · {stamp(o.created_at)}</span></label>
          ))}
          {found.length === 0 && <p class="quiet pad">{t('ordersNotFound', { q: text.trim() })}</p>}
        </div>
      )}
    </>
  )
}
