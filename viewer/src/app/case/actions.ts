import { act, type TaskAction } from '../../load/tasks'
import type { Task } from '../../load/types'
import { type CaseText, t } from '../../text/case'
import { toast, toastFault } from '../parts/toast'
import { navigate } from '../router'
import { put } from '../worklist/store'
import { takeNext } from '../worklist/take'
import type { DraftBox } from './draft'
import { autoNext } from './pref'

/** Actions after which this person has nothing left to do with the case. */
const finishing: readonly TaskAction[] = ['submit', 'sign', 'approve', 'return', 'reject', 'transfer', 'escalate']

/**
 * Does an action: what was typed is saved first, the result is told, and the
 * next case opens where that is wished; `to` names who has it then. False when
 * the hub refused.
 */
export async function perform(task: Task, action: TaskAction, body: Record<string, unknown>, box: DraftBox | null, to = ''): Promise<boolean> {
  try {
    if (box) await (needsReport(action) ? box.ensure() : box.flush().catch(() => {}))
    const after = await act(task.id, action, body)
    // An addendum answers with itself: the task has not changed.
    if (after.id === task.id) put(after)
  } catch (refusal) {
    toastFault(refusal)
    return false
  }
  box?.forget()
  const key = `done_${action}`
  if (isText(key)) toast(t(key, { member: task.member_name, to }), 'good')
  if (action === 'release') navigate('/worklist')
  else if (finishing.includes(action)) await goOn(task.id)
  return true
}

function needsReport(action: TaskAction): boolean {
  return action === 'submit' || action === 'sign' || action === 'preliminary' || action === 'approve'
}

const texts = new Set<string>(['done_submit', 'done_sign', 'done_approve', 'done_preliminary', 'done_return', 'done_reject', 'done_release', 'done_transfer', 'done_escalate', 'done_void', 'done_waive', 'done_addendum'])

function isText(key: string): key is CaseText {
  return texts.has(key)
}

async function goOn(from: string): Promise<void> {
  if (autoNext.peek() && (await takeNext(from))) return
  navigate('/worklist')
}
