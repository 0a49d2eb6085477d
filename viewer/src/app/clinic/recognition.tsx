import { useEffect, useState } from 'preact/hooks'
import { hubNow, ask } from '../../load/api'
import { t } from '../../text/clinic'
import { t as order } from '../../text/order'
import { Blank, ProblemNote, Skeleton } from '../parts/blank'
import { Choice } from '../parts/field'
import { ClinicPage } from './frame'

/** What recognition did in a time: counts with their denominators, money saved. */
export interface RecognitionSummary {
  from: string
  recognised: number
  declined: number
  saved: number
  reasons: Readonly<Record<string, number>>
}

const spans = ['7', '30', '90'] as const
const reasons = ['1', '2', '3', '4', '5', '6a', '6b', '6c', '6d', '6e'] as const

/** The clinic's recognition at a glance. */
export default function Recognition() {
  const [days, setDays] = useState<(typeof spans)[number]>('30')
  const [got, setGot] = useState<RecognitionSummary | null>(null)
  const [fault, setFault] = useState<unknown>(null)
  const load = () => {
    setFault(null)
    const from = new Date(hubNow() - Number(days) * 86_400_000 + 8 * 3600_000).toISOString().slice(0, 10)
    ask<RecognitionSummary>(`/api/v1/recognition/summary?from=${encodeURIComponent(from)}`).then(setGot, setFault)
  }
  useEffect(load, [days])
  const known = reasons.filter((r) => (got?.reasons[r] ?? 0) > 0)
  return (
    <ClinicPage testid="recognition">
      <div class="line wrap head">
        <h1 class="grow">{t('recognitionTitle')}</h1>
        <Choice testid="span" label={t('span')} value={days} onChange={(v) => setDays(v)} options={spans.map((d) => [d, t('lastDays', { n: d })] as const)} />
      </div>
      {fault !== null && <ProblemNote fault={fault} onRetry={load} />}
      {!got ? fault === null && <Skeleton /> : (
        <>
          <div class="figures">
            <Figure word={t('recognised')} value={String(got.recognised)} of={t('ofDecided', { n: got.recognised + got.declined })} testid="figure-recognised" />
            <Figure word={t('rate')} value={got.recognised + got.declined > 0 ? `${((100 * got.recognised) / (got.recognised + got.declined)).toFixed(2)} %` : '—'} of={t('rateOf')} testid="figure-rate" />
            <Figure word={t('saved')} value={t('yuan', { n: got.saved.toFixed(2) })} of={t('savedOf')} testid="figure-saved" />
          </div>
          <section class="panel list">
            <h2>{t('declined')} <span class="quiet num">{got.declined}</span></h2>
            {known.length === 0 ? <Blank title={t('declinedNone')} /> : (
              <table class="table"><tbody>{known.map((r) => <tr key={r}><td>{order(`reason_${r}`)}</td><td class="right num">{got.reasons[r]}</td></tr>)}</tbody></table>
            )}
          </section>
        </>
      )}
    </ClinicPage>
  )
}

function Figure(props: { word: string; value: string; of: string; testid: string }) {
  return <div class="panel figure" data-testid={props.testid}><span class="quiet">{props.word}</span><strong class="num">{props.value}</strong><span class="quiet small">{props.of}</span></div>
}
