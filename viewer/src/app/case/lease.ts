import { useEffect } from 'preact/hooks'
import { Problem } from '../../load/problem'
import { act, getTask } from '../../load/tasks'
import { put } from '../worklist/store'

/** The lease lasts two minutes; a live page renews it this often. */
const renewMs = 30_000

/** Keeps a case in the hands of this page as long as the page lives. */
export function useLease(task: string, claim: number, on: boolean): void {
  useEffect(() => {
    if (!on) return
    const renew = () => {
      act(task, 'renew', { claim }).catch(async (refusal: unknown) => {
        // Somebody else holds it now: show the case as it is.
        if (refusal instanceof Problem && !refusal.passing) put(await getTask(task))
      }).catch(() => {})
    }
    const timer = setInterval(renew, renewMs)
    return () => clearInterval(timer)
  }, [task, claim, on])
}
