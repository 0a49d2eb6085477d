import { useEffect, useState } from 'preact/hooks'
import { account, resume } from '../load/session'
import { Login } from './login/page'
import { ProblemNote, Skeleton } from './parts/blank'
import { Shell } from './shell'

/** Decides between login and the program; asks the hub first. */
export function Root() {
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
