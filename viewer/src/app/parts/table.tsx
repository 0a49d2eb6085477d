import type { ComponentChildren } from 'preact'

export interface Column<R> {
  key: string
  head: string
  /** CSS width; the column without one takes what is left. */
  width?: string
  right?: boolean
  cell(row: R): ComponentChildren
  /** Full text for the tooltip of a cell that may be cut. */
  title?(row: R): string
}

export interface TableProps<R> {
  columns: readonly Column<R>[]
  rows: readonly R[]
  id(row: R): string
  testid: string
  selected?: string | null
  /** Opens a row by click or by Enter. */
  onOpen?(row: R): void
  onPoint?(row: R): void
  /** Quieter: somebody else has it. */
  dim?(row: R): boolean
  /** Just arrived: lights up for a moment. */
  fresh?(row: R): boolean
}

/** A dense table; rows are 28 or 32 px high by theme. */
export function Table<R>(props: TableProps<R>) {
  return (
    <table class="table" data-testid={props.testid}>
      <colgroup>
        {props.columns.map((c) => <col key={c.key} style={c.width ? { width: c.width } : {}} />)}
      </colgroup>
      <thead>
        <tr>{props.columns.map((c) => <th key={c.key} class={c.right ? 'right' : ''} scope="col">{c.head}</th>)}</tr>
      </thead>
      <tbody>{props.rows.map((r) => <Row key={props.id(r)} row={r} table={props} />)}</tbody>
    </table>
  )
}

function Row<R>(props: { row: R; table: TableProps<R> }) {
  const { row, table } = props
  const id = table.id(row)
  const look = [table.onOpen ? 'open' : '', table.dim?.(row) ? 'dim' : '', table.fresh?.(row) ? 'fresh' : ''].filter(Boolean).join(' ')
  return (
    <tr class={look} data-testid={`${table.testid}-row`} data-id={id} aria-selected={table.selected === id}
      onClick={() => table.onOpen?.(row)} onPointerDown={() => table.onPoint?.(row)}>
      {table.columns.map((c) => (
        <td key={c.key} class={c.right ? 'right' : ''} title={c.title?.(row) ?? ''}>{c.cell(row)}</td>
      ))}
    </tr>
  )
}
