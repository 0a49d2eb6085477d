import { useEffect, useState } from 'preact/hooks'
import { type AuditRow, listAudit } from '../../load/admin'
import { t } from '../../text/admin'
import { actionWords } from '../../text/audit'
import { stamp } from '../clock'
import { Blank, ProblemNote, Skeleton } from '../parts/blank'
import { type Column, Table } from '../parts/table'
import { useMemberNames } from './register'
import '../../style/admin.css'

/** The audit as the auditor reads it: the newest first, page by page. */
export default function Audit() {
  const [object, setObject] = useState('')
  const [rows, setRows] = useState<readonly AuditRow[] | null>(null)
  const [next, setNext] = useState<number | null>(null)
  const [fault, setFault] = useState<unknown>(null)
  const named = useMemberNames()
  const read = async (before: number | null) => {
    setFault(null)
    try {
      const got = await listAudit(object.trim(), before)
      setRows((old) => [...(before ? old ?? [] : []), ...got.items])
      setNext(got.next)
    } catch (refusal) {
      setFault(refusal)
    }
  }
  useEffect(() => {
    const timer = setTimeout(() => void read(null), rows === null ? 0 : 400)
    return () => clearTimeout(timer)
  }, [object])
  return (
    <section class="stack register" data-testid="audit">
      <div class="line wrap">
        <h1 class="grow">{t('audit')}</h1>
        <input class="input find" type="search" value={object} placeholder={t('auditObject')} aria-label={t('auditObject')} onInput={(e) => setObject(e.currentTarget.value)} data-testid="audit-object" />
      </div>
      <p class="quiet">{t('auditHelp')}</p>
      {fault !== null && <ProblemNote fault={fault} onRetry={() => void read(null)} />}
      <div class="panel scroll" tabIndex={0} role="region" aria-label={t('audit')}>
        {rows === null ? fault === null && <Skeleton /> : rows.length === 0 ? <Blank title={t('none')} /> : <Table testid="audit-table" columns={columns(named)} rows={rows} id={(r) => r.id} />}
      </div>
      {next !== null && <button type="button" class="btn" onClick={() => void read(next)} data-testid="audit-older">{t('older')}</button>}
    </section>
  )
}

function columns(named: (code: string) => string): Column<AuditRow>[] {
  return [
    { key: 'seq', head: t('seq'), width: '64px', right: true, cell: (r) => <span class="num">{r.seq}</span> },
    { key: 'at', head: t('time'), width: '150px', cell: (r) => <span class="num">{stamp(r.at)}</span> },
    { key: 'who', head: t('who'), width: '110px', cell: (r) => r.login || r.role, title: (r) => `${r.login} ${r.role} ${r.ip}` },
    { key: 'member', head: t('member'), width: '164px', cell: (r) => named(r.member), title: (r) => r.member },
    { key: 'action', head: t('action'), width: '170px', cell: (r) => actionWords(r.action), title: (r) => r.action },
    { key: 'object', head: t('object'), cell: (r) => r.object, title: (r) => r.object },
    { key: 'ok', head: t('outcome'), width: '80px', cell: (r) => <span class={r.ok ? 'mark good' : 'mark bad'}>{t(r.ok ? 'ok' : 'refused')}</span> },
    { key: 'reason', head: t('reason'), width: '120px', cell: (r) => r.reason, title: (r) => r.reason },
  ]
}
