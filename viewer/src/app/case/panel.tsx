import type { Prior, Task } from '../../load/types'
import { t } from '../../text/case'
import { ProblemNote, Skeleton } from '../parts/blank'
import { Editor } from './editor'
import { Foot } from './foot'
import { Priors } from './priors'
import { Written } from './written'
import type { Case } from './usecase'
import type { DialogName } from './dialogs'

export interface PanelProps {
  at: Case
  task: Task
  compared: string | null
  onCompare(p: Prior | null): void
  onDialog(d: DialogName): void
  onPrimary(): void
}

/** The report beside the picture, never over it. */
export function Panel(props: PanelProps) {
  const { at, task } = props
  const history = [task.symptom, task.history].filter(Boolean).join('；')
  return (
    <aside class="reportpanel" data-testid="report-panel" data-duty={at.duty}>
      <div class="scroll">
        <div>
          <span class="quiet">{t('history')}　</span>
          <span data-testid="history">{history || <span class="quiet">{t('noHistory')}</span>}</span>
          {task.purpose && <div><span class="quiet">{t('purpose')}　</span>{task.purpose}</div>}
        </div>
        {at.ours && <Priors task={task.id} compared={props.compared} onCompare={props.onCompare} />}
        {at.fault ? <ProblemNote fault={at.fault} onRetry={at.retry} /> : null}
        {at.box
          ? <Editor box={at.box} task={task} review={at.duty === 'review'} onDialog={props.onDialog} before={at.report} />
          : at.duty === 'write' || at.duty === 'review' ? !at.fault && <Skeleton /> : (at.ours || at.report) && <Written task={task} report={at.report} onDialog={props.onDialog} />}
      </div>
      <Foot at={at} task={task} onDialog={props.onDialog} onPrimary={props.onPrimary} />
    </aside>
  )
}
