import { useEffect, useRef, useState } from 'preact/hooks'
import { addPhrase, listPhrases, listStatements, listTemplates, removePhrase, type Statement } from '../../load/reports'
import { isEcg, type Task, type Template } from '../../load/types'
import { comma } from '../../text/catalogue'
import { initials } from '../../text/pinyin'
import { t } from '../../text/case'
import { ProblemNote, Skeleton } from '../parts/blank'
import { Dialog } from '../parts/dialog'
import { Icon } from '../parts/icon'
import { toast, toastFault } from '../parts/toast'
import type { DraftBox } from './draft'

interface Entry extends Template {
  own: boolean
  statement?: Statement
}

/** A statement as an entry of the list: its words are the impression, its codes what it is found by. */
export function entryOf(s: Statement): Entry {
  return { id: `statement-${s.code}`, name: s.zh, findings: '', impression: s.zh, kind: 'ecg', modality: '', own: false, statement: s }
}

/** Adds a text to what is there; an empty field just takes it. */
export function append(old: string, more: string): string {
  if (more.trim() === '') return old
  return old.trim() === '' ? more : `${old.replace(/\s+$/, '')}\n${more}`
}

/** Whether a template belongs to the modality and fits what was typed. */
export function suits(x: Pick<Template, 'name' | 'modality'> & { statement?: Statement }, modality: string, typed: string): boolean {
  if (x.modality !== '' && modality !== '' && x.modality !== modality) return false
  const q = typed.trim().toLowerCase()
  const s = x.statement
  const known = s ? [s.code, s.en, s.scp ?? '', s.aha ? String(s.aha) : ''] : []
  return q === '' || [x.name, ...known].some((w) => w.toLowerCase().includes(q)) || initials(x.name).includes(q)
}

/** Templates of the alliance and the writer's own phrases; a digit takes one. */
export function TemplateDialog(props: { task: Task; box: DraftBox; onClose(): void }) {
  const { task, box, onClose } = props
  const [all, setAll] = useState<Entry[] | null>(null)
  const [fault, setFault] = useState<unknown>(null)
  const [typed, setTyped] = useState('')
  const [name, setName] = useState('')
  const [taken, setTaken] = useState<readonly string[]>([])
  const input = useRef<HTMLInputElement>(null)
  const load = () => {
    setFault(null)
    Promise.all([listTemplates(task.kind), listPhrases(), isEcg(task.kind) ? listStatements() : []]).then(([a, b, c]) => {
      const own = b.filter((x) => x.kind === task.kind || !x.kind)
      setAll([...own.map((x) => ({ ...x, own: true })), ...a.map((x) => ({ ...x, own: false })), ...c.map(entryOf)])
    }, setFault)
  }
  useEffect(load, [task.kind])
  const list = (all ?? []).filter((x) => suits(x, task.modality, typed))
  const take = (x: Entry | undefined) => {
    if (!x) return
    const d = box.draft.peek()
    const grade = x.statement?.grade
    box.change({ findings: append(d.findings, x.findings), impression: append(d.impression, x.impression), ...(grade === 'abnormal' || grade === 'critical' ? { positive: true } : {}) })
    // An ECG's impression is several statements: the list stays for the next.
    if (!x.statement) return onClose()
    setTaken((n) => [...n, x.name])
    setTyped('')
    input.current?.focus()
  }
  const keep = async () => {
    const d = box.draft.peek()
    try {
      const made = await addPhrase({ name: name.trim(), findings: d.findings, impression: d.impression, kind: task.kind, modality: task.modality })
      setAll((old) => [{ ...made, own: true }, ...(old ?? [])])
      toast(t('phraseKept', { name: name.trim() }), 'good')
      setName('')
    } catch (refusal) {
      toastFault(refusal)
    }
  }
  const drop = (x: Entry) => removePhrase(x.id).then(() => setAll((old) => (old ?? []).filter((y) => y.id !== x.id)), toastFault)
  const onKey = (e: KeyboardEvent) => {
    if (typed !== '' || e.target !== input.current || !/^[1-9]$/.test(e.key) || e.ctrlKey) return
    e.preventDefault()
    take(list[Number(e.key) - 1])
  }
  return (
    <Dialog title={t('templates')} verb={t('templateUse')} onDo={() => take(list[0])} onClose={onClose} blocked={list.length === 0} wide testid="template-dialog">
      <input class="input" ref={input} autofocus value={typed} placeholder={t('templateFilter')} aria-label={t('templateFilter')} onKeyDown={onKey}
        onInput={(e) => setTyped(e.currentTarget.value)} data-testid="template-filter" />
      {fault ? <ProblemNote fault={fault} onRetry={load} /> : !all ? <Skeleton lines={4} /> : list.length === 0 ? <p class="quiet">{t('templatesNone')}</p> : (
        <div class="picklist" data-testid="template-list">
          {list.map((x, i) => (
            <div key={x.id} class="pick" role="button" tabIndex={0} onClick={() => take(x)} onKeyDown={(e) => { if (e.key === 'Enter') { e.preventDefault(); take(x) } }} data-testid="template">
              {i < 9 ? <kbd>{i + 1}</kbd> : <span />}
              <strong>{x.name}</strong>
              <span class="clip quiet" title={`${x.findings}\n${x.impression}`}>{x.statement ? x.statement.en : x.impression || x.findings}</span>
              {x.own ? (
                <button type="button" class="btn plain small" aria-label={t('phraseRemove')} title={t('phraseRemove')} onClick={(e) => { e.stopPropagation(); void drop(x) }} data-testid="phrase-remove"><Icon name="cross" size={12} /></button>
              ) : x.statement ? <span class={x.statement.grade === 'critical' ? 'critword' : 'quiet'}>{x.statement.item ? `${x.statement.item} ` : ''}{x.statement.scp || x.statement.code}</span> : <span class="quiet">{t('alliance')}</span>}
            </div>
          ))}
        </div>
      )}
      {taken.length > 0 && <p data-testid="statements-taken"><span class="quiet">{t('statementsTaken')}</span> {taken.join(comma.value)}</p>}
      <div class="line">
        <input class="input" value={name} placeholder={t('phraseName')} aria-label={t('phraseName')} onInput={(e) => setName(e.currentTarget.value)} data-testid="phrase-name"
          onKeyDown={(e) => { if (e.key === 'Enter') { e.preventDefault(); if (name.trim()) void keep() } }} />
        <button type="button" class="btn" disabled={name.trim() === '' || (box.draft.value.findings + box.draft.value.impression).trim() === ''} onClick={() => void keep()} data-testid="phrase-add">{t('phraseAdd')}</button>
      </div>
    </Dialog>
  )
}
