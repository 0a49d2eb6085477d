import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import { hubNow } from '../../load/api'
import { account, hasRole } from '../../load/session'
import type { Task } from '../../load/types'
import { language } from '../../text/catalogue'
import { t } from '../../text/worklist'
import { now } from '../clock'
import { useKeys } from '../keys'
import { Blank, ProblemNote, Skeleton } from '../parts/blank'
import { Icon } from '../parts/icon'
import { Table } from '../parts/table'
import { useAnchor } from './anchor'
import { columns } from './columns'
import { belongs, byNewest, byQueue, chips, fits, settle, step, type Chip } from './queue'
import { fault, finishedReady, fresh, loadFinished, own, ready, reload, tasks, watch } from './store'
import { take, takeNext } from './take'
import '../../style/worklist.css'

/** Rows that no longer belong leave after this long, once the pointer is away. */
const lingerMs = 8000
/** A click this soon after rows moved may have been meant for another row. */
const steadyMs = 350

// Coming back from a case, the list is as it was left.
let lastChip: Chip | null = null
let lastSearch = ''
let lastSelected: string | null = null

/** The reading room's worklist: live, ordered by urgency, one key to the next case. */
export default function Worklist() {
  const [chip, setChip] = useState<Chip>(lastChip ?? (hasRole('reviewer') ? 'review' : 'waiting'))
  const [search, setSearch] = useState(lastSearch)
  const [selected, setSelected] = useState<string | null>(lastSelected)
  const box = useRef<HTMLInputElement>(null)
  lastChip = chip
  lastSearch = search
  lastSelected = selected
  useEffect(watch, [])
  useEffect(() => {
    if (chip === 'issued') void loadFinished()
  }, [chip])

  const list = useRows(chip, search)
  const anchor = useAnchor(list.rows)
  const openRow = (row: Task) => {
    if (Date.now() - anchor.movedAt() < steadyMs) return
    setSelected(row.id)
    void take(row)
  }
  const move = (by: number) => {
    const id = step(list.rows.map((r) => r.id), selected, by)
    setSelected(id)
    anchor.reveal(id)
  }
  const changeChip = (to: Chip) => {
    setChip(to)
    setSelected(null)
  }
  useKeys({
    title: t('worklist'),
    keys: [
      { on: 'n', says: t('keyNext'), do: () => void takeNext() },
      { on: 'Enter', says: t('keyOpen'), do: () => { const r = list.rows.find((x) => x.id === selected); if (r) void take(r) } },
      { on: 'ArrowDown', says: t('keyDown'), do: () => move(1) },
      { on: 'ArrowUp', says: t('keyUp'), do: () => move(-1) },
      { on: '/', says: t('keySearch'), do: () => box.current?.focus() },
      ...chips.map((c, i) => ({ on: String(i + 1), says: `${t('keyChips')}: ${t(`chip_${c}`)}`, do: () => changeChip(c) })),
    ],
  })
  return (
    <div class="worklist" data-testid="worklist">
      <div class="tools">
        <Chips chip={chip} onChange={changeChip} />
        <label class="search">
          <Icon name="search" />
          <input class="input" ref={box} type="search" value={search} placeholder={t('search')} aria-label={t('search')}
            onInput={(e) => setSearch(e.currentTarget.value)} onKeyDown={(e) => { if (e.key === 'Escape') { setSearch(''); e.currentTarget.blur() } }}
            data-testid="worklist-search" />
        </label>
        <button class="btn primary end" onClick={() => void takeNext()} data-testid="next-case">{t('next')} <kbd>N</kbd></button>
      </div>
      {fault.value && <div class="note"><ProblemNote fault={fault.value} onRetry={() => void reload()} /></div>}
      <div class="rows panel" tabIndex={0} role="region" aria-label={t('worklist')} {...anchor.props}>
        {!ready.value || (chip === 'issued' && !finishedReady.value) ? (
          !fault.value && <Skeleton lines={10} />
        ) : list.rows.length === 0 ? (
          <Empty chip={chip} search={search} onClear={() => setSearch('')} />
        ) : (
          <Table testid="worklist-table" columns={columns(chip)} rows={list.rows} id={(r) => r.id} selected={selected} onOpen={openRow}
            onPoint={(r) => setSelected(r.id)} dim={list.dim} fresh={(r) => fresh.value.has(r.id)} />
        )}
      </div>
    </div>
  )
}

function Chips(props: { chip: Chip; onChange(c: Chip): void }) {
  const me = account.value?.login ?? ''
  const all = own.value
  return (
    <div class="chips" role="group">
      {chips.map((c) => {
        const n = all.filter((x) => belongs(x, c, me)).length
        const counted = c !== 'issued' || finishedReady.value
        return (
          <button key={c} class="chip" aria-pressed={props.chip === c} onClick={() => props.onChange(c)} data-testid={`chip-${c}`}>
            {t(`chip_${c}`)}
            {counted && <span class={`count num${c === 'emergency' && n > 0 ? ' alarm' : ''}`} data-testid={`chip-${c}-count`}>{n}</span>}
          </button>
        )
      })}
      <Overdue tasks={all} />
    </div>
  )
}

function Overdue(props: { tasks: readonly Task[] }) {
  const late = props.tasks.filter((x) => x.state === 'queued' && x.due && Date.parse(x.due) < now.value).length
  if (late === 0) return null
  return <span class="mark bad" data-testid="overdue"><Icon name="clock" size={12} />{t('overdue', { n: late })}</span>
}

function Empty(props: { chip: Chip; search: string; onClear(): void }) {
  if (props.search.trim() !== '') {
    return (
      <Blank title={t('searchNone', { q: props.search.trim() })}>
        <button class="btn" onClick={props.onClear} data-testid="search-clear">{t('searchClear')}</button>
      </Blank>
    )
  }
  return <Blank title={t(`empty_${props.chip}`)}><p>{t(props.chip === 'mine' ? 'emptyMineHelp' : 'emptyHelp')}</p></Blank>
}

/** The rows of a chip, in an order that does not jump while it is looked at. */
function useRows(chip: Chip, search: string): { rows: Task[]; dim(r: Task): boolean } {
  const me = account.value?.login ?? ''
  const shown = useRef<{ key: string; ids: string[] }>({ key: '', ids: [] })
  const [, tick] = useState(0)
  const all = tasks.value
  const key = `${chip}\n${search}\n${language.value}\n${ready.value}\n${finishedReady.value}`
  const wanted = useMemo(() => {
    const list = own.peek().filter((x) => belongs(x, chip, me) && fits(x, search))
    list.sort(chip === 'issued' ? byNewest : byQueue(hubNow()))
    return list.map((x) => x.id)
  }, [all, key, me])
  shown.current = shown.current.key === key ? { key, ids: settle(shown.current.ids, wanted, false) } : { key, ids: wanted }
  const gone = shown.current.ids.length - wanted.length
  useEffect(() => {
    if (gone <= 0) return
    const timer = setInterval(() => {
      if (document.querySelector('.worklist .rows:hover')) return
      shown.current = { ...shown.current, ids: settle(shown.current.ids, wanted, true) }
      tick((n) => n + 1)
    }, lingerMs)
    return () => clearInterval(timer)
  }, [gone, wanted])
  const rows = shown.current.ids.map((id) => all.get(id)).filter((x): x is Task => x !== undefined)
  const belonging = new Set(wanted)
  return { rows, dim: (r) => !belonging.has(r.id) || (r.state === 'claimed' && r.holder !== me) }
}
