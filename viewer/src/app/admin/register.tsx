import type { ComponentChildren } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { t } from '../../text/admin'
import { Blank, ProblemNote, Skeleton } from '../parts/blank'
import { type Column, Table } from '../parts/table'
import '../../style/admin.css'

/** A list that an administrator reads and changes. */
export interface Listed<R> {
  rows: readonly R[] | null
  fault: unknown
  reload(): void
}

/** Reads a list and reads it again on demand. */
export function useList<R>(read: () => Promise<R[]>, keys: readonly unknown[] = []): Listed<R> {
  const [rows, setRows] = useState<readonly R[] | null>(null)
  const [fault, setFault] = useState<unknown>(null)
  const reload = () => {
    setFault(null)
    read().then(setRows, setFault)
  }
  useEffect(reload, keys)
  return { rows, fault, reload }
}

export interface RegisterProps<R> {
  title: string
  help?: string
  list: Listed<R>
  columns: readonly Column<R>[]
  id(r: R): string
  testid: string
  none: string
  /** Buttons at the right of the title. */
  actions?: ComponentChildren
  dim?(r: R): boolean
  onOpen?(r: R): void
  children?: ComponentChildren
}

/** Title, what may be done, the table, and its empty, loading and failed states. */
export function Register<R>(props: RegisterProps<R>) {
  const { list } = props
  const [text, setText] = useState('')
  const q = text.trim().toLowerCase()
  const rows = (list.rows ?? []).filter((r) => q === '' || JSON.stringify(r).toLowerCase().includes(q))
  return (
    <section class="stack register" data-testid={props.testid}>
      <div class="line wrap">
        <h1 class="grow">{props.title} {list.rows && <span class="quiet num">{list.rows.length}</span>}</h1>
        {(list.rows?.length ?? 0) > 10 && <input class="input find" type="search" value={text} placeholder={t('find')} aria-label={t('find')} onInput={(e) => setText(e.currentTarget.value)} data-testid="find" />}
        {props.actions}
      </div>
      {props.help && <p class="quiet">{props.help}</p>}
      {list.fault !== null && <ProblemNote fault={list.fault} onRetry={list.reload} />}
      <div class="panel scroll" tabIndex={0} role="region" aria-label={props.title}>
        {list.rows === null ? list.fault === null && <Skeleton /> : rows.length === 0 ? <Blank title={q ? t('nothingFound', { q: text.trim() }) : props.none} /> : (
          <Table testid={`${props.testid}-table`} columns={props.columns} rows={rows} id={props.id} {...(props.dim ? { dim: props.dim } : {})} {...(props.onOpen ? { onOpen: props.onOpen } : {})} />
        )}
      </div>
      {props.children}
    </section>
  )
}
