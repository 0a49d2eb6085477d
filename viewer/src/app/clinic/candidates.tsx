import { useEffect, useState } from 'preact/hooks'
import { type Candidate, listCandidates } from '../../load/clinic'
import { t } from '../../text/order'
import { stamp } from '../clock'
import { Icon } from '../parts/icon'
import { checkId } from './idcard'
import { today } from './orderdraft'

export interface Candidates {
  list: readonly Candidate[]
  state: 'none' | 'asking' | 'here' | 'failed'
}

/** Earlier results that may stand for the exam, asked for as soon as item and ID are known. */
export function useCandidates(idNumber: string, item: string): Candidates {
  const [got, setGot] = useState<Candidates>({ list: [], state: 'none' })
  const id = checkId(idNumber, today()).state === 'ok' ? idNumber.trim().toUpperCase() : ''
  useEffect(() => {
    if (id === '' || item === '') return setGot({ list: [], state: 'none' })
    const stop = new AbortController()
    setGot({ list: [], state: 'asking' })
    listCandidates(id, item, stop.signal).then(
      (list) => setGot({ list, state: 'here' }),
      // The check runs again when the order is made: nothing is lost here.
      () => stop.signal.aborted || setGot({ list: [], state: 'failed' }),
    )
    return () => stop.abort()
  }, [id, item])
  return got
}

/** The results beside the item: images and report, whether they count, and why not. */
export function CandidateList(props: Candidates & { onDecide(list: readonly Candidate[]): void }) {
  if (props.state === 'none') return null
  const eligible = props.list.filter((c) => c.eligible)
  return (
    <section class={`panel fields candidates${eligible.length > 0 ? ' some' : ''}`} data-testid="candidates" data-state={props.state}>
      <div class="line">
        <strong class="grow">{props.state === 'asking' ? t('asking') : props.state === 'failed' ? t('askFailed') : eligible.length > 0 ? t('candidates', { n: eligible.length }) : t('candidatesNone')}</strong>
        {eligible.length > 0 && <button type="button" class="btn small primary" onClick={() => props.onDecide(eligible)} data-testid="decide">{t('decide')}</button>}
      </div>
      {props.list.map((c) => <CandidateLine key={c.report} value={c} />)}
    </section>
  )
}

export function CandidateLine(props: { value: Candidate }) {
  const c = props.value
  return (
    <div class={`candidate${c.eligible ? '' : ' dim'}`} data-testid="candidate" data-eligible={c.eligible}>
      <Icon name={c.eligible ? 'check' : 'void'} />
      <span class="grow">
        <strong>{c.item_name || c.item}</strong> {c.member_name || c.member} <span class="num">{stamp(c.exam_at).slice(0, 10)}</span> {c.age_days > 0 ? t('daysAgo', { n: c.age_days }) : t('today')}
        {c.mark && <span class="hr">{c.mark}</span>}
        {!c.eligible && <span class="quiet"> · {c.cause_text || c.cause}</span>}
        {c.impression && <><br /><span class="quiet">{c.impression}</span></>}
      </span>
    </div>
  )
}
