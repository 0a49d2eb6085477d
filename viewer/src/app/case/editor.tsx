import type { Draft } from '../../load/reports'
import { isEcg, type Report, type Task } from '../../load/types'
import { t } from '../../text/case'
import { Choice, Field } from '../parts/field'
import { Icon } from '../parts/icon'
import type { DialogName } from './dialogs'
import type { DraftBox } from './draft'
import { Diff } from './written'

/** The grades of a kind, the best first. */
export function grades(kind: Task['kind']): readonly string[] {
  return isEcg(kind) ? ['ok', 'fair', 'poor'] : ['A', 'B', 'C', 'reject']
}

/** The word of a grade. */
export function gradeWord(g: string): string {
  switch (g) {
    case 'A': case 'B': case 'C': case 'reject': case 'ok': case 'fair': case 'poor':
      return t(`grade_${g}`)
    default:
      return g
  }
}

export interface EditorProps {
  box: DraftBox
  task: Task
  review: boolean
  before: Report | null
  onDialog(d: DialogName): void
}

/** The fields of a report while it is written or reviewed. */
export function Editor(props: EditorProps) {
  const { box, task } = props
  const d = box.draft.value
  const set = (part: Partial<Draft>) => box.change(part)
  return (
    <div class="write" data-testid="editor">
      <div class="line">
        <h3>{props.review ? t('review') : t('report')}</h3>
        {props.review && <span class="quiet clip">{t('reviewHint')}</span>}
        <button type="button" class="btn small end" onClick={() => props.onDialog('template')} title={`${t('key_template')} (T)`} data-testid="open-templates">
          {t('template')} <kbd>T</kbd>
        </button>
      </div>
      {!props.review && props.before?.diff && props.before.diff.length > 0 && <Diff changes={props.before.diff} />}
      <label class="field tall">
        <span class="label">{isEcg(task.kind) ? t('findingsEcg') : t('findings')}</span>
        <textarea class="input" value={d.findings} onInput={(e) => set({ findings: e.currentTarget.value })} data-testid="findings" data-first />
      </label>
      <label class="field mid">
        <span class="label">{t('impression')}</span>
        <textarea class="input" value={d.impression} onInput={(e) => set({ impression: e.currentTarget.value })} data-testid="impression" />
      </label>
      <label class="field low">
        <span class="label">{t('recommendation')}</span>
        <textarea class="input" value={d.recommendation} placeholder={t('recommendationHint')} onInput={(e) => set({ recommendation: e.currentTarget.value })} data-testid="recommendation" />
      </label>
      <div class="line">
        <button type="button" class="btn small" aria-pressed={d.positive} onClick={() => set({ positive: !d.positive })} title="P" data-testid="positive">
          {d.positive && <Icon name="check" size={12} />}{t('positive')}
        </button>
        <button type="button" class="btn small critical" aria-pressed={d.critical} onClick={() => props.onDialog('critical')} title="C" data-testid="critical">
          <Icon name="warn" size={12} />{d.critical ? t('criticalSent') : t('critical')}
        </button>
      </div>
      <Field label={isEcg(task.kind) ? t('gradeEcg') : t('grade')}>
        <Choice label={t('grade')} value={d.grade} options={grades(task.kind).map((g) => [g, gradeWord(g)] as const)} onChange={(grade) => set({ grade })} testid="grade" />
      </Field>
    </div>
  )
}
