import { hubNow } from '../../load/api'
import { Problem } from '../../load/problem'
import { account, hasRole } from '../../load/session'
import { act } from '../../load/tasks'
import type { Task } from '../../load/types'
import { t } from '../../text/worklist'
import { toast, toastFault } from '../parts/toast'
import { navigate } from '../router'
import { byQueue, reads } from './queue'
import { own, put } from './store'

/** Opens a task; one that waits is claimed first. False when somebody else won. */
export async function take(task: Task): Promise<boolean> {
  if (task.state === 'queued' && hasRole('reader') && reads(task, account.peek()?.member.code ?? '')) {
    try {
      put(await act(task.id, 'claim'))
    } catch (refusal) {
      return lost(task, refusal)
    }
  }
  navigate(`/case/${task.id}`)
  return true
}

function lost(task: Task, refusal: unknown): boolean {
  if (!(refusal instanceof Problem) || refusal.code !== 'task.claimed') {
    toastFault(refusal)
    return false
  }
  const { holder, claim, holder_name: name } = refusal.more
  if (holder === account.peek()?.login) {
    // Claimed by this account already, in another window perhaps.
    put({ ...task, state: 'claimed', holder: String(holder), claim: typeof claim === 'number' ? claim : task.claim })
    navigate(`/case/${task.id}`)
    return true
  }
  put({ ...task, state: 'claimed', holder: String(holder ?? ''), holder_name: String(name ?? '') })
  toast(t('claimLost', { name: typeof name === 'string' && name !== '' ? name : t('someone') }))
  return false
}

/** The case to go on with: what this account may do next, most pressing first. */
export function nextTask(except?: string): Task | null {
  const me = account.peek()?.login ?? ''
  const all = own.peek().filter((x) => x.id !== except).sort(byQueue(hubNow()))
  const pick = (fits: (x: Task) => boolean) => all.find(fits) ?? null
  const review = hasRole('reviewer') ? pick((x) => x.state === 'written' && x.writer !== me) : null
  const waiting = hasRole('reader') || !review ? pick((x) => x.state === 'queued') : null
  return hasRole('reader') && !hasRole('reviewer') ? waiting : review ?? waiting
}

/** Takes the next case, going on to the following one while others win. */
export async function takeNext(except?: string): Promise<boolean> {
  const tried = new Set<string>()
  for (let n = 0; n < 5; n++) {
    const next = nextTask(except)
    if (!next || tried.has(next.id)) break
    tried.add(next.id)
    if (await take(next)) return true
  }
  if (tried.size === 0) toast(t('nextNone'))
  return false
}
