import { useEffect, useState } from 'preact/hooks'
import type { AllianceSummary } from '../../load/admin'
import { ask, hubNow } from '../../load/api'
import { t } from '../../text/admin'
import { w } from '../../text/words'
import { Blank, ProblemNote, Skeleton } from '../parts/blank'
import { Choice } from '../parts/field'
import { Table } from '../parts/table'
import { useMemberNames } from './register'
import '../../style/admin.css'

const spans = ['7', '30', '90', '365'] as const

/** The alliance in figures: counts only, no patient and no doctor. */
export default function Overview() {
  const [days, setDays] = useState<(typeof spans)[number]>('30')
  const [got, setGot] = useState<AllianceSummary | null>(null)
  const [fault, setFault] = useState<unknown>(null)
  const named = useMemberNames()
  const read = () => {
    setFault(null)
    const from = new Date(hubNow() - Number(days) * 86_400_000).toISOString()
    ask<AllianceSummary>(`/api/v1/stats/summary?${new URLSearchParams({ from })}`).then(setGot, setFault)
  }
  useEffect(read, [days])
  const tasks = got?.tasks ?? []
  const total = (key: 'submitted' | 'reported' | 'returned') => tasks.reduce((n, x) => n + x[key], 0)
  const decided = (name: string) => got?.recognition.decisions?.find((x) => x.name === name)?.count ?? 0
  return (
    <section class="stack register" data-testid="overview">
      <div class="line wrap">
        <h1 class="grow">{t('overview')}</h1>
        <Choice testid="overview-span" label={t('span')} value={days} onChange={(v) => setDays(v)} options={spans.map((d) => [d, t('lastDays', { n: d })] as const)} />
      </div>
      {fault !== null && <ProblemNote fault={fault} onRetry={read} />}
      {!got ? fault === null && <Skeleton /> : (
        <>
          <div class="sums">
            <Sum word={t('submitted')} value={String(total('submitted'))} of={t('reportedOf', { n: total('reported') })} />
            <Sum word={t('timely')} value={got.timely.rate === null ? '—' : `${got.timely.rate.toFixed(2)} %`} of={t('timelyOf', { n: got.timely.in_time, m: got.timely.due })} />
            <Sum word={t('criticals')} value={String((got.critical ?? []).reduce((n, x) => n + x.count, 0))} of={t('closedOf', { n: got.critical?.find((x) => x.name === 'closed')?.count ?? 0 })} />
            <Sum word={t('recognised')} value={String(decided('recognise'))} of={t('savedOf', { n: got.recognition.saved.toFixed(2), m: decided('recognise') + decided('decline') })} />
          </div>
          <div class="panel scroll" tabIndex={0} role="region" aria-label={t('overview')}>
            {tasks.length === 0 ? <Blank title={t('noTasks')} /> : (
              <Table testid="overview-table" rows={tasks} id={(x) => `${x.member}|${x.kind}`} columns={[
                { key: 'member', head: t('member'), cell: (x) => named(x.member), title: (x) => x.member },
                { key: 'kind', head: t('kinds'), width: '120px', cell: (x) => w(`kind_${x.kind}`) },
                ...(['submitted', 'reported', 'returned', 'cancelled'] as const).map((key) => ({ key, head: t(key), width: '120px', right: true, cell: (x: (typeof tasks)[number]) => <span class="num">{x[key]}</span> })),
              ]} />
            )}
          </div>
        </>
      )}
    </section>
  )
}

function Sum(props: { word: string; value: string; of: string }) {
  return <div class="panel"><span class="quiet">{props.word}</span><strong class="num">{props.value}</strong><span class="quiet">{props.of}</span></div>
}
