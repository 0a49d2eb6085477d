import { signal } from '@preact/signals'
import { useRef, useState } from 'preact/hooks'
import { isEcg, type Kind } from '../../load/types'
import { chosen, dropped, type Group, group, type Picked, type Sniffed } from '../../load/uploadgroup'
import { type Head, headBytes, readHead } from '../../load/uploadhead'
import { uploads } from '../../load/uploadqueue'
import { t } from '../../text/clinic'
import { Icon } from '../parts/icon'
import { toast } from '../parts/toast'
import { PhotoDialog } from './photodialog'

/** The order that what is chosen next belongs to; null lets the hub match it. */
export const target = signal<{ order: string; label: string; kind: Kind | '' } | null>(null)

async function sniff(picked: Picked): Promise<Sniffed> {
  const start = new Uint8Array(await picked.file.slice(0, headBytes).arrayBuffer())
  return { picked, head: readHead(start), start }
}

/** What an exam is called before the hub has read it. */
export function titleOf(h: Head | null, path: string): string {
  return h ? [h.modality, h.description].filter(Boolean).join(' ') || path : path.split('/').pop() ?? path
}

/** Takes files, folders and CDs by drop or by choice. */
export function DropZone(props: { reading: number; onReading(n: number): void }) {
  const [over, setOver] = useState(false)
  // Each choice gets an input of its own: emptying one that is still being
  // read would take its files away.
  const [picks, setPicks] = useState(0)
  const [pictures, setPictures] = useState<readonly Group[]>([])
  const files = useRef<HTMLInputElement>(null)
  const folder = useRef<HTMLInputElement>(null)
  const send = (groups: readonly Group[], more = false) => {
    for (const g of groups) uploads.add(g, target.value?.order ?? '', titleOf(g.head, g.key))
    if (groups.length > 0 && !more) target.value = null
  }
  const take = async (picking: Promise<Picked[]> | Picked[]) => {
    try {
      const rest = uploads.adopt(await picking)
      props.onReading(rest.length)
      const heads: Sniffed[] = []
      for (const picked of rest) heads.push(await sniff(picked))
      const { groups, pictures: maybe, left } = group(heads)
      // Whoever sends a picture to an ECG's order has said what it is.
      const sure = target.value?.kind && isEcg(target.value.kind) ? maybe : []
      if (sure.length < maybe.length) setPictures(maybe)
      send([...groups, ...sure], sure.length < maybe.length)
      if (left > 0) toast(t('leftOut', { n: left }))
    } catch {
      // The browser lost the files: a CD taken out, a folder moved.
      toast(t('unreadable'), 'bad')
    }
    props.onReading(0)
  }
  const pick = (e: { currentTarget: HTMLInputElement }) => {
    const list = e.currentTarget.files
    if (list && list.length > 0) void take(chosen(list))
    setPicks((n) => n + 1)
  }
  return (
    <section class={`dropzone panel${over ? ' over' : ''}`} data-testid="dropzone"
      onDragOver={(e) => { e.preventDefault(); setOver(true) }} onDragLeave={() => setOver(false)}
      onDrop={(e) => { e.preventDefault(); setOver(false); if (e.dataTransfer) void take(dropped(e.dataTransfer.items)) }}>
      {target.value && (
        <div class="line" data-testid="upload-target">
          <strong>{t('uploadFor', { name: target.value.label })}</strong>
          <button type="button" class="btn small plain" onClick={() => (target.value = null)} data-testid="upload-target-clear"><Icon name="cross" size={12} />{t('uploadForNone')}</button>
        </div>
      )}
      <div class="line wrap">
        <Icon name="up" size={24} />
        <span class="lead grow">{props.reading > 0 ? t('readingFiles', { n: props.reading }) : t('dropHere')}</span>
        <button type="button" class="btn primary big" onClick={() => files.current?.click()} data-testid="pick-files">{t('pickFiles')}</button>
        <button type="button" class="btn big" onClick={() => folder.current?.click()} data-testid="pick-folder">{t('pickFolder')}</button>
        <a class="btn big" href="/orders/new" data-testid="new-order">{t('newOrder')}</a>
      </div>
      <input key={`files${picks}`} ref={files} type="file" multiple hidden onChange={pick} data-testid="files-input" />
      {pictures.length > 0 && (
        <PhotoDialog pictures={pictures} onDo={() => { send(pictures); setPictures([]) }} onClose={() => { toast(t('picturesLeft', { n: pictures.length })); setPictures([]) }} />
      )}
      <input key={`folder${picks}`} ref={folder} type="file" multiple hidden {...{ webkitdirectory: true }} onChange={pick} data-testid="folder-input" />
    </section>
  )
}
