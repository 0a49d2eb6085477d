import { useEffect, useState } from 'preact/hooks'
import { hubNow } from '../../load/api'
import { type ClinicTask, listRead } from '../../load/clinic'
import { t } from '../../text/clinic'
import { initials } from '../../text/pinyin'
import { now, shortStamp } from '../clock'
import { Blank, ProblemNote, Skeleton } from '../parts/blank'
import { Icon } from '../parts/icon'
import { PatientLine, StateMark } from '../parts/marks'
import { type Column, Table } from '../parts/table'
import { navigate } from '../router'
import { examName } from '../worklist/columns'
import { ClinicPage } from './frame'
import { fault, fresh, ready, reload, tasks } from './store'

/** How far back reports that were read are listed. */
const backMs = 30 * 86_400_000

const out = ['issued', 'delivered', 'acknowledged']

/** Reports that came back: unread ones first. */
export default function Results() {
  const [text, setText] = useState('')
  const [older, setOlder] = useState<readonly ClinicTask[] | null>(null)
  const [lost, setLost] = useState<unknown>(null)
  const readOlder = () => {
    setLost(null)
    listRead(new Date(hubNow() - backMs).toISOString()).then(setOlder, setLost)
  }
  useEffect(readOlder, [])
  const all = new Map<string, ClinicTask>()
  for (const x of older ?? []) all.set(x.id, x)
  for (const x of tasks.value.values()) all.set(x.id, x)
  const q = text.trim().toLowerCase()
  const fits = (x: ClinicTask) => q === '' || x.patient.name.toLowerCase().includes(q) || initials(x.patient.name).startsWith(q) || x.accession.toLowerCase().endsWith(q) || examName(x).toLowerCase().includes(q)
  const rows = [...all.values()].filter((x) => (out.includes(x.state) || (x.t_prelim && x.state === 'written')) && fits(x)).sort(order)
  const unread = rows.filter(isUnread).length
  return (
    <ClinicPage testid="results">
      <div class="line wrap head">
        <h1 class="grow">{t('resultsTitle')} {unread > 0 && <span class="mark warn">{t('unread', { n: unread })}</span>}</h1>
        <label class="search"><Icon name="search" />
          <input class="input" type="search" value={text} placeholder={t('searchResults')} aria-label={t('searchResults')} onInput={(e) => setText(e.currentTarget.value)} data-testid="results-search" />
        </label>
      </div>
      {fault.value && <ProblemNote fault={fault.value} onRetry={() => void reload()} />}
      {lost !== null && <ProblemNote fault={lost} onRetry={readOlder} />}
      <div class="panel list">
        {!ready.value && rows.length === 0 ? !fault.value && <Skeleton /> : rows.length === 0 ? (
          <Blank title={q ? t('resultsNotFound', { q: text.trim() }) : t('resultsNone')}><p>{t('resultsNoneHelp')}</p></Blank>
        ) : (
          <Table testid="results-table" columns={columns} rows={rows} id={(x) => x.id} onOpen={(x) => navigate(`/results/${x.id}`)} fresh={(x) => fresh.value.has(x.id)} />
        )}
      </div>
    </ClinicPage>
  )
}

function isUnread(x: ClinicTask): boolean {
  return x.state !== 'acknowledged'
}

/** Unread before read, then the newest. */
function order(a: ClinicTask, b: ClinicTask): number {
  return Number(isUnread(b)) - Number(isUnread(a)) || ((a.t_signed ?? a.t_prelim ?? '') < (b.t_signed ?? b.t_prelim ?? '') ? 1 : -1)
}

const columns: Column<ClinicTask>[] = [
  { key: 'dot', head: '', width: '28px', cell: (x) => (isUnread(x) ? <span class="dot" title={t('unreadOne')} /> : '') },
  { key: 'signed', get head() { return t('signed') }, width: '104px', cell: (x) => <span class="num">{shortStamp(x.t_signed ?? x.t_prelim, now.value)}</span> },
  { key: 'patient', get head() { return t('patient') }, width: '180px', cell: (x) => <span class={isUnread(x) ? 'unread' : ''}><PatientLine patient={x.patient} /></span>, title: (x) => x.patient.name },
  { key: 'exam', get head() { return t('exam') }, cell: (x) => examName(x), title: (x) => examName(x) },
  { key: 'version', get head() { return t('version') }, width: '88px', cell: (x) => (x.t_signed ? (x.version > 1 ? <span class="mark warn">{t('revised', { n: x.version })}</span> : '') : <span class="mark warn">{t('preliminary')}</span>) },
  { key: 'state', get head() { return t('state') }, width: '130px', cell: (x) => <StateMark state={x.state} /> },
]
