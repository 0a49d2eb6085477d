import { useMemo, useState } from 'preact/hooks'
import type { CriticalView } from '../../load/clinic'
import { actCritical } from '../../load/critical'
import { account } from '../../load/session'
import { comma } from '../../text/catalogue'
import { t } from '../../text/clinic'
import { type CriticalItem, critical, criticalItems } from '../../text/critical'
import { stamp } from '../clock'
import { Dialog } from '../parts/dialog'
import { Choice, Field } from '../parts/field'
import { PatientLine } from '../parts/marks'
import { toast, toastFault } from '../parts/toast'
import { finding } from '../parts/finding'
import { readBackList, sameItems } from './readback'
import { putCritical } from './store'

/** Reading back: the finding is chosen out of others, or typed; never just confirmed. */
export function ReceiveDialog(props: { value: CriticalView; onClose(): void }) {
  const c = props.value
  const [chosen, setChosen] = useState<readonly string[]>([])
  const [text, setText] = useState('')
  const [wrong, setWrong] = useState(false)
  const [busy, setBusy] = useState(false)
  const list = useMemo(() => readBackList(c.items, criticalItems, c.id), [c.id])
  const toggle = (code: string) => {
    setWrong(false)
    setChosen((x) => (x.includes(code) ? x.filter((y) => y !== code) : [...x, code]))
  }
  const go = async () => {
    if (chosen.length > 0 && !sameItems(chosen, c.items)) return setWrong(true)
    setBusy(true)
    const said = [...chosen.map((code) => `${code} ${critical(code as CriticalItem)}`), text.trim()].filter(Boolean).join(comma.value)
    try {
      putCritical((await actCritical(c.id, 'receive', { read_back: said })) as CriticalView)
      toast(t('receivedDone'), 'good')
      props.onClose()
    } catch (refusal) {
      toastFault(refusal)
      setBusy(false)
    }
  }
  return (
    <Dialog title={t('receiveTitle')} verb={t('receive')} look="critical" onDo={() => void go()} onClose={props.onClose} testid="receive-dialog"
      blocked={busy || (chosen.length === 0 && text.trim() === '')}>
      <Facts value={c} />
      <p class="quiet">{t('readBackHint')}</p>
      {list.length > 0 && (
        <div class="stack readback" role="group" aria-label={t('readBack')}>
          {list.map((code) => (
            <label key={code} class="check">
              <input type="checkbox" checked={chosen.includes(code)} onChange={() => toggle(code)} data-testid={`readback-${code}`} />
              {critical(code)}
            </label>
          ))}
        </div>
      )}
      <Field label={t(list.length > 0 ? 'readBackOr' : 'readBack')} {...(wrong ? { fault: t('readBackWrong') } : {})}>
        <input class="input" value={text} onInput={(e) => setText(e.currentTarget.value)} data-testid="readback-text" />
      </Field>
      <p class="quiet">{t('receiveBy', { name: account.value?.name ?? '' })}</p>
    </Dialog>
  )
}

const outcomes = ['reached', 'not_reached', 'referred', 'ambulance', 'refused'] as const

/** What was done with the patient. */
export function HandleDialog(props: { value: CriticalView; onClose(): void }) {
  const c = props.value
  const [outcome, setOutcome] = useState<(typeof outcomes)[number] | ''>('')
  const [text, setText] = useState('')
  const [busy, setBusy] = useState(false)
  const go = async () => {
    setBusy(true)
    try {
      putCritical((await actCritical(c.id, 'handle', { outcome, text: text.trim() })) as CriticalView)
      toast(t('handledDone'), 'good')
      props.onClose()
    } catch (refusal) {
      toastFault(refusal)
      setBusy(false)
    }
  }
  return (
    <Dialog title={t('handleTitle')} verb={t('handle')} onDo={() => void go()} onClose={props.onClose} blocked={busy || outcome === '' || text.trim() === ''} testid="handle-dialog">
      <Facts value={c} />
      <Choice testid="outcome" label={t('outcome')} value={outcome} onChange={(v) => setOutcome(v)} options={outcomes.map((o) => [o, t(`outcome_${o}`)] as const)} />
      <Field label={t('handling')} hint={t('handlingHint')}>
        <textarea class="input" rows={3} autofocus value={text} onInput={(e) => setText(e.currentTarget.value)} data-testid="handling" />
      </Field>
    </Dialog>
  )
}

function Facts(props: { value: CriticalView }) {
  const c = props.value
  return (
    <dl class="facts">
      {c.patient && <><dt>{t('patient')}</dt><dd><strong><PatientLine patient={c.patient} /></strong></dd></>}
      <dt>{t('exam')}</dt><dd>{c.exam}</dd>
      <dt>{t('found')}</dt><dd class="critword">{finding(c)}</dd>
      <dt>{t('foundBy')}</dt><dd>{c.found_by} {stamp(c.found_at)}</dd>
      {c.read_back && <><dt>{t('readBack')}</dt><dd>{c.read_back} · {c.received_by} {stamp(c.received_at)}</dd></>}
    </dl>
  )
}
