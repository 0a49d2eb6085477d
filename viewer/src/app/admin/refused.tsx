import type { Member } from '../../load/admin'
import type { Stranger } from '../../load/devices'
import { t } from '../../text/admin'
import { d } from '../../text/devices'
import { stamp } from '../clock'
import { ProblemNote } from '../parts/blank'
import { Table } from '../parts/table'
import { type Listed, nameIn } from './register'

/** Callers the hub did not accept, each a click away from being a device. */
export function Refused(props: { list: Listed<Stranger>; members: readonly Member[]; onTake(s: Stranger): void }) {
  const { rows, fault, reload } = props.list
  return (
    <section class="stack register" data-testid="refused">
      <h2>{d('refused')} {rows && <span class="quiet num">{rows.length}</span>}</h2>
      <p class="quiet">{rows?.length === 0 ? d('refusedNone') : d('refusedHelp')}</p>
      {fault !== null && <ProblemNote fault={fault} onRetry={reload} />}
      {rows && rows.length > 0 && (
        <div class="panel scroll" tabIndex={0} role="region" aria-label={d('refused')}>
          <Table testid="refused-table" rows={rows} id={(s) => `${s.ae_title}@${s.address}`} columns={[
            { key: 'ae', head: t('aeTitle'), width: '170px', cell: (s) => s.ae_title },
            { key: 'address', head: t('address'), width: '150px', cell: (s) => <span class="num">{s.address}</span> },
            { key: 'why', head: t('reason'), cell: (s) => <span>{d(`reason_${s.reason}`)}{s.reason === 'called' && <span class="quiet"> {s.called}</span>}</span>, title: (s) => s.client },
            { key: 'member', head: t('member'), width: '168px', cell: (s) => (s.member ? nameIn(props.members, s.member) : '—'), title: (s) => s.member },
            { key: 'n', head: d('times'), width: '70px', right: true, cell: (s) => <span class="num">{s.count}</span> },
            { key: 'first', head: d('since'), width: '150px', cell: (s) => <span class="num">{stamp(s.first_at)}</span> },
            { key: 'last', head: t('lastSeen'), width: '150px', cell: (s) => <span class="num">{stamp(s.last_at)}</span> },
            { key: 'do', head: '', width: '90px', right: true, cell: (s) => s.reason !== 'called' && <button type="button" class="btn small" onClick={() => props.onTake(s)} data-testid="refused-register">{d(s.member ? 'correct' : 'register')}</button> },
          ]} />
        </div>
      )}
    </section>
  )
}
