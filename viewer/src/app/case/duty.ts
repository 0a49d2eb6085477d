import type { Account, Task } from '../../load/types'

/**
 * What the person at the screen is to a case: this decides what the panel
 * offers. The hub decides again on every action.
 */
export type Duty =
  | 'take' // it waits: may be claimed
  | 'write' // held by me
  | 'review' // written by another, waiting for me
  | 'recall' // written by me, not yet reviewed
  | 'watch' // somebody else's, or nothing to do
  | 'done' // issued: addendum, revision

export function dutyOf(t: Pick<Task, 'state' | 'holder' | 'writer'>, who: Pick<Account, 'login' | 'roles'>): Duty {
  const reads = who.roles.includes('reader') || who.roles.includes('reviewer')
  if (!reads) return 'watch'
  switch (t.state) {
    case 'queued':
      return who.roles.includes('reader') ? 'take' : 'watch'
    case 'claimed':
      return t.holder === who.login ? 'write' : 'watch'
    case 'written': {
      if (t.writer === who.login) return 'recall'
      return who.roles.includes('reviewer') ? 'review' : 'watch'
    }
    case 'issued':
    case 'delivered':
    case 'acknowledged':
      return 'done'
    default:
      return 'watch'
  }
}
