import type { ComponentChildren } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { list, type Member } from '../../load/admin'
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

/** The name of an institution by its code; the code itself where there is none. */
export function nameIn(members: readonly Member[], code: string): string {
  return members.find((m) => m.code === code)?.name ?? code
}

/** Names of institutions by code, for pages that do not list them otherwise. */
export function useMemberNames(): (code: string) => string {
  const members = useList(() => list<Member>('/api/v1/members'))
  return (code) => nameIn(members.rows ?? [], code)
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
  const { rows: all, fault, reload } = props.list
  const [text, setText] = useState('')
  const q = text.trim().toLowerCase()
  // What is stored and what is shown: a clinic is found by its code and by its name.
  const said = (r: R) => [JSON.stringify(r), ...props.columns.map((c) => c.cell(r)).filter((x) => typeof x === 'string')].join(' ').toLowerCase()
  const rows = (all ?? []).filter((r) => q === '' || said(r).includes(q))
  return (
    <section class="stack register" data-testid={props.testid}>
      <div class="line wrap">
        <h1 class="grow">{props.title} {all && <span class="quiet num">{all.length}</span>}</h1>
        {(all?.length ?? 0) > 10 && <input class="input find" type="search" value={text} placeholder={t('find')} aria-label={t('find')} onInput={(e) => setText(e.currentTarget.value)} data-testid="find" />}
        {props.actions}
      </div>
      {props.help && <p class="quiet">{props.help}</p>}
      {fault !== null && <ProblemNote fault={fault} onRetry={reload} />}
      <div class="panel scroll" tabIndex={0} role="region" aria-label={props.title}>
        {all === null ? fault === null && <Skeleton /> : rows.length === 0 ? <Blank title={q ? t('nothingFound', { q: text.trim() }) : props.none} /> : (
          <Table testid={`${props.testid}-table`} columns={props.columns} rows={rows} id={props.id} {...(props.dim ? { dim: props.dim } : {})} {...(props.onOpen ? { onOpen: props.onOpen } : {})} />
        )}
      </div>
      {props.children}
    </section>
  )
}
