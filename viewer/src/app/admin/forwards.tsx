import { useState } from 'preact/hooks'
import { list, type Member, send } from '../../load/admin'
import { type Forward, type ForwardJob, forwardPath, retryForward } from '../../load/devices'
import { t } from '../../text/admin'
import { d } from '../../text/devices'
import { stamp } from '../clock'
import { Blank, ProblemNote, Skeleton } from '../parts/blank'
import { Dialog } from '../parts/dialog'
import { Table } from '../parts/table'
import { toast } from '../parts/toast'
import { type FieldSpec, FormDialog, type Values } from './form'
import { useList } from './register'

const none: Forward | null = null

/** Where copies of settled studies go, and how far they are. */
export function Forwards(props: { members: readonly Member[] }) {
  const rules = useList(() => list<Forward>('/api/v1/routes'))
  const [open, setOpen] = useState<Forward | 'dicom' | 'web' | null>(null)
  const [jobs, setJobs] = useState(none)
  const [gone, setGone] = useState(none)
  return (
    <section class="stack register" data-testid="forwards">
      <div class="line wrap">
        <h2 class="grow">{d('forwards')}</h2>
        <button type="button" class="btn" onClick={() => setOpen('dicom')} data-testid="forward-add">{d('forwardAdd')}: DICOM</button>
        <button type="button" class="btn" onClick={() => setOpen('web')} data-testid="forward-add-web">{d('forwardAdd')}: DICOMweb</button>
      </div>
      <p class="quiet">{d('forwardHelp')}</p>
      {rules.fault !== null && <ProblemNote fault={rules.fault} onRetry={rules.reload} />}
      {rules.rows?.length === 0 && <p class="quiet">{d('forwardNone')}</p>}
      {rules.rows && rules.rows.length > 0 && (
        <div class="panel scroll" tabIndex={0} role="region" aria-label={d('forwards')}>
          <Table testid="forwards-table" rows={rules.rows} id={(r) => r.id} dim={(r) => !r.active} onOpen={(r) => setJobs(r)} columns={[
            { key: 'name', head: t('called'), cell: (r) => r.name, title: (r) => r.name },
            { key: 'to', head: d('to'), width: '280px', cell: place, title: place },
            { key: 'whose', head: d('whose'), width: '110px', cell: (r) => r.member || d('everyMember') },
            { key: 'mod', head: d('modalities'), width: '110px', cell: (r) => r.modalities.join(' ') || '—' },
            { key: 'waiting', head: d('waiting'), width: '70px', right: true, cell: (r) => <span class="num">{r.waiting}</span> },
            { key: 'failed', head: d('failed'), width: '70px', right: true, cell: (r) => <span class={`num${r.failed ? ' bad' : ''}`}>{r.failed}</span> },
            { key: 'done', head: d('done7'), width: '120px', right: true, cell: (r) => <span class="num">{r.done}</span> },
            { key: 'do', head: '', width: '150px', right: true, cell: (r) => (
              <span class="line" onClick={(e) => e.stopPropagation()}>
                <button type="button" class="btn small" onClick={() => setOpen(r)} data-testid="forward-edit">{t('edit')}</button>
                <button type="button" class="btn small" onClick={() => setGone(r)} data-testid="forward-remove">{t('remove')}</button>
              </span>
            ) },
          ]} />
        </div>
      )}
      {open && <ForwardForm rule={typeof open === 'string' ? null : open} kind={typeof open === 'string' ? open : open.kind} members={props.members} onClose={() => setOpen(null)} onSaved={rules.reload} />}
      {jobs && <Jobs of={jobs} onClose={() => { setJobs(null); rules.reload() }} />}
      {gone && (
        <FormDialog testid="forward-remove-dialog" title={d('forwardRemove')} verb={t('remove')} look="danger" fields={[]} onClose={() => setGone(null)}
          onSend={async () => { await send('DELETE', forwardPath(gone.id)); rules.reload() }}>
          <p>{d('forwardRemoveHelp', { name: gone.name, n: gone.waiting })}</p>
        </FormDialog>
      )}
    </section>
  )
}

function place(r: Forward): string {
  return r.kind === 'web' ? r.url : `${r.called_ae}@${r.address}:${r.port}${r.tls ? ' TLS' : ''}`
}

function ForwardForm(props: { rule: Forward | null; kind: 'dicom' | 'web'; members: readonly Member[]; onClose(): void; onSaved(): void }) {
  const { rule, kind } = props
  const everybody = ['', d('everyMember')] as const
  const fields: FieldSpec[] = [
    { key: 'name', label: t('called'), required: true },
    { key: 'member', label: d('whose'), kind: 'select', fixed: rule !== null, options: [everybody, ...props.members.map((m) => [m.code, `${m.code} ${m.name}`] as const)] },
    { key: 'modalities', label: d('modalities'), hint: d('modalitiesHint') },
    { key: 'calling', label: d('calling'), hint: d('callingHint') },
    ...(kind === 'web'
      ? [
          { key: 'url', label: d('url'), required: true, hint: d('urlHint') },
          { key: 'token', label: d('token'), kind: 'password' as const, hint: d(rule?.has_token ? 'tokenKept' : 'tokenHint') },
        ]
      : [
          { key: 'address', label: t('address'), required: true },
          { key: 'port', label: d('port'), kind: 'number' as const, required: true },
          { key: 'called_ae', label: d('calledAE'), required: true },
          { key: 'tls', label: d('tls'), kind: 'check' as const },
        ]),
    ...(rule ? [{ key: 'active', label: t('active'), kind: 'check' as const }] : []),
  ]
  const start: Values = rule
    ? { name: rule.name, member: rule.member, modalities: rule.modalities.join(' '), calling: rule.calling, address: rule.address, port: String(rule.port), called_ae: rule.called_ae, tls: rule.tls, url: rule.url, active: rule.active }
    : { port: '104' }
  return (
    <FormDialog testid="forward-form" title={rule ? rule.name : `${d('forwardAdd')} · ${d(kind === 'web' ? 'kindWeb' : 'kindDicom')}`} verb={t('save')} fields={fields} start={start} onClose={props.onClose}
      onSend={async (v) => {
        const text = (key: string) => String(v[key] ?? '').trim()
        const body = {
          name: text('name'), kind, modalities: text('modalities').toUpperCase().split(/[\s,，、]+/).filter(Boolean), calling: text('calling'), active: rule ? v['active'] === true : true,
          ...(kind === 'web' ? { url: text('url'), ...(text('token') ? { token: text('token') } : {}) } : { address: text('address'), port: Number(v['port']), called_ae: text('called_ae'), tls: v['tls'] === true }),
        }
        if (rule) await send('PUT', forwardPath(rule.id), body)
        else await send('POST', '/api/v1/routes', { ...body, member: v['member'] })
        toast(t('saved'), 'good')
        props.onSaved()
      }} />
  )
}

function Jobs(props: { of: Forward; onClose(): void }) {
  const jobs = useList(() => list<ForwardJob>(forwardPath(props.of.id, '/jobs')))
  const [fault, setFault] = useState<unknown>(null)
  const retry = () => {
    setFault(null)
    retryForward(props.of.id).then(({ studies }) => {
      toast(d('retried', { n: studies }), 'good')
      jobs.reload()
    }, setFault)
  }
  return (
    <Dialog wide only testid="forward-jobs" title={`${d('jobs')} · ${props.of.name}`} verb={d('close')} onDo={props.onClose} onClose={props.onClose}
      more={<button type="button" class="btn" onClick={retry} data-testid="forward-retry">{d('retry')}</button>}>
      {(fault ?? jobs.fault) !== null && <ProblemNote fault={fault ?? jobs.fault} onRetry={jobs.reload} />}
      {jobs.rows === null ? <Skeleton /> : jobs.rows.length === 0 ? <Blank title={d('jobsNone')} /> : (
        <div class="scroll" tabIndex={0} role="region" aria-label={d('jobs')}>
          <Table testid="forward-jobs-table" rows={jobs.rows} id={(j) => j.id} columns={[
            { key: 'state', head: d('state'), width: '80px', cell: (j) => <span class={`mark ${j.state === 'done' ? 'good' : j.state === 'failed' ? 'bad' : 'warn'}`}>{d(`state_${j.state}`)}</span> },
            { key: 'at', head: d('began'), width: '160px', cell: (j) => <span class="num">{stamp(j.created_at)}</span> },
            { key: 'n', head: t('instances'), width: '90px', right: true, cell: (j) => <span class="num">{d('sentOf', { n: j.sent, m: j.instances })}</span> },
            { key: 'why', head: t('reason'), cell: (j) => <span class="wrapped">{says(j)}</span> },
          ]} />
        </div>
      )}
    </Dialog>
  )
}

function says(j: ForwardJob): string {
  if (j.state === 'done') return stamp(j.done_at)
  return [j.error, j.tries ? d('attempts', { n: j.tries }) : '', j.state === 'waiting' && j.tries ? d('nextTry', { at: stamp(j.next_at).slice(5) }) : ''].filter(Boolean).join(' · ')
}
