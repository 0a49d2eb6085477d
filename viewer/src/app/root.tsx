import type { ComponentType } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { account, resume } from '../load/session'
import { Login } from './login/page'
import { ProblemNote, Skeleton } from './parts/blank'
import { path } from './router'
import { Shell } from './shell'

// One-time links: whoever follows one has no account yet.
const linked = ['/setup', '/password']

/** Decides between login and the program; asks the hub first. */
export function Root() {
  return linked.includes(path.value) ? <Linked /> : <Known />
}

function Linked() {
  const [Page, setPage] = useState<{ page: ComponentType } | null>(null)
  const [fault, setFault] = useState<unknown>(null)
  const load = () => {
    setFault(null)
    import('./admin/public').then((m) => setPage({ page: m.default }), setFault)
  }
  useEffect(load, [])
  if (fault !== null) return <main class="page"><div class="inner"><ProblemNote fault={fault} onRetry={load} /></div></main>
  return Page ? <Page.page /> : <main class="page"><div class="inner"><Skeleton /></div></main>
}

function Known() {
  const [fault, setFault] = useState<unknown>(null)
  const ask = () => {
    setFault(null)
    resume().catch(setFault)
  }
  useEffect(ask, [])
  if (fault !== null) {
    return <main class="page"><div class="inner"><ProblemNote fault={fault} onRetry={ask} /></div></main>
  }
  if (account.value === undefined) return <main class="page"><div class="inner"><Skeleton /></div></main>
  return account.value === null ? <Login /> : <Shell />
}
